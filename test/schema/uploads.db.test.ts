import { createHash, randomUUID } from 'node:crypto';
import { connect } from 'node:net';
import { sql } from 'drizzle-orm';
import { describe, expect, test } from 'vitest';
import { rowsOf } from '../../src/db/client.ts';
import { uuidOf } from '../../src/model/ids.ts';
import { systemWorld } from '../../src/world.ts';
import { type Answer, at, eventually, textAt } from '../kit/answer.ts';
import { CREATE, envelope, file, type Input, PDF, PROBLEM, send } from '../kit/envelopes.ts';
import { startTenant } from '../kit/tenant.ts';

/** Real time, moved by `ahead` for whoever asks the gateway for the hour. */
let ahead = 0;
const world = { ...systemWorld(), now: () => new Date(Date.now() + ahead) };
const ORIGIN = 'https://app.example';
const { api, tenantId, token, account } = await startTenant({
  world,
  allowedOrigins: [ORIGIN],
  expiresInSeconds: 100_000,
});
const pdf = Buffer.from(PDF, 'base64');

const UPLOAD = `mutation Upload($input: CreateUploadInput!) {
  createUpload(input: $input) {
    ${PROBLEM}
    ... on CreateUploadPayload { document { id state } url method headers { name value } expiresAt }
  }
}`;

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function declare(bytes: Buffer, changes: Input = {}): Promise<Answer> {
  return api.gql(token, UPLOAD, {
    input: { filename: 'lease.pdf', size: bytes.length, sha256: sha256(bytes), ...changes },
  });
}

interface Upload {
  readonly id: string;
  readonly url: string;
}

async function uploadOf(bytes: Buffer, changes: Input = {}): Promise<Upload> {
  const answer = await declare(bytes, changes);
  return { id: textAt(answer, 'data.createUpload.document.id'), url: textAt(answer, 'data.createUpload.url') };
}

async function put(url: string, body: Buffer, headers = {}): Promise<{ status: number; answer: unknown }> {
  const response = await fetch(url, { method: 'PUT', body: new Uint8Array(body), headers });
  return { status: response.status, answer: await response.json() };
}

/** A PDF of exactly so many bytes, and of its own. */
function pdfOf(bytes: number): Buffer {
  const made = Buffer.alloc(bytes, randomUUID());
  pdf.copy(made);
  return made;
}

async function uploaded(bytes: Buffer = pdf): Promise<string> {
  const { id, url } = await uploadOf(bytes);
  expect(await put(url, bytes)).toMatchObject({ status: 200 });
  return id;
}

function using(...ids: string[]): Input {
  const documents = ids.map((documentId, index) =>
    file({ ...(index > 0 && { key: `d${index}`, filename: `d${index}.pdf` }), source: { documentId } }),
  );
  return envelope(account, { documents });
}

function piecesOf(id: string): Promise<number> {
  return api.database.withTenants([tenantId], async (tx) => {
    const [row] = await rowsOf(
      tx,
      sql`SELECT count(*)::int AS pieces FROM document_chunks WHERE document_id = ${uuidOf('Document', id)}`,
    );
    return Number(row?.['pieces']);
  });
}

const UNUSABLE = { data: { sendEnvelope: { __typename: 'InvalidInput', issues: [{ code: 'UNKNOWN_REFERENCE' }] } } };

