import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { publicId } from '../../src/model/ids.ts';
import { codesOf } from '../kit/answer.ts';
import { envelope, file, type Input, PDF, send, signer } from '../kit/envelopes.ts';
import { startTenant } from '../kit/tenant.ts';
import { issuesOf as faultsOf, VALIDATE } from './issues.ts';

const tenant = await startTenant();
const { api, token, account } = tenant;
const issuesOf = (given: Input) => faultsOf(tenant, given);

/** A PDF of exactly so many bytes: readers take what follows the end of a PDF for nothing. */
function pdfOf(bytes: number): string {
  const made = Buffer.alloc(bytes, ' ');
  Buffer.from(PDF, 'base64').copy(made);
  return made.toString('base64');
}

const MIB = 1024 * 1024;
const base = 'envelope.content.documents';

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

  test.each(['', 'bo', 'bo@', '@tenant.example', 'bo@tenant', 'a@b@c.de'])(
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
