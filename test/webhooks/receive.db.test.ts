import { randomUUID } from 'node:crypto';
import { connect } from 'node:net';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Database } from '../../src/db/client.ts';
import type { ReceiverLimits } from '../../src/webhooks/receive.ts';
import { testDatabase } from '../kit/database.ts';
import {
  call,
  KEYS,
  message,
  post,
  seedEnvelope,
  sign,
  stored,
  testAccount,
  type TestReceiver,
  testReceiver,
} from './kit.ts';

const MAX = 20_000;
const limits = { maxBytes: MAX };
const account = testAccount();
let database: Database;
let it1: TestReceiver;
let url: string;

beforeAll(async () => {
  database = await testDatabase();
  it1 = await testReceiver(database, [account], { limits });
  url = it1.url(account);
});

describe('a webhook', () => {
  it("is answered in the provider's words once it is stored with the bytes that came", async () => {
    const own = testAccount();
    const { url } = await testReceiver(database, [own]);
    const body = Buffer.from(` ${message({ providerId: null })}\r\n`);
    const answer = await post(url(own), body, { 'content-type': 'application/json; charset=utf-8' });
    expect(answer).toMatchObject({ status: 200, text: 'heard', headers: { 'x-heard': 'yes' } });
    const { deliveries } = await stored(database, own.tenantId);
    expect(deliveries).toMatchObject([
      {
        accountId: own.accountId,
        verdict: 'VERIFIED',
        effect: 'IGNORED',
        contentType: 'application/json; charset=utf-8',
      },
    ]);
    expect(deliveries[0]?.body).toEqual(body);
  });

  it('brings its news into the cache and the log, and hints once', async () => {
    const own = testAccount();
    const { url, hints } = await testReceiver(database, [own]);
    const { id } = await seedEnvelope(database, own, 'p-1');
    await post(url(own), message({ providerId: 'p-1', status: 'OPENED' }));
    const { envelopes, events, deliveries } = await stored(database, own.tenantId);
    expect(envelopes).toMatchObject([{ id, status: 'OPENED', providerStatus: 'opened', syncSource: 'WEBHOOK' }]);
    expect(events).toMatchObject([{ sequence: 1n, type: 'ENVELOPE_OPENED', envelopeId: id }]);
    expect(deliveries).toMatchObject([{ effect: 'APPLIED', envelopeId: id }]);
    expect(hints).toEqual([[own.tenantId]]);
  });

  it.each(KEYS)('is accepted with any live key: %s', async (key) => {
    const body = message({ providerId: null });
    expect((await post(url, body, { 'x-signature': sign(body, key) })).status).toBe(200);
  });

  it('is refused when one bit of it was flipped', async () => {
    const body = Buffer.from(message({ providerId: 'p-2' }));
    const signature = sign(body);
    body[20] = (body[20] ?? 0) ^ 1;
    expect((await post(url, body, { 'x-signature': signature })).status).toBe(401);
  });

  it.each(['', 'x', 'é', 'A'.repeat(500)])('is refused with the signature "%.10s"', async (signature) => {
    const answer = await post(url, message({ providerId: null }), { 'x-signature': encodeURIComponent(signature) });
    expect(answer.status).toBe(401);
  });

  it('of an unknown secret or provider is answered 404', async () => {
    const body = message({ providerId: null });
    expect((await post(`${url}x`, body)).status).toBe(404);
    expect((await post(url.replace('/tiny/', '/other/'), body)).status).toBe(404);
  });

  it('may carry a query in its address', async () => {
    expect((await post(`${url}?from=provider`, message({ providerId: null }))).status).toBe(200);
  });

  it.each(['PUT', 'DELETE', 'PATCH', 'GET'])('sent by %s is answered 405', async (method) => {
    const answer = await call(url, method, '', {});
    expect(answer).toMatchObject({ status: 405, headers: { allow: 'POST' } });
  });

  it("answers the provider's challenge by GET, and only to the provider", async () => {
    expect(await call(url, 'GET', '', { 'x-client': KEYS[1] })).toMatchObject({ status: 200, text: KEYS[1] });
    expect(await call(url, 'GET', '', { 'x-client': 'somebody' })).toMatchObject({ status: 405 });
  });

  it('with a content encoding is answered 415', async () => {
    expect((await post(url, message({ providerId: null }), { 'content-encoding': 'gzip' })).status).toBe(415);
    expect((await post(url, message({ providerId: null }), { 'content-encoding': 'identity' })).status).toBe(200);
  });

  it.each([
    [MAX, 200],
    [MAX + 1, 413],
  ])('of %i bytes is answered %i', async (size, status) => {
    const filler = (length: number) => message({ id: `size-${size}`, providerId: null, filler: 'x'.repeat(length) });
    const body = filler(size - filler(0).length);
    expect(Buffer.byteLength(body)).toBe(size);
    expect((await post(url, body)).status).toBe(status);
    expect((await chunked(url, body)).status).toBe(status);
  });

  it('leaves paths that are none of a webhook to others', async () => {
    const other = `http://127.0.0.1:${it1.port}`;
    const paths = ['/graphql', '/webhooks', '/webhooks/tiny', '/webhooks/tiny/a/b', '/x/webhooks/tiny/a'];
    const answers = await Promise.all(paths.map((path) => call(other + path, 'POST', '', {})));
    expect(answers.map((answer) => answer.status)).toEqual(paths.map(() => 418));
  });

  it('whose body stops coming is cut with 408', async () => {
    const answer = await rawRequest({ graceMs: 200 }, 'content-length: 1000', 'abc', []);
    expect(answer).toMatch(/^HTTP\/1\.1 408 /);
  });

  it('whose body comes fast enough for ever is cut at the deadline', async () => {
    const answer = await rawRequest(
      { graceMs: 60_000, deadlineMs: 500 },
      'content-length: 19999',
      'x'.repeat(200),
      Array.from({ length: 60 }, () => 'x'.repeat(20)),
    );
    expect(answer).toMatch(/^HTTP\/1\.1 408 /);
  });

  it('whose client leaves in the middle leaves nothing behind', async () => {
    const before = it1.receiver.counters;
    const [received, accepted] = [before.received, before.accepted];
    const socket = connect(it1.port, '127.0.0.1');
    socket.write(`POST ${new URL(url).pathname} HTTP/1.1\r\nhost: x\r\ncontent-length: 1000\r\n\r\nabc`);
    await expect.poll(() => it1.receiver.counters.received).toBe(received + 1);
    socket.destroy();
    await it1.receiver.drain();
    expect(it1.receiver.counters.accepted).toBe(accepted);
  });
});