describe('an upload', () => {
  test('is one PUT to an address of fifteen minutes, and then a document for several envelopes', async () => {
    const answer = await declare(pdf);
    expect(answer).toMatchObject({
      data: {
        createUpload: {
          document: { state: 'WAITING' },
          method: 'PUT',
          headers: [{ name: 'Content-Type', value: 'application/pdf' }],
        },
      },
    });
    const minutes = (Date.parse(textAt(answer, 'data.createUpload.expiresAt')) - Date.now()) / 60_000;
    expect(minutes).toBeGreaterThan(14);
    expect(minutes).toBeLessThanOrEqual(15);
    const id = textAt(answer, 'data.createUpload.document.id');
    expect(await put(textAt(answer, 'data.createUpload.url'), pdf)).toEqual({
      status: 200,
      answer: { id, state: 'READY', filename: 'lease.pdf', size: pdf.length, sha256: sha256(pdf) },
    });
    for (let envelopes = 0; envelopes < 2; envelopes += 1) {
      expect(await send(api, token, { envelope: using(id) })).toMatchObject({
        data: { sendEnvelope: { envelope: { status: 'SENT', documents: [{ id }] } } },
      });
    }
  });

  test('of several pieces is stored in pieces, and comes back as the same bytes', async () => {
    const bytes = pdfOf(600_000);
    const id = await uploaded(bytes);
    expect(await piecesOf(id)).toBe(3);
    const made = await api.gql(token, CREATE, { input: { envelope: using(id) } });
    const query = 'query Q($id: ID!) { envelope(id: $id) { documents { download { url } } } }';
    const draft = await api.gql(token, query, { id: textAt(made, 'data.createEnvelope.envelope.id') });
    const response = await fetch(textAt(draft, 'data.envelope.documents.0.download.url'));
    expect(sha256(Buffer.from(await response.arrayBuffer()))).toBe(sha256(bytes));
  });

  test('is refused at once when it is empty, too large, or has no hash', async () => {
    expect(await declare(pdf, { size: 0, sha256: 'abc', filename: ' ' })).toMatchObject({
      data: {
        createUpload: {
          __typename: 'InvalidInput',
          issues: [
            { code: 'REQUIRED', path: ['filename'] },
            { code: 'FILE_EMPTY', path: ['size'], message: 'The file is empty.' },
            { code: 'INVALID_FORMAT', path: ['sha256'], message: 'A SHA-256 is 64 hexadecimal digits.' },
          ],
        },
      },
    });
    expect(await declare(pdf, { size: 26_214_401 })).toMatchObject({
      data: {
        createUpload: {
          issues: [
            {
              code: 'FILE_TOO_LARGE',
              path: ['size'],
              message: 'The file has 26214401 bytes; at most 26214400 are taken here.',
            },
          ],
        },
      },
    });
  });
});

describe('a PUT is refused, and leaves nothing usable, when', () => {
  const longer = Buffer.concat([pdf, Buffer.from('\n')]);
  const shorter = pdf.subarray(0, -1);
  const other = Buffer.concat([shorter, Buffer.from('!')]);
  const word = Buffer.from('PK\u0003\u0004 a Word file');
  test.each([
    [
      'more bytes come than were declared',
      pdf,
      longer,
      'SIZE_DIFFERS',
      'size',
      `More bytes came than the ${pdf.length} that were declared.`,
    ],
    [
      'fewer bytes come than were declared',
      pdf,
      shorter,
      'SIZE_DIFFERS',
      'size',
      `${shorter.length} bytes came, and ${pdf.length} were declared.`,
    ],
    ['none come', pdf, Buffer.alloc(0), 'FILE_EMPTY', 'body', 'The file is empty.'],
    [
      'the bytes are others',
      pdf,
      other,
      'HASH_DIFFERS',
      'sha256',
      `The SHA-256 of what came is ${sha256(other)}, and not the one that was declared.`,
    ],
    [
      'it is no PDF, whatever its name',
      word,
      word,
      'FILE_NOT_PDF',
      'body',
      'This is not a PDF: it lacks the header that every PDF begins with.',
    ],
  ])('%s', async (_what, declared, sent, code, name, message) => {
    const { id, url } = await uploadOf(declared);
    expect(await put(url, sent)).toEqual({
      status: 400,
      answer: {
        type: 'about:blank',
        status: 400,
        code: 'INVALID_INPUT',
        detail: `${name}: ${message}`,
        fix: null,
        issues: [{ code, message, path: [name], suggestion: null }],
      },
    });
    expect(await piecesOf(id)).toBe(0);
    expect(await send(api, token, { envelope: using(id) })).toMatchObject(UNUSABLE);
    expect(await put(url, declared)).toMatchObject({ status: 409, answer: { code: 'WRONG_STATE' } });
  });

  test('its address was used before', async () => {
    const { id, url } = await uploadOf(pdf);
    expect(await put(url, pdf)).toMatchObject({ status: 200 });
    expect(await put(url, pdf)).toMatchObject({
      status: 409,
      answer: {
        code: 'WRONG_STATE',
        detail: 'This upload address was used before: it takes one PUT, whatever came of it.',
        fix: 'Ask `createUpload` for another address, or use the document if the first PUT was answered with it.',
      },
    });
    expect(await send(api, token, { envelope: using(id) })).toMatchObject({
      data: { sendEnvelope: { envelope: { status: 'SENT' } } },
    });
  });

  const LOST = {
    status: 404,
    answer: {
      code: 'NOT_FOUND',
      detail: 'This upload address was not made here, or its time is over: ask `createUpload` for another.',
    },
  };

  test('its address has expired', async () => {
    const { id, url } = await uploadOf(pdf);
    ahead = 15 * 60_000 + 1_000;
    expect(await put(url, pdf).finally(() => (ahead = 0))).toMatchObject(LOST);
    expect(await send(api, token, { envelope: using(id) })).toMatchObject(UNUSABLE);
  });

  test('the signature of its address was forged', async () => {
    const { url } = await uploadOf(pdf);
    expect(await put(`${url.slice(0, -5)}AAAAA`, pdf)).toMatchObject(LOST);
    const download = await api.gateway.services.links.sign(
      'download',
      { tenantId, documentId: randomUUID() },
      new Date(Date.now() + 60_000),
    );
    expect(await put(`${api.url}/uploads/${download}`, pdf)).toMatchObject(LOST);
  });

  test('it is no PUT, or encoded', async () => {
    const { url } = await uploadOf(pdf);
    const response = await fetch(url, { method: 'POST', body: new Uint8Array(pdf) });
    expect([response.status, at(await response.json(), 'code')]).toEqual([405, 'METHOD_NOT_ALLOWED']);
    expect(await put(url, pdf, { 'content-encoding': 'gzip' })).toMatchObject({
      status: 415,
      answer: { code: 'UNSUPPORTED_MEDIA_TYPE' },
    });
    expect(await put(url, pdf)).toMatchObject({ status: 200 });
  });
});

