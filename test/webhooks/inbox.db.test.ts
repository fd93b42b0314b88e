import { randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Database } from '../../src/db/client.ts';
import { JOINED_BODY_BYTES } from '../../src/webhooks/insert-deliveries.ts';
import { testDatabase } from '../kit/database.ts';
import { message, post, seedEnvelope, stored, testAccount, testReceiver } from './kit.ts';

/** A time that RFC 3339 and JavaScript know and Postgres refuses: it passes every check but the last. */
const POISON = '0000-01-01T00:00:00Z';

let database: Database;
beforeAll(async () => {
  database = await testDatabase();
});

/** The database, whose first transaction waits, so that all that comes meanwhile shares the second. */
function gated() {
  const gate = Promise.withResolvers<void>();
  let transactions = 0;
  const waiting: Database = {
    ...database,
    withTenants: async (tenants, work) => {
      if (transactions++ === 0) await gate.promise;
      return database.withTenants(tenants, work);
    },
  };
  const reached = async (): Promise<void> => {
    await expect.poll(() => transactions).toBe(1);
  };
  return { database: waiting, reached, open: () => gate.resolve() };
}

describe('the inbox', () => {
  it('drops a repetition whose body counts its retries', async () => {
    const account = testAccount();
    const { url, receiver } = await testReceiver(database, [account]);
    await seedEnvelope(database, account, 'p');
    const id = randomUUID();
    for (const retryCount of [0, 1, 2]) {
      expect((await post(url(account), message({ id, retryCount, providerId: 'p' }))).status).toBe(200);
    }
    const { deliveries, events } = await stored(database, account.tenantId);
    expect(deliveries).toHaveLength(1);
    expect(events).toHaveLength(1);
    expect(receiver.counters).toMatchObject({ received: 3, accepted: 3, duplicate: 2, rows: 1 });
  });

  it('stores one row when repetitions come at once to two receivers', async () => {
    const account = testAccount();
    const receivers = [await testReceiver(database, [account]), await testReceiver(database, [account])];
    await seedEnvelope(database, account, 'p');
    const ids = Array.from({ length: 10 }, () => randomUUID());
    const sent = ids.flatMap((id) =>
      receivers.flatMap(({ url }) =>
        [0, 1].map((retryCount) => post(url(account), message({ id, retryCount, providerId: 'p' }))),
      ),
    );
    const answers = await Promise.all(sent);
    expect(new Set(answers.map((answer) => answer.status))).toEqual(new Set([200]));
    const { deliveries, keys, events } = await stored(database, account.tenantId);
    expect(deliveries).toHaveLength(10);
    expect(keys.map((key) => key.deliveryId).toSorted()).toEqual(deliveries.map((row) => row.id));
    expect(events).toHaveLength(1);
  });

  it('keeps the keys of two accounts apart', async () => {
    const accounts = [testAccount(), testAccount()];
    const { url } = await testReceiver(database, accounts);
    const body = message({ providerId: null });
    await Promise.all(accounts.map((account) => post(url(account), body)));
    for (const { tenantId } of accounts) expect((await stored(database, tenantId)).deliveries).toHaveLength(1);
  });

  it('ends in the same envelope when news comes out of order', async () => {
    const account = testAccount();
    const { url } = await testReceiver(database, [account]);
    await seedEnvelope(database, account, 'p');
    const news = [
      message({ providerId: 'p', status: 'COMPLETED', at: '2026-01-15T12:00:00Z' }),
      message({ providerId: 'p', status: 'SENT', at: '2026-01-15T10:00:00Z' }),
      message({ providerId: 'p', status: 'OPENED', at: '2026-01-15T11:00:00Z' }),
    ];
    for (const body of news) await post(url(account), body);
    const { envelopes, events } = await stored(database, account.tenantId);
    expect(envelopes).toMatchObject([{ status: 'COMPLETED' }]);
    expect(events.map((event) => event.type)).toEqual(['ENVELOPE_COMPLETED']);
  });

  it('parks what overtook its send and applies it when the envelope is told of', async () => {
    const account = testAccount();
    const { url } = await testReceiver(database, [account]);
    const { id, ours } = await seedEnvelope(database, account, null);
    await post(url(account), message({ providerId: 'p', status: 'OPENED', at: '2026-01-15T11:00:00Z' }));
    expect(await stored(database, account.tenantId)).toMatchObject({
      deliveries: [{ effect: 'PARKED', envelopeId: null }],
      parked: [{ providerId: 'p' }],
      events: [],
    });
    await post(url(account), message({ providerId: 'p', ours, status: 'SENT' }));
    expect(await stored(database, account.tenantId)).toMatchObject({
      deliveries: [{ effect: 'APPLIED', envelopeId: id }, { effect: 'UNCHANGED' }],
      envelopes: [{ providerId: 'p', status: 'OPENED' }],
      parked: [],
    });
  });

  it.each([
    ['before', true],
    ['after', false],
  ])('applies news of an envelope that comes %s its name in one batch', async (_, unnamedFirst) => {
    const account = testAccount();
    const gate = gated();
    const { url, receiver } = await testReceiver(gate.database, [account]);
    const { id, ours } = await seedEnvelope(database, account, null);
    const first = post(url(account), message({ providerId: null }));
    await gate.reached();
    const named = message({ providerId: 'p', ours, status: 'SENT' });
    const unnamed = message({ providerId: 'p', status: 'OPENED', at: '2026-01-15T11:00:00Z' });
    const answers: Promise<unknown>[] = [first];
    for (const body of unnamedFirst ? [unnamed, named] : [named, unnamed]) {
      answers.push(post(url(account), body));
      await expect.poll(() => receiver.counters.received).toBe(answers.length);
    }
    gate.open();
    await Promise.all(answers);
    const { envelopes, parked, deliveries } = await stored(database, account.tenantId);
    expect(receiver.counters.batches).toBe(2);
    expect(envelopes).toMatchObject([{ providerId: 'p', status: 'OPENED' }]);
    expect(parked).toEqual([]);
    const ofEnvelope = deliveries.filter((row) => row.envelopeId === id);
    expect(ofEnvelope.map((row) => row.effect)).toEqual(['APPLIED', 'APPLIED']);
  });

  it('keeps an authentic body that it can not read, answers it as accepted, and drops its repetition', async () => {
    const account = testAccount();
    const { url, receiver } = await testReceiver(database, [account]);
    const bodies = ['{"half":', JSON.stringify({ id: 'x', providerId: 'p', status: 'NEW_WORD', at: 'x' })];
    for (const body of [...bodies, ...bodies]) expect((await post(url(account), body)).status).toBe(200);
    const { deliveries } = await stored(database, account.tenantId);
    expect(deliveries).toMatchObject([
      { verdict: 'UNPARSABLE', effect: 'NONE', reason: 'the body is no JSON' },
      { verdict: 'UNPARSABLE', effect: 'NONE', reason: expect.stringContaining('the parser failed') },
    ]);
    expect(deliveries.map((row) => row.body?.toString())).toEqual(bodies);
    expect(receiver.counters).toMatchObject({ unparsable: 2, duplicate: 2 });
  });

  it('takes NUL and half a surrogate pair out of the text, and keeps the body as it came', async () => {
    const account = testAccount();
    const { url } = await testReceiver(database, [account]);
    await seedEnvelope(database, account, 'p');
    const body = message({ providerId: 'p', status: 'DECLINED', reason: 'too\u0000 dear \ud83d' });
    expect((await post(url(account), body, { 'content-type': 'text/\u00ff' })).status).toBe(200);
    const { deliveries, envelopes } = await stored(database, account.tenantId);
    expect(deliveries).toMatchObject([{ verdict: 'VERIFIED', effect: 'APPLIED' }]);
    expect(deliveries[0]?.body?.toString()).toBe(body);
    expect(envelopes).toMatchObject([{ status: 'DECLINED', reason: 'too dear \ufffd' }]);
  });

  it('commits fifteen good deliveries beside one that the database refuses', async () => {
    const account = testAccount();
    const gate = gated();
    const { url, receiver, errors } = await testReceiver(gate.database, [account]);
    for (let n = 0; n < 16; n++) await seedEnvelope(database, account, `p${n}`);
    const first = post(url(account), message({ providerId: null }));
    await gate.reached();
    const answers = Array.from({ length: 16 }, (_, n) =>
      post(url(account), message({ providerId: `p${n}`, ...(n === 9 ? { at: POISON } : {}) })),
    );
    await expect.poll(() => receiver.counters.received).toBe(17);
    gate.open();
    expect((await Promise.all([first, ...answers])).map((answer) => answer.status)).toEqual(Array(17).fill(200));
    const { deliveries, envelopes, events } = await stored(database, account.tenantId);
    expect(deliveries.filter((row) => row.verdict === 'UNPARSABLE')).toMatchObject([
      { effect: 'NONE', reason: expect.stringContaining("its news can't be stored"), body: expect.any(Buffer) },
    ]);
    expect(deliveries.filter((row) => row.effect === 'APPLIED')).toHaveLength(15);
    expect(envelopes.filter((row) => row.status === 'SENT')).toHaveLength(15);
    expect(events.map((event) => event.sequence)).toEqual(Array.from({ length: 15 }, (_, n) => BigInt(n + 1)));
    expect(errors).toHaveLength(1);
  });

  it('joins what waits while a commit is in flight into one transaction', async () => {
    const account = testAccount();
    const { url, receiver } = await testReceiver(database, [account]);
    await Promise.all(Array.from({ length: 60 }, () => post(url(account), message({ providerId: null }))));
    expect(receiver.counters.rows).toBe(60);
    expect(receiver.counters.batches).toBeLessThan(40);
  });

  it('keeps every body whole, joined or alone, empty or at the edge', async () => {
    const account = testAccount();
    const { url } = await testReceiver(database, [account]);
    const sizes = [0, 1, 100, JOINED_BODY_BYTES - 400, JOINED_BODY_BYTES - 1, JOINED_BODY_BYTES, 100_000, 300_000];
    const bodies = sizes.map((size, n) => Buffer.alloc(size, 65 + n));
    const answers = await Promise.all(bodies.map((body) => post(url(account), body)));
    expect(answers.map((answer) => answer.status)).toEqual(sizes.map(() => 200));
    const { deliveries } = await stored(database, account.tenantId);
    const bySize = deliveries.map((row) => row.body ?? Buffer.from('none')).toSorted((a, b) => a.length - b.length);
    expect(bySize.every((body, n) => body.equals(bodies[n] ?? Buffer.from('-')))).toBe(true);
  });

  it('serves several tenants in one batch and shows each its own', async () => {
    const accounts = Array.from({ length: 5 }, () => testAccount());
    const { url, hints } = await testReceiver(database, accounts);
    for (const account of accounts) await seedEnvelope(database, account, 'p');
    await Promise.all(accounts.map((account) => post(url(account), message({ providerId: 'p' }))));
    for (const { tenantId } of accounts) {
      expect(await stored(database, tenantId)).toMatchObject({
        deliveries: [{ tenantId, effect: 'APPLIED' }],
        events: [{ tenantId, sequence: 1n }],
      });
    }
    expect(hints.flat().toSorted()).toEqual(accounts.map((account) => account.tenantId).toSorted());
  });
});
