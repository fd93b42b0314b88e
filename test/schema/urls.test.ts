import { createHash, randomUUID } from 'node:crypto';
import { Response } from 'undici';
import { beforeEach, expect, test } from 'vitest';
import { type Outside, systemWorld, type World } from '../../src/world.ts';
import { type Answer, at, listAt, textAt } from '../kit/answer.ts';
import { CREATE, envelope, file, type Input, PDF, PROBLEM, send, SEND, signer } from '../kit/envelopes.ts';
import { startTenant } from '../kit/tenant.ts';

const pdf = Buffer.from(PDF, 'base64');
const fetched: string[] = [];
const bodies: Record<string, Buffer> = {
  '/lease.pdf': pdf,
  '/page.html': Buffer.from('<html>secret page</html>'),
  '/empty.pdf': Buffer.alloc(0),
};
const real = systemWorld();
let ahead = 0;
/** Ends a wait of 5 to 20 s: the clock is put forward by as long. */
const ends = new Set<() => void>();
const world: World = {
  ...real,
  monotonic: () => real.monotonic() + ahead,
  timer: (ms, fire) => {
    const timer = real.timer(ms, fire);
    if (ms < 4_900 || ms > 20_000) return timer;
    const end = (): void => {
      ends.delete(end);
      ahead += ms;
      fire();
    };
    ends.add(end);
    return { cancel: () => (ends.delete(end), timer.cancel()) };
  },
};
/** Two hosts: one outside, one inside. A slow file never comes. */
const outside: Outside = {
  resolve: async (hostname) => (hostname === 'files.example' ? ['93.184.215.14'] : ['10.0.0.1']),
  fetchAt: async (url, _address, signal) => {
    fetched.push(url);
    if (url.includes('slow')) {
      const now = [...ends];
      for (const end of now) end();
      signal.throwIfAborted();
    }
    const body = bodies[new URL(url).pathname];
    return body ? new Response(new Uint8Array(body)) : new Response('secret reason', { status: 404 });
  },
};
const { api, token, account } = await startTenant({ outside, world });
beforeEach(() => void fetched.splice(0));

const LEASE = 'https://files.example/lease.pdf';

function from(url: string): Input {
  return envelope(account, { documents: [file({ source: { url } })] });
}

function hash(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function validate(given: Input): Promise<Answer> {
  return api.gql(
    token,
    `mutation V($input: ValidateEnvelopeInput!) { validateEnvelope(input: $input) {
      ${PROBLEM} ... on ValidateEnvelopePayload { documents { key pageCount } }
    } }`,
    { input: { envelope: given } },
  );
}

test('a document is fetched from its address, kept and sent', async () => {
  const answer = await send(api, token, { envelope: from(LEASE) }, { waitMs: 30_000 });
  expect(answer).toMatchObject({ data: { sendEnvelope: { envelope: { status: 'SENT' } } } });
  expect(fetched).toEqual([LEASE]);
  const documentId = textAt(answer, 'data.sendEnvelope.envelope.documents.0.id');
  const documents = [file({ source: { documentId } })];
  const draft = await api.gql(token, CREATE, { input: { envelope: envelope(account, { documents }) } });
  const query = 'query Q($id: ID!) { envelope(id: $id) { documents { download { url } } } }';
  const links = await api.gql(token, query, { id: textAt(draft, 'data.createEnvelope.envelope.id') });
  const response = await fetch(textAt(links, 'data.envelope.documents.0.download.url'));
  expect(hash(new Uint8Array(await response.arrayBuffer()))).toBe(hash(pdf));
});

test('a repetition with its key fetches nothing, also when the document has changed', async () => {
  const input = { idempotencyKey: randomUUID(), what: { envelope: from(LEASE) } };
  const first = await api.gql(token, SEND, { input });
  bodies['/lease.pdf'] = Buffer.from('gone');
  const again = await api.gql(token, SEND, { input }).finally(() => (bodies['/lease.pdf'] = pdf));
  expect(at(again, 'data.sendEnvelope.replayed')).toBe(true);
  expect(at(again, 'data.sendEnvelope.envelope.id')).toBe(at(first, 'data.sendEnvelope.envelope.id'));
  expect(fetched).toEqual([LEASE]);
});

test('an address that stands twice in an envelope is fetched once', async () => {
  const documents = [
    file({ source: { url: LEASE } }),
    file({ key: 'copy', filename: 'copy.pdf', source: { url: LEASE } }),
  ];
  expect(await validate(envelope(account, { documents }))).toMatchObject({
    data: {
      validateEnvelope: {
        documents: [
          { key: 'lease', pageCount: 1 },
          { key: 'copy', pageCount: 1 },
        ],
      },
    },
  });
  expect(fetched).toEqual([LEASE]);
});

test.each([
  [
    'an inner host',
    'https://inner.example/lease.pdf',
    'URL_REFUSED',
    'The host inner.example is not on the public internet.',
  ],
  ['plain http', 'http://files.example/lease.pdf', 'URL_REFUSED', 'This address is not https.'],
  ['a missing file', 'https://files.example/none.pdf', 'URL_FAILED', 'The server answered with the status 404.'],
  [
    'a web page',
    'https://files.example/page.html',
    'FILE_NOT_PDF',
    'This is not a PDF: it lacks the header that every PDF begins with.',
  ],
  ['an empty file', 'https://files.example/empty.pdf', 'FILE_EMPTY', 'The file is empty.'],
])('%s is refused with its path, together with every other fault', async (_what, url, code, message) => {
  const answer = await validate({ ...from(url), subject: '' });
  expect(answer).toMatchObject({
    data: {
      validateEnvelope: {
        issues: [
          { code: 'REQUIRED', path: ['envelope', 'subject'] },
          { code, message, path: ['envelope', 'content', 'documents', 'documents', '0', 'source', 'url'] },
        ],
      },
    },
  });
  expect(JSON.stringify(answer)).not.toContain('secret');
});

test.each([
  [0, 5],
  [12_000, 12],
  [30_000, 20],
])('addresses have the time that the request waits (%i ms), all together', async (waitMs, seconds) => {
  const urls = ['https://files.example/slow.pdf', LEASE];
  const documents = urls.map((url, index) => file({ key: `${index}`, filename: `${index}.pdf`, source: { url } }));
  const recipients = [signer({ fields: [] })];
  const answer = await send(api, token, { envelope: envelope(account, { documents, recipients }) }, { waitMs });
  const failed = listAt(answer, 'data.sendEnvelope.issues').filter((issue) => at(issue, 'code') === 'URL_FAILED');
  expect(failed.map((issue) => at(issue, 'message'))).toEqual([
    `It took longer than ${seconds} seconds.`,
    'It was not fetched: the addresses before it took all the time there is.',
  ]);
  expect(fetched).toEqual([urls[0]]);
});
