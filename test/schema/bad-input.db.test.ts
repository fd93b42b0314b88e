import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { publicId } from '../../src/model/ids.ts';
import { type Answer, at, codesOf, listAt, textAt } from '../kit/answer.ts';
import { CREATE, envelope, file, type Input, PDF, PROBLEM, send, SEND, signer } from '../kit/envelopes.ts';
import { startTenant } from '../kit/tenant.ts';

const { api, token, account } = await startTenant();

const VALIDATE = `mutation Validate($input: ValidateEnvelopeInput!) {
  validateEnvelope(input: $input) { ${PROBLEM} ... on ValidateEnvelopePayload { valid } }
}`;

interface Issue {
  code: string;
  message: unknown;
  path: string;
  suggestion?: unknown;
}

/** The faults of the envelope, each with its path from `content.documents` or the envelope on. */
async function issuesOf(given: Input): Promise<Issue[]> {
  const answer = await api.gql(token, VALIDATE, { input: { envelope: given } });
  expect(answer.errors).toBeUndefined();
  if (at(answer, 'data.validateEnvelope.valid') === true) return [];
  expect(answer).toMatchObject({ data: { validateEnvelope: { __typename: 'InvalidInput', code: 'INVALID_INPUT' } } });
  return listAt(answer, 'data.validateEnvelope.issues').map((issue) => ({
    code: textAt(issue, 'code'),
    message: at(issue, 'message'),
    path: listAt(issue, 'path').join('.'),
    suggestion: at(issue, 'suggestion'),
  }));
}

/** A PDF of exactly so many bytes: readers take what follows the end of a PDF for nothing. */
function pdfOf(bytes: number): string {
  const made = Buffer.alloc(bytes, ' ');
  Buffer.from(PDF, 'base64').copy(made);
  return made.toString('base64');
}

const MIB = 1024 * 1024;
const base = 'envelope.content.documents';

test('a whole envelope has no faults', async () => {
  expect(await issuesOf(envelope(account))).toEqual([]);
});

describe('documents', () => {
  test('two of one name are refused', async () => {
    const documents = [file(), file({ key: 'annex' })];
    expect(await issuesOf(envelope(account, { documents }))).toMatchObject([
      {
        code: 'DUPLICATE',
        path: `${base}.documents.1.filename`,
        message: 'Another document has the name "lease.pdf".',
      },
    ]);
  });

  test('two of one key are refused', async () => {
    const documents = [file(), file({ filename: 'annex.pdf' })];
    expect(await issuesOf(envelope(account, { documents }))).toMatchObject([
      { code: 'DUPLICATE', path: `${base}.documents.1.key`, message: 'Another document has the key "lease".' },
    ]);
  });

  test('none at all are refused', async () => {
    const issues = await issuesOf(envelope(account, { documents: [], recipients: [signer({ fields: [] })] }));
    expect(issues).toMatchObject([
      { code: 'REQUIRED', path: `${base}.documents`, message: 'An envelope needs at least one document.' },
    ]);
  });

  test('one byte over the limit is refused', async () => {
    const documents = [file({ source: { base64: pdfOf(MIB + 1) } })];
    expect(await issuesOf(envelope(account, { documents }))).toMatchObject([
      {
        code: 'FILE_TOO_LARGE',
        path: `${base}.documents.0.source.base64`,
        message: 'The file has 1048577 bytes; at most 1048576 are taken here.',
      },
    ]);
  });

  test('exactly the limit is taken and sent', async () => {
    const documents = [file({ source: { base64: pdfOf(MIB) } })];
    const answer = await send(api, token, { envelope: envelope(account, { documents }) });
    expect(answer).toMatchObject({ data: { sendEnvelope: { envelope: { status: 'SENT' } } } });
  });

  test('an empty file is refused', async () => {
    expect(await issuesOf(envelope(account, { documents: [file({ source: { base64: '' } })] }))).toMatchObject([
      { code: 'FILE_EMPTY', path: `${base}.documents.0.source.base64`, message: 'The file is empty.' },
    ]);
  });

  test('what is no PDF is refused, whatever its name', async () => {
    const base64 = Buffer.from('PK\u0003\u0004 a Word file').toString('base64');
    expect(await issuesOf(envelope(account, { documents: [file({ source: { base64 } })] }))).toMatchObject([
      {
        code: 'FILE_NOT_PDF',
        path: `${base}.documents.0.source.base64`,
        message: 'This is not a PDF: it lacks the header that every PDF begins with.',
      },
    ]);
  });

  test.each([
    ['a data: prefix', `data:application/pdf;base64,${PDF}`],
    ['line breaks', `${PDF.slice(0, 76)}\n${PDF.slice(76)}`],
    ['no padding', Buffer.from('%PDF-1.').toString('base64').replace(/=+$/, '')],
    ['the alphabet of addresses', `${PDF.slice(0, 4)}-_${PDF.slice(6)}`],
    ['padding in the middle', `JVBERi0=${PDF}`],
  ])('base64 with %s is refused', async (_what, base64) => {
    expect(await issuesOf(envelope(account, { documents: [file({ source: { base64 } })] }))).toMatchObject([
      {
        code: 'NOT_BASE64',
        path: `${base}.documents.0.source.base64`,
        message: 'This is not base64: use the standard alphabet with padding, without line breaks or a data: prefix.',
      },
    ]);
  });

  test('an unknown document id is refused', async () => {
    const documentId = publicId('Document', randomUUID());
    expect(await issuesOf(envelope(account, { documents: [file({ source: { documentId } })] }))).toMatchObject([
      {
        code: 'UNKNOWN_REFERENCE',
        path: `${base}.documents.0.source.documentId`,
        message: `There is no document ${documentId}.`,
      },
    ]);
  });
});