describe('a receiver', () => {
  it('turns away what would fill its memory and takes the next', async () => {
    const own = testAccount();
    const { url } = await testReceiver(database, [own], { limits: { ...limits, budgetBytes: 1_000 } });
    const big = message({ providerId: null, filler: 'x'.repeat(1_000) });
    expect(await post(url(own), big)).toMatchObject({ status: 503, headers: { 'retry-after': '5' } });
    expect((await post(url(own), message({ providerId: null }))).status).toBe(200);
  });

  it('that drains answers what it took and refuses the next', async () => {
    const own = testAccount();
    const { url, receiver } = await testReceiver(database, [own]);
    const taken = post(url(own), message({ providerId: null }));
    await expect.poll(() => receiver.counters.received).toBe(1);
    await receiver.drain();
    expect((await taken).status).toBe(200);
    expect((await post(url(own), message({ providerId: null }))).status).toBe(503);
  });

  it('answers 503 when the database fails or hangs, and takes the redelivery', async () => {
    const own = testAccount();
    let fault: 'fails' | 'hangs' | null = 'fails';
    const shaky: Database = {
      ...database,
      withTenants: async (tenants, work) => {
        if (fault === 'hangs') return new Promise(() => undefined);
        if (fault === 'fails') throw new Error('Connection terminated unexpectedly');
        return database.withTenants(tenants, work);
      },
    };
    const failing = await testReceiver(shaky, [own]);
    const body = message({ providerId: null });
    expect((await post(failing.url(own), body)).status).toBe(503);
    fault = null;
    expect((await post(failing.url(own), body)).status).toBe(200);
    expect((await stored(database, own.tenantId)).deliveries).toHaveLength(1);

    const hanging = await testReceiver(shaky, [own], { limits: { storeMs: 200 } });
    fault = 'hangs';
    expect((await post(hanging.url(own), message({ providerId: null }))).status).toBe(503);
  });

  it('answers 503 when the commit fails, keeps nothing, and takes the redelivery', async () => {
    const own = testAccount();
    await seedEnvelope(database, own, 'p-3');
    let failing = true;
    const shaky: Database = {
      ...database,
      withTenants: (tenants, work) =>
        database.withTenants(tenants, async (tx) => {
          const result = await work(tx, (send) => send());
          if (failing) throw Object.assign(new Error('terminating connection'), { code: '57P01' });
          return result;
        }),
    };
    const { url, hints } = await testReceiver(shaky, [own]);
    const body = message({ id: randomUUID(), providerId: 'p-3' });
    expect((await post(url(own), body)).status).toBe(503);
    expect(await stored(database, own.tenantId)).toMatchObject({ deliveries: [], keys: [], events: [] });
    expect(hints).toEqual([]);
    failing = false;
    expect((await post(url(own), body)).status).toBe(200);
    expect(await stored(database, own.tenantId)).toMatchObject({
      deliveries: [{ effect: 'APPLIED' }],
      events: [{ sequence: 1n }],
    });
  });
});

/** Sends the body without a length, in pieces. */
function chunked(url: string, body: string): Promise<{ status: number }> {
  return call(url, 'POST', body, {
    'content-type': 'application/json',
    'x-signature': sign(body),
    'transfer-encoding': 'chunked',
  });
}

/**
 * Speaks HTTP by hand to a receiver with these limits: the head, a first piece, then one more every 50 ms. Returns what came
 * back.
 */
async function rawRequest(
  pace: Partial<ReceiverLimits>,
  header: string,
  first: string,
  pieces: string[],
): Promise<string> {
  const receiver = await testReceiver(database, [account], { limits: { ...limits, ...pace } });
  return new Promise((resolve, reject) => {
    const socket = connect(receiver.port, '127.0.0.1');
    let text = '';
    socket.on('data', (chunk) => (text += chunk.toString()));
    const drip = setInterval(() => {
      const piece = pieces.shift();
      if (piece !== undefined && socket.writable) socket.write(piece);
    }, 50);
    socket.on('close', () => {
      clearInterval(drip);
      resolve(text);
    });
    socket.on('error', (error) => (text ? undefined : reject(error)));
    socket.write(`POST ${new URL(url).pathname} HTTP/1.1\r\nhost: x\r\n${header}\r\n\r\n${first}`);
  });
}
