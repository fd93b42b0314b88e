import { randomUUID } from 'node:crypto';
import { connect } from 'node:net';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Database } from '../../src/db/client.ts';
import type { ReceiverLimits, WebhookReceiver } from '../../src/webhooks/receive.ts';
import { newCounters } from '../../src/webhooks/counters.ts';
import { createRefusals, REFUSAL_LIMITS } from '../../src/webhooks/refusals.ts';
import { systemWorld, type World } from '../../src/world.ts';
import { eventually } from '../kit/answer.ts';
import { testDatabase } from '../kit/database.ts';
import { call, message, post, stored, testAccount, testReceiver } from './kit.ts';

let database: Database;
beforeAll(async () => {
  database = await testDatabase();
});

const refusal = (account: { tenantId: string; accountId: string }, reason = 'wrong') => ({
  tenantId: account.tenantId,
  accountId: account.accountId,
  reason,
  contentType: 'application/json',
});

function refusals(world: World = systemWorld()) {
  const counters = newCounters();
  const errors: unknown[] = [];
  return { counters, errors, ...createRefusals({ database, world, counters, onError: (error) => errors.push(error) }) };
}

const JSON_TYPE = { 'content-type': 'application/json' };
const TOO_LARGE = 'its body has more than the 1000 bytes that are taken: leave documents out of webhooks';

interface Case {
  readonly what: string;
  readonly reason: string;
  readonly send: (url: string, receiver: WebhookReceiver) => Promise<unknown>;
  readonly limits?: Partial<ReceiverLimits>;
}

const TURNED_AWAY: readonly Case[] = [
  { what: 'announced as too large', reason: TOO_LARGE, send: (url) => call(url, 'POST', 'x'.repeat(1_001), JSON_TYPE) },
  {
    what: 'too large as it comes',
    reason: TOO_LARGE,
    send: (url) => call(url, 'POST', 'x'.repeat(1_001), { ...JSON_TYPE, 'transfer-encoding': 'chunked' }),
  },
  {
    what: 'too slow',
    reason: 'its body came too slowly, or not within 30 seconds',
    send: (url) => beginBody(url),
    limits: { graceMs: 50 },
  },
  {
    what: 'cut off',
    reason: 'the connection broke off before its body was whole',
    send: (url, { counters }) => beginBody(url, () => counters.received === 1),
  },
  {
    what: 'encoded',
    reason: 'its body is encoded (gzip), which no signature covers',
    send: (url) => call(url, 'POST', 'x', { ...JSON_TYPE, 'content-encoding': 'gzip' }),
  },
  {
    what: 'by PUT',
    reason: 'it came by PUT, and webhooks are sent by POST',
    send: (url) => call(url, 'PUT', 'x', JSON_TYPE),
  },
  {
    what: 'by GET, and no challenge',
    reason: 'it came by GET, and webhooks are sent by POST',
    send: (url) => call(url, 'GET', '', {}),
  },
];