test('an upload is no document before its bytes have come, to a check as to a send', async () => {
  const { id, url } = await uploadOf(pdf);
  const validate = (): Promise<Answer> =>
    api.gql(
      token,
      `mutation V($input: ValidateEnvelopeInput!) { validateEnvelope(input: $input) {
        ${PROBLEM} ... on ValidateEnvelopePayload { valid }
      } }`,
      { input: { envelope: using(id) } },
    );
  expect(await validate()).toMatchObject({ data: { validateEnvelope: { issues: [{ code: 'UNKNOWN_REFERENCE' }] } } });
  expect(await send(api, token, { envelope: using(id) })).toMatchObject(UNUSABLE);
  expect(await put(url, pdf)).toMatchObject({ status: 200 });
  expect(await validate()).toMatchObject({ data: { validateEnvelope: { valid: true } } });
});

test('of two PUTs at once one wins', async () => {
  const bytes = pdfOf(300_000);
  const { id, url } = await uploadOf(bytes);
  const both = await Promise.all([put(url, bytes), put(url, bytes)]);
  expect(both.map(({ status }) => status).toSorted()).toEqual([200, 409]);
  expect(await piecesOf(id)).toBe(2);
  expect(await api.gql(token, CREATE, { input: { envelope: using(id) } })).toMatchObject({
    data: { createEnvelope: { envelope: { documents: [{ id }] } } },
  });
});

test('a client that goes in the middle leaves nothing usable', async () => {
  const bytes = pdfOf(600_000);
  const { id, url } = await uploadOf(bytes);
  const { hostname, port, pathname } = new URL(url);
  const socket = connect(Number(port), hostname);
  socket.write(`PUT ${pathname} HTTP/1.1\r\nHost: x\r\nContent-Length: ${bytes.length}\r\n\r\n`);
  socket.write(bytes.subarray(0, 300_000));
  await eventually(async () => (await piecesOf(id)) === 1);
  expect(await send(api, token, { envelope: using(id) })).toMatchObject(UNUSABLE);
  socket.destroy();
  await eventually(async () => (await piecesOf(id)) === 0);
  expect(await send(api, token, { envelope: using(id) })).toMatchObject(UNUSABLE);
  expect(await put(url, bytes)).toMatchObject({ status: 409 });
});

test('pages of allowed origins may upload, others may not, and no token is asked for', async () => {
  const { url } = await uploadOf(pdf);
  const preflight = async (origin: string): Promise<(string | null)[]> => {
    const { headers } = await fetch(url, {
      method: 'OPTIONS',
      headers: { origin, 'access-control-request-method': 'PUT', 'access-control-request-headers': 'content-type' },
    });
    return ['origin', 'methods', 'headers'].map((name) => headers.get(`access-control-allow-${name}`));
  };
  expect(await preflight(ORIGIN)).toEqual([ORIGIN, 'PUT', 'content-type']);
  expect(await preflight('https://evil.example')).toEqual([null, null, null]);
  const response = await fetch(url, { method: 'PUT', body: new Uint8Array(pdf), headers: { origin: ORIGIN } });
  expect([response.status, response.headers.get('access-control-allow-origin')]).toEqual([200, ORIGIN]);
});

