import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { publicId } from '../../src/model/ids.ts';
import { codesOf, listAt, textAt } from '../kit/answer.ts';
import { envelope, file, type Input, send, signer } from '../kit/envelopes.ts';
import { startTenant } from '../kit/tenant.ts';
import { issuesOf as faultsOf, VALIDATE } from './issues.ts';

const tenant = await startTenant();
const { api, token, account } = tenant;
const issuesOf = (given: Input) => faultsOf(tenant, given);

const base = 'envelope.content.documents';

test('a whole envelope has no faults', async () => {
  expect(await issuesOf(envelope(account))).toEqual([]);
});

function inDays(days: number): string {
  return new Date(Date.now() + days * 86_400_000).toISOString();
}

/** The faults of an envelope with these settings of DocuSign's. */
function optionFaults(
  expiresAt: string | null,
  afterDays: number,
  everyDays: number,
  expiryWarningDays: number | null,
) {
  return issuesOf(
    envelope(account, { expiresAt, docusign: { reminders: { afterDays, everyDays }, expiryWarningDays } }),
  );
}

describe('the envelope itself', () => {
  const unknown = publicId('Account', randomUUID());
  test.each([
    ['that does not exist', unknown],
    ['whose id has another form', 'acc_1'],
    ['that is an envelope', publicId('Envelope', randomUUID())],
  ])('an account %s is refused', async (_what, accountId) => {
    expect(await issuesOf(envelope(accountId))).toMatchObject([
      {
        code: 'UNKNOWN_REFERENCE',
        path: 'envelope.accountId',
        message: `There is no account ${accountId}.`,
        suggestion: 'Ask `accounts` for those there are.',
      },
    ]);
  });

  test("another tenant's account is refused like one that does not exist", async () => {
    const theirs = await api.connectSandboxAccount(randomUUID());
    expect(await issuesOf(envelope(theirs))).toMatchObject([
      { code: 'UNKNOWN_REFERENCE', path: 'envelope.accountId', message: `There is no account ${theirs}.` },
    ]);
  });

  test('a time that is past is refused', async () => {
    expect(await issuesOf(envelope(account, { expiresAt: '2020-01-01T00:00:00Z' }))).toMatchObject([
      {
        code: 'OUT_OF_RANGE',
        path: 'envelope.expiresAt',
        message: 'This time is past.',
        suggestion: 'Give a time in the future, or leave it out.',
      },
    ]);
  });

  test('reminders and warnings that would never be sent are refused, those that would are taken', async () => {
    expect(await optionFaults(inDays(10), 2, 3, 4)).toEqual([]);
    expect(await optionFaults(inDays(10), 9, 999, 9)).toEqual([]);
    expect(await optionFaults(null, 2, 3, null)).toEqual([]);
    expect(await optionFaults(inDays(10), 10, 3, 10)).toMatchObject([
      {
        code: 'OUT_OF_RANGE',
        path: 'envelope.docusign.reminders.afterDays',
        message: 'It expires in 10 days, so nobody would ever be reminded.',
      },
      {
        code: 'OUT_OF_RANGE',
        path: 'envelope.docusign.expiryWarningDays',
        message: 'It expires in 10 days, so this warning would come before it is sent.',
      },
    ]);
    expect(await optionFaults(null, 0, 1_000, 0)).toMatchObject([
      { code: 'OUT_OF_RANGE', path: 'envelope.docusign.reminders.afterDays', message: 'From 1 to 999 days.' },
      { code: 'OUT_OF_RANGE', path: 'envelope.docusign.reminders.everyDays', message: 'From 1 to 999 days.' },
      { code: 'OUT_OF_RANGE', path: 'envelope.docusign.expiryWarningDays', message: 'From 1 to 999 days.' },
      {
        code: 'REQUIRED',
        path: 'envelope.expiresAt',
        suggestion: 'Give `expiresAt`, or leave `docusign.expiryWarningDays` out.',
      },
    ]);
  });

  test('a time without its zone is refused', async () => {
    const given = envelope(account, { expiresAt: '2030-01-01T00:00:00' });
    const answer = await api.gql(token, VALIDATE, { input: { envelope: given } });
    expect(codesOf(answer)).toEqual(['BAD_USER_INPUT']);
    expect(answer.errors?.[0]?.message).toContain('A DateTime is RFC 3339 text with a zone');
  });

  test('a subject too long by one character is refused, the longest is taken', async () => {
    expect(await issuesOf(envelope(account, { subject: 'x'.repeat(101) }))).toMatchObject([
      { code: 'TOO_LONG', path: 'envelope.subject', message: 'At most 100 characters are taken; these are 101.' },
    ]);
    expect(await issuesOf(envelope(account, { subject: 'x'.repeat(100) }))).toEqual([]);
  });

  test('an empty subject is refused', async () => {
    expect(await issuesOf(envelope(account, { subject: '  ' }))).toMatchObject([
      { code: 'REQUIRED', path: 'envelope.subject', message: 'This must not be empty.' },
    ]);
  });

  test('text that no database can hold is refused where it stands', async () => {
    const given = envelope(account, {
      subject: 'a\u0000b',
      message: 'half a \ud800 pair',
      externalId: '\udfff',
      metadata: [{ key: 'k\ud800', value: '\u0000' }],
      recipients: [signer({ name: 'Bo \ud83d', fields: [] })],
    });
    const issues = await issuesOf(given);
    expect(issues.map(({ code, path }) => [code, path])).toEqual([
      ['INVALID_FORMAT', 'envelope.subject'],
      ['INVALID_FORMAT', 'envelope.message'],
      ['INVALID_FORMAT', 'envelope.externalId'],
      ['INVALID_FORMAT', 'envelope.metadata.0.key'],
      ['INVALID_FORMAT', 'envelope.metadata.0.value'],
      ['INVALID_FORMAT', `${base}.recipients.0.name`],
    ]);
  });

  test('whole pairs of surrogates are taken and answered as given', async () => {
    const answer = await send(api, token, { envelope: envelope(account, { subject: 'Lease 🏡' }) });
    const id = textAt(answer, 'data.sendEnvelope.envelope.id');
    const read = await api.gql(token, 'query Q($id: ID!) { envelope(id: $id) { subject } }', { id });
    expect(read).toEqual({ data: { envelope: { subject: 'Lease 🏡' } } });
  });

  test('all faults are answered together', async () => {
    const answer = await send(
      api,
      token,
      {
        envelope: envelope(unknown, {
          subject: '',
          expiresAt: '2020-01-01T00:00:00Z',
          documents: [file({ source: { base64: '!' } }), file()],
          recipients: [signer({ email: 'bo', routingOrder: 2, role: 'CARBON_COPY' })],
        }),
      },
      { idempotencyKey: 'k'.repeat(256), waitMs: 30_001 },
    );
    const issues = listAt(answer, 'data.sendEnvelope.issues').map(
      (issue) => `${textAt(issue, 'code')} ${listAt(issue, 'path').join('.')}`,
    );
    expect(new Set(issues)).toEqual(
      new Set([
        'TOO_LONG idempotencyKey',
        'OUT_OF_RANGE waitMs',
        'UNKNOWN_REFERENCE what.envelope.accountId',
        'REQUIRED what.envelope.subject',
        'OUT_OF_RANGE what.envelope.expiresAt',
        'DUPLICATE what.envelope.content.documents.documents.1.key',
        'DUPLICATE what.envelope.content.documents.documents.1.filename',
        'NOT_BASE64 what.envelope.content.documents.documents.0.source.base64',
        'REQUIRED what.envelope.content.documents.recipients',
        'ROUTING_ORDER_GAP what.envelope.content.documents.recipients.0.routingOrder',
        'INVALID_FORMAT what.envelope.content.documents.recipients.0.email',
        'NOT_SUPPORTED what.envelope.content.documents.recipients.0.fields',
      ]),
    );
    expect(issues).toHaveLength(12);
  });
});