describe('a refused webhook', () => {
  it('leaves a row with its reason and without its body', async () => {
    const account = testAccount();
    const { url, receiver } = await testReceiver(database, [account]);
    const answer = await post(url(account), message({ providerId: 'p' }), { 'x-signature': 'forged' });
    expect(answer.status).toBe(401);
    await receiver.drain();
    const { deliveries, keys, parked } = await stored(database, account.tenantId);
    expect(deliveries).toMatchObject([
      {
        accountId: account.accountId,
        verdict: 'REFUSED',
        effect: 'NONE',
        reason: 'no key of this account made the signature',
        contentType: 'application/json',
        body: null,
      },
    ]);
    expect([keys, parked]).toEqual([[], []]);
    expect(receiver.counters).toMatchObject({ refused: 1, accepted: 0, rows: 0 });
  });

  describe('that is turned away before its signature is looked at leaves a row too:', () => {
    it.each(TURNED_AWAY)('$what', async ({ reason, send, limits }) => {
      const account = testAccount();
      const { url, receiver } = await testReceiver(database, [account], { limits: { maxBytes: 1_000, ...limits } });
      await send(url(account), receiver);
      await receiver.drain();
      const { deliveries } = await stored(database, account.tenantId);
      expect(deliveries).toMatchObject([{ accountId: account.accountId, verdict: 'REFUSED', reason, body: null }]);
    });

    it('what the provider sends again leaves none', async () => {
      const account = testAccount();
      const { url, receiver } = await testReceiver(database, [account], { limits: { budgetBytes: 10 } });
      expect((await post(url(account), message({ providerId: null }))).status).toBe(503);
      await receiver.drain();
      expect((await stored(database, account.tenantId)).deliveries).toEqual([]);
    });
  });

  it('is written within about a second without being asked', async () => {
    const account = testAccount();
    refusals().record(refusal(account));
    await expect
      .poll(async () => (await stored(database, account.tenantId)).deliveries, { timeout: 5_000 })
      .toHaveLength(1);
  });

  it('that comes in a flood is written at a bounded pace and counted beyond it', async () => {
    const account = testAccount();
    const { url, receiver } = await testReceiver(database, [account], {
      refusals: { ...REFUSAL_LIMITS, perAccount: 3 },
      // Time stands still for the pace, so that the whole flood falls into one second.
      world: { ...systemWorld(), timer: () => ({ cancel: () => undefined }) },
    });
    const flood = Array.from({ length: 200 }, () => post(url(account), 'forged', { 'x-signature': 'forged' }));
    const answers = await Promise.all(flood);
    expect(new Set(answers.map((answer) => answer.status))).toEqual(new Set([401]));
    await receiver.drain();
    expect((await stored(database, account.tenantId)).deliveries).toHaveLength(3);
    expect(receiver.counters).toMatchObject({ refused: 200, refusedUnrecorded: 197 });
  });

  it('of many accounts is bounded over all of them', async () => {
    const tenantId = randomUUID();
    const { record, flush, counters } = refusals();
    for (let n = 0; n < 150; n++) record(refusal({ tenantId, accountId: randomUUID() }));
    await flush();
    expect((await stored(database, tenantId)).deliveries).toHaveLength(REFUSAL_LIMITS.perSecond);
    expect(counters.refusedUnrecorded).toBe(50);
  });

  it('pushes the oldest out of a full ring of its account, and nothing else', async () => {
    const [account, other] = [testAccount(), testAccount()];
    const { url } = await testReceiver(database, [account]);
    await post(url(account), message({ providerId: null }));
    const { record, flush } = refusals();
    record(refusal({ tenantId: account.tenantId, accountId: other.accountId }));
    for (let n = 0; n < REFUSAL_LIMITS.ring + 25; n++) {
      record(refusal(account, `refusal ${n}`));
      if (n % REFUSAL_LIMITS.perAccount === REFUSAL_LIMITS.perAccount - 1) await flush();
    }
    await flush();
    const { deliveries } = await stored(database, account.tenantId);
    const ring = deliveries.filter((row) => row.verdict === 'REFUSED' && row.accountId === account.accountId);
    expect(ring).toHaveLength(REFUSAL_LIMITS.ring);
    const reasons = new Set(ring.map((row) => row.reason));
    expect([reasons.has('refusal 14'), reasons.has('refusal 1024')]).toEqual([false, true]);
    expect(deliveries).toHaveLength(REFUSAL_LIMITS.ring + 2);
  });

  it('that can not be written is counted and told, and the next one is written', async () => {
    const account = testAccount();
    const { record, flush, counters, errors } = refusals();
    record(refusal({ tenantId: 'no uuid', accountId: account.accountId }));
    await flush();
    expect(counters.refusedUnrecorded).toBe(1);
    expect(errors).toHaveLength(1);
    record(refusal(account));
    await flush();
    expect((await stored(database, account.tenantId)).deliveries).toHaveLength(1);
  });
});

/** Sends the head and 3 of 500 bytes, then waits until the server hangs up, or `leaves` holds. */
async function beginBody(url: string, leaves = (): boolean => false): Promise<void> {
  const { port, hostname, pathname } = new URL(url);
  const socket = connect(Number(port), hostname);
  const closed = new Promise((resolve) => socket.once('close', resolve));
  socket.resume();
  socket.on('error', () => undefined);
  socket.write(`POST ${pathname} HTTP/1.1\r\nhost: x\r\ncontent-length: 500\r\n\r\nabc`);
  await eventually(() => socket.closed || leaves(), { what: 'the request was taken' });
  socket.destroy();
  await closed;
}