describe('an unknown document', () => {
  test('and another tenant’s are refused alike, with the path', async () => {
    const strangerId = randomUUID();
    const stranger = await api.token({ tenantId: strangerId });
    const theirs = await api.gql(stranger, UPLOAD, {
      input: { filename: 'a.pdf', size: pdf.length, sha256: sha256(pdf) },
    });
    const id = textAt(theirs, 'data.createUpload.document.id');
    expect(await put(textAt(theirs, 'data.createUpload.url'), pdf)).toMatchObject({ status: 200 });
    for (const documentId of [id, `doc_${randomUUID()}`]) {
      const path = ['what', 'envelope', 'content', 'documents', 'documents', '0', 'source', 'documentId'];
      const issue = { code: 'UNKNOWN_REFERENCE', path, message: `There is no document ${documentId}.` };
      expect(await send(api, token, { envelope: using(documentId) })).toMatchObject({
        data: { sendEnvelope: { __typename: 'InvalidInput', issues: [issue] } },
      });
    }
  });
});

/** For each of these documents whether it is there. */
function areThere(ids: readonly string[]): Promise<unknown[]> {
  return api.database.withTenants([tenantId], async (tx) => {
    const rows = await rowsOf(tx, sql`SELECT id::text AS id FROM documents`);
    return ids.map((id) => rows.some((row) => row['id'] === uuidOf('Document', id)));
  });
}

/** For each of these documents the hours until it is looked at; null when it isn't. */
function dueIn(ids: readonly string[]): Promise<unknown[]> {
  return api.database.withTenants([], async (tx) => {
    const rows = await rowsOf(
      tx,
      sql`SELECT id::text AS id, round(extract(epoch FROM due_at - countersign_now()) / 3600)::int AS hours
        FROM due WHERE kind = 'DOCUMENT'`,
    );
    return ids.map((id) => rows.find((row) => row['id'] === uuidOf('Document', id))?.['hours'] ?? null);
  });
}

/** As if so much time had passed for what is due. */
function pass(hours: number): Promise<unknown> {
  return api.database.withTenants([], (tx) =>
    tx.execute(sql`UPDATE due SET due_at = due_at - make_interval(hours => ${hours}) WHERE kind = 'DOCUMENT'`),
  );
}

describe('after a day', () => {
  test('and not before, a document goes whose draft was deleted', async () => {
    const id = await uploaded();
    const draft = await api.gql(token, CREATE, { input: { envelope: using(id) } });
    const deleted = await api.gql(
      token,
      'mutation D($id: ID!) { deleteDraft(input: { id: $id }) { ... on DeleteDraftPayload { id } } }',
      { id: textAt(draft, 'data.createEnvelope.envelope.id') },
    );
    expect(deleted).toMatchObject({ data: { deleteDraft: { id: expect.anything() } } });
    expect(await api.gql(token, CREATE, { input: { envelope: using(id) } })).toMatchObject({
      data: { createEnvelope: { envelope: { documents: [{ id }] } } },
    });
  });

  test('a document that nobody sent is gone, one that was sent stays, one of a draft is looked at a day later', async () => {
    const [unused, sent, drafted] = [await uploaded(), await uploaded(), await uploaded()];
    const ids = [unused, sent, drafted];
    await send(api, token, { envelope: using(sent) });
    await api.gql(token, CREATE, { input: { envelope: using(drafted) } });
    expect(await dueIn(ids)).toEqual([24, 24, 24]);
    await pass(23);
    expect(await areThere(ids)).toEqual([true, true, true]);
    await pass(2);
    await eventually(async () => (await areThere([unused]))[0] === false);
    await eventually(async () => JSON.stringify(await dueIn(ids)) === JSON.stringify([null, null, 24]));
    expect(await areThere(ids)).toEqual([false, true, true]);
    expect(await piecesOf(unused)).toBe(0);
    expect(await send(api, token, { envelope: using(unused) })).toMatchObject(UNUSABLE);
  });
});
