import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { at, listAt, textAt } from '../kit/answer.ts';
import { CREATE, envelope, file, type Input, PROBLEM, send, signer, VOID } from '../kit/envelopes.ts';
import { startTenant } from '../kit/tenant.ts';
import { issuesOf as faultsOf } from './issues.ts';

const tenant = await startTenant();
const { api, token, account } = tenant;
const issuesOf = (given: Input) => faultsOf(tenant, given);

const ODD = 'a\u200bb';
const NAMED = 'U+200B ZERO WIDTH SPACE at position 2 is not taken here.';
const place = { at: { document: 'lease', page: 1, x: 1, y: 1 } };
const withField = (field: Input): Input =>
  envelope(account, { recipients: [signer({ fields: [{ kind: 'TEXT', place, ...field }] })] });

describe('a character that nobody sees is refused by its name', () => {
  const parts = 'content.documents';
  test.each([
    ['subject', envelope(account, { subject: ODD })],
    ['externalId', envelope(account, { externalId: ODD })],
    ['metadata.0.key', envelope(account, { metadata: [{ key: ODD, value: 'x' }] })],
    [`${parts}.documents.1.key`, envelope(account, { documents: [file(), file({ key: ODD, filename: 'b.pdf' })] })],
    [`${parts}.documents.0.filename`, envelope(account, { documents: [file({ filename: ODD })] })],
    [`${parts}.recipients.0.key`, envelope(account, { recipients: [signer({ key: ODD })] })],
    [`${parts}.recipients.0.name`, envelope(account, { recipients: [signer({ name: ODD })] })],
    [`${parts}.recipients.0.fields.0.label`, withField({ label: ODD })],
  ])('in %s', async (path, given) => {
    expect(await issuesOf(given)).toEqual([
      { code: 'INVALID_FORMAT', path: `envelope.${path}`, message: NAMED, suggestion: 'ab' },
    ]);
  });

  test.each([
    ['message', envelope(account, { message: 'a\u202eb' })],
    ['metadata.0.value', envelope(account, { metadata: [{ key: 'k', value: 'a\u202eb' }] })],
    [`${parts}.recipients.0.fields.0.value`, withField({ value: 'a\u202eb' })],
  ])('in %s when it shows another text', async (path, given) => {
    const message = 'U+202E RIGHT-TO-LEFT OVERRIDE at position 2 is not taken here.';
    expect(await issuesOf(given)).toEqual([
      { code: 'INVALID_FORMAT', path: `envelope.${path}`, message, suggestion: 'ab' },
    ]);
  });

  test('in an address that a document is fetched from', async () => {
    const source = { url: 'https://files.example/a\u200bb.pdf' };
    expect(await issuesOf(envelope(account, { documents: [file({ source })] }))).toMatchObject([
      { code: 'URL_REFUSED', message: 'This address has U+200B ZERO WIDTH SPACE at position 24.' },
    ]);
  });

  test('in the name of an upload, a key of idempotency, a changed recipient, a reason and a return address', async () => {
    const sent = await send(api, token, { envelope: envelope(account, { recipients: [signer({ embedded: true })] }) });
    const id = textAt(sent, 'data.sendEnvelope.envelope.id');
    const recipientId = textAt(sent, 'data.sendEnvelope.envelope.recipients.0.id');
    const ask = async (name: string, input: Input): Promise<unknown> => {
      const type = `${name[0]?.toUpperCase()}${name.slice(1)}Input`;
      const answer = await api.gql(token, `mutation M($input: ${type}!) { ${name}(input: $input) { ${PROBLEM} } }`, {
        input,
      });
      return listAt(answer, `data.${name}.issues`).map((issue) => [
        listAt(issue, 'path').join('.'),
        at(issue, 'message'),
      ]);
    };
    expect(await ask('createUpload', { filename: ODD, size: 1, sha256: '0'.repeat(64) })).toEqual([
      ['filename', NAMED],
    ]);
    expect(await ask('deleteDraft', { id, idempotencyKey: ODD })).toEqual([['idempotencyKey', NAMED]]);
    expect(await ask('updateRecipient', { recipientId, name: ODD, email: `${ODD}@x.example` })).toEqual([
      ['name', NAMED],
      ['email', NAMED],
    ]);
    expect(await ask('voidEnvelope', { id, reason: 'a\u202eb' })).toEqual([
      ['reason', 'U+202E RIGHT-TO-LEFT OVERRIDE at position 2 is not taken here.'],
    ]);
    expect(await ask('createSigningUrl', { recipientId, returnUrl: 'https://app.example/a b' })).toEqual([
      ['returnUrl', 'U+0020 SPACE at position 22 is not taken here.'],
    ]);
    expect(await ask('updateAccount', { accountId: account, docusign: { addHmacKeys: ['key\n'] } })).toEqual([
      ['docusign.addHmacKeys.0', 'U+000A LINE FEED at position 4 is not taken here.'],
    ]);
  });
});

test('what scripts and emoji are written with is taken, sent and answered as it was given', async () => {
  const subject = 'قرارداد «علی\u200cرضا» 🏳\ufe0f\u200d🌈 क्\u200dष';
  const message = 'Dear Zoe\u0308,\r\n\n\tplease sign.\u200f\n';
  const name = 'علی\u200cرضا O’Brien';
  const given = envelope(account, {
    subject,
    message,
    metadata: [{ key: 'Straße', value: 'one\ntwo' }],
    recipients: [signer({ name, email: "zoë.o'brien+x@bücher.example" })],
    documents: [file({ filename: '葛\u{e0100}城 契約書.pdf' })],
  });
  const sent = await send(api, token, { envelope: given });
  const id = textAt(sent, 'data.sendEnvelope.envelope.id');
  const query = 'query Q($id: ID!) { envelope(id: $id) { status subject message recipients { name } } }';
  expect(await api.gql(token, query, { id })).toEqual({
    data: { envelope: { status: expect.any(String), subject, message, recipients: [{ name }] } },
  });
  const reason = 'Superseded.\nSee the new lease.';
  const voided = await api.gql(token, VOID, { input: { id, reason, idempotencyKey: randomUUID() } });
  expect(voided).toMatchObject({ data: { voidEnvelope: { __typename: 'VoidEnvelopePayload' } } });
});

test('a text of nothing that can be seen is no text', async () => {
  const unseen = ['\u00a0', '\u2800', '\u3000', '\u3164', '\u200d', '\u200b\u202e'];
  const faults = await Promise.all(
    unseen.map(async (subject) => {
      const answer = await api.gql(token, CREATE, { input: { envelope: envelope(account, { subject }) } });
      return [
        textAt(answer, 'data.createEnvelope.issues.0.code'),
        at(answer, 'data.createEnvelope.issues.0.suggestion'),
      ];
    }),
  );
  expect(faults).toEqual(unseen.map(() => ['REQUIRED', null]));
});