describe('recipients', () => {
  test('an unknown role is refused with the value named', async () => {
    const answer = await api.gql(token, VALIDATE, {
      input: { envelope: envelope(account, { recipients: [signer({ role: 'WITNESS' })] }) },
    });
    expect(codesOf(answer)).toEqual(['BAD_USER_INPUT']);
    expect(answer.errors?.[0]?.message).toMatch(
      /at "input\.envelope\.content\.documents\.recipients\[0\]\.role".*Value "WITNESS" does not exist in "RecipientRole"/,
    );
  });

  test('a gap in the routing order is refused', async () => {
    const recipients = [signer(), signer({ key: 'landlord', email: 'al@lord.example', routingOrder: 3 })];
    expect(await issuesOf(envelope(account, { recipients }))).toMatchObject([
      {
        code: 'ROUTING_ORDER_GAP',
        path: `${base}.recipients.1.routingOrder`,
        message: 'Nobody has the routing order 2, so 3 would leave a gap.',
      },
    ]);
  });

  test('a routing order that does not begin at 1 is refused', async () => {
    expect(await issuesOf(envelope(account, { recipients: [signer({ routingOrder: 2 })] }))).toMatchObject([
      { code: 'ROUTING_ORDER_GAP', path: `${base}.recipients.0.routingOrder` },
    ]);
    expect(await issuesOf(envelope(account, { recipients: [signer({ routingOrder: 0 })] }))).toMatchObject([
      { code: 'OUT_OF_RANGE', path: `${base}.recipients.0.routingOrder`, message: 'Routing orders count from 1.' },
    ]);
  });

  test.each(['', 'bo', 'bo@', '@tenant.example', 'bo@tenant', 'bo @tenant.example', 'bo@tenant..example', 'a@b@c.de'])(
    'the e-mail address "%s" is refused',
    async (email) => {
      expect(await issuesOf(envelope(account, { recipients: [signer({ email })] }))).toMatchObject([
        {
          code: 'INVALID_FORMAT',
          path: `${base}.recipients.0.email`,
          message: 'This is not an e-mail address.',
        },
      ]);
    },
  );

  test('nobody who signs is refused', async () => {
    const recipients = [signer({ role: 'CARBON_COPY', fields: [] })];
    expect(await issuesOf(envelope(account, { recipients }))).toMatchObject([
      {
        code: 'REQUIRED',
        path: `${base}.recipients`,
        message: 'An envelope needs at least one recipient with the role SIGNER.',
      },
    ]);
  });

  test('two of one key are refused', async () => {
    const recipients = [signer(), signer({ email: 'other@tenant.example' })];
    expect(await issuesOf(envelope(account, { recipients }))).toMatchObject([
      { code: 'DUPLICATE', path: `${base}.recipients.1.key`, message: 'Another recipient has the key "tenant".' },
    ]);
  });

  test('a field on an unknown document is refused with the one that was meant', async () => {
    const place = { at: { document: 'Lease ', page: 1, x: 1, y: 1 } };
    const recipients = [signer({ fields: [{ kind: 'SIGNATURE', place }] })];
    expect(await issuesOf(envelope(account, { recipients }))).toMatchObject([
      {
        code: 'UNKNOWN_REFERENCE',
        path: `${base}.recipients.0.fields.0.place.at.document`,
        message: 'No document has the key "Lease ".',
        suggestion: 'lease',
      },
    ]);
  });

  test('a field off the page is refused', async () => {
    const place = { at: { document: 'lease', page: 0, x: -1, y: -0.5, width: 0 } };
    const recipients = [signer({ fields: [{ kind: 'SIGNATURE', place }] })];
    expect((await issuesOf(envelope(account, { recipients }))).map(({ code, path }) => [code, path])).toEqual(
      ['page', 'x', 'y', 'width'].map((name) => ['OUT_OF_RANGE', `${base}.recipients.0.fields.0.place.at.${name}`]),
    );
  });

  test('fields of a carbon copy are refused', async () => {
    const copy = signer({ key: 'copy', email: 'copy@tenant.example', role: 'CARBON_COPY' });
    expect(await issuesOf(envelope(account, { recipients: [signer(), copy] }))).toMatchObject([
      { code: 'NOT_SUPPORTED', path: `${base}.recipients.1.fields`, message: 'A CARBON_COPY fills no fields.' },
    ]);
  });
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

describe('idempotency keys', () => {
  test('a key with another input is refused', async () => {
    const key = randomUUID();
    await send(api, token, { envelope: envelope(account) }, { idempotencyKey: key });
    const other = envelope(account, { subject: 'Another lease' });
    const answer = await send(api, token, { envelope: other }, { idempotencyKey: key });
    expect(answer).toMatchObject({
      data: {
        sendEnvelope: {
          __typename: 'KeyReused',
          code: 'KEY_REUSED',
          message: 'This idempotency key was used with another input.',
          fix: 'Send the first input again to get its result, or use a new key for a new one.',
          retryable: false,
        },
      },
    });
  });

  test('a key of 255 characters is taken, one more is refused', async () => {
    const taken = await send(api, token, { envelope: envelope(account) }, { idempotencyKey: 'a'.repeat(255) });
    expect(taken).toMatchObject({ data: { sendEnvelope: { __typename: 'SendEnvelopePayload' } } });
    const refused = await send(api, token, { envelope: envelope(account) }, { idempotencyKey: 'a'.repeat(256) });
    expect(refused).toMatchObject({
      data: {
        sendEnvelope: {
          __typename: 'InvalidInput',
          issues: [
            {
              code: 'TOO_LONG',
              path: ['idempotencyKey'],
              message: 'At most 255 characters are taken; these are 256.',
            },
          ],
        },
      },
    });
  });

  test('an empty key is refused', async () => {
    const answer = await send(api, token, { envelope: envelope(account) }, { idempotencyKey: ' ' });
    expect(answer).toMatchObject({
      data: { sendEnvelope: { issues: [{ code: 'REQUIRED', path: ['idempotencyKey'] }] } },
    });
  });

  test('a refused input uses up no key', async () => {
    const key = randomUUID();
    const refused = await send(api, token, { envelope: envelope(account, { subject: '' }) }, { idempotencyKey: key });
    expect(refused).toMatchObject({ data: { sendEnvelope: { __typename: 'InvalidInput' } } });
    const sent = await send(api, token, { envelope: envelope(account) }, { idempotencyKey: key });
    expect(sent).toMatchObject({ data: { sendEnvelope: { replayed: false, envelope: { status: 'SENT' } } } });
  });

  test('a draft made again with its key is the same draft, whatever has become wrong with its input since', async () => {
    const expiresAt = new Date(Date.now() + 1_500).toISOString();
    const input = { idempotencyKey: randomUUID(), envelope: envelope(account, { expiresAt }) };
    const first = await api.gql(token, CREATE, { input });
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, Date.parse(expiresAt) - Date.now() + 1)));
    const second = await api.gql(token, CREATE, { input });
    expect(textAt(second, 'data.createEnvelope.envelope.id')).toBe(textAt(first, 'data.createEnvelope.envelope.id'));
  });

  test.each([-1, 30_001])('waitMs of %d is refused', async (waitMs) => {
    const answer = await send(api, token, { envelope: envelope(account) }, { waitMs });
    expect(answer).toMatchObject({
      data: {
        sendEnvelope: {
          issues: [{ code: 'OUT_OF_RANGE', path: ['waitMs'], message: 'From 0 to 30000 milliseconds.' }],
        },
      },
    });
  });
});

describe('help', () => {
  test('of a problem answers the section of its code', async () => {
    const answer: Answer = await api.gql(token, SEND, {
      input: { idempotencyKey: '', what: { envelope: envelope(account) } },
    });
    const help = textAt(answer, 'data.sendEnvelope.help');
    expect(help).toBe(`${api.url}/errors/INVALID_INPUT`);
    const page = await fetch(help);
    expect(page.status).toBe(200);
    expect(page.headers.get('content-type')).toBe('text/markdown; charset=utf-8');
    const text = await page.text();
    expect(text).toMatch(/^## INVALID_INPUT\n\nThe input has faults\./);
    expect(text.match(/^## /gm)).toHaveLength(1);
  });

  test('of a code there is none of is 404', async () => {
    const page = await fetch(`${api.url}/errors/NO_SUCH_CODE`);
    expect(page.status).toBe(404);
  });
});
