import { beforeAll, describe, expect, it } from 'vitest';
import type { Database } from '../../src/db/client.ts';
import { webhook } from '../../src/providers/docusign/webhook.ts';
import { testDatabase } from '../kit/database.ts';
import { KEYS, message, post, seedEnvelope, sign, stored, testAccount, testReceiver } from './kit.ts';

let database: Database;
beforeAll(async () => {
  database = await testDatabase();
});

/** The database, whose first transactions with a tenant do their work and then fail as `code` says. */
function failing(times: number, code: string): { database: Database; tried: () => number } {
  let tried = 0;
  return {
    tried: () => tried,
    database: {
      ...database,
      withTenants: (tenants, work) =>
        database.withTenants(tenants, async (tx) => {
          const result = await work(tx, (send) => send());
          if (tenants.length > 0 && ++tried <= times) throw Object.assign(new Error('planted'), { code });
          return result;
        }),
    },
  };
}

describe('a batch', () => {
  it.each(['40P01', '40001'])('that the database gave up for another (%s) is tried again', async (code) => {
    const account = testAccount();
    const faulty = failing(3, code);
    const { url, errors } = await testReceiver(faulty.database, [account]);
    expect((await post(url(account), message({ providerId: null }))).status).toBe(200);
    expect((await stored(database, account.tenantId)).deliveries).toHaveLength(1);
    expect([faulty.tried(), errors]).toEqual([4, []]);
  });

  it('that is given up for ever is answered 503', async () => {
    const account = testAccount();
    const faulty = failing(Number.POSITIVE_INFINITY, '40P01');
    const { url, receiver } = await testReceiver(faulty.database, [account]);
    expect((await post(url(account), message({ providerId: null }))).status).toBe(503);
    expect(receiver.counters).toMatchObject({ accepted: 0, unavailable: 1, rows: 0 });
    expect(faulty.tried()).toBe(5);
  });

  it.each(['53300', '57P01', '42501', '08006'])(
    'is answered 503 and kept nowhere when the fault is not in its data: %s',
    async (code) => {
      const account = testAccount();
      const { url } = await testReceiver(failing(1, code).database, [account]);
      expect((await post(url(account), message({ providerId: null }))).status).toBe(503);
      expect((await stored(database, account.tenantId)).deliveries).toEqual([]);
    },
  );

  it('takes what comes just as the last one ends', async () => {
    const account = testAccount();
    const { url } = await testReceiver(database, [account]);
    for (let n = 0; n < 10; n++) {
      const pair = [
        post(url(account), message({ providerId: null })),
        post(url(account), message({ providerId: null })),
      ];
      expect((await Promise.all(pair)).map((answer) => answer.status)).toEqual([200, 200]);
    }
    expect((await stored(database, account.tenantId)).deliveries).toHaveLength(20);
  });

  it('takes deliveries of one envelope from two receivers at once without giving up', async () => {
    const account = testAccount();
    const receivers = [await testReceiver(database, [account]), await testReceiver(database, [account])];
    const names = ['a', 'b', 'c', 'd'];
    for (const name of names) await seedEnvelope(database, account, name);
    const sent = Array.from({ length: 60 }, (_, n) => {
      const status = n % 2 === 0 ? ('SENT' as const) : ('OPENED' as const);
      const providerId = names[(n * 3) % 4] ?? '';
      const at = new Date(Date.UTC(2026, 0, 15, 10, n)).toISOString();
      return receivers.map(({ url }) => post(url(account), message({ id: `n${n}`, providerId, status, at })));
    });
    const answers = await Promise.all(sent.flat());
    expect(new Set(answers.map((answer) => answer.status))).toEqual(new Set([200]));
    const { deliveries, events } = await stored(database, account.tenantId);
    expect(deliveries).toHaveLength(60);
    expect(events.map((event) => event.sequence)).toEqual(events.map((_, n) => BigInt(n + 1)));
  });
});

describe("DocuSign's messages", () => {
  it('are taken with any of several signatures, and applied', async () => {
    const account = { ...testAccount(), provider: { webhook } };
    const { url } = await testReceiver(database, [account]);
    const providerId = '22222222-2222-4222-8222-222222222222';
    await seedEnvelope(database, account, providerId);
    const body = JSON.stringify({
      event: 'envelope-sent',
      apiVersion: 'v2.1',
      retryCount: 0,
      generatedDateTime: '2026-01-15T10:30:00.0000000Z',
      data: { accountId: account.providerAccountId, envelopeId: providerId },
    });
    const signatures = {
      'x-docusign-signature-1': sign(body, 'a key we do not have yet'),
      'x-docusign-signature-2': sign(body, KEYS[1]),
    };
    expect((await post(url(account), body, signatures)).status).toBe(200);
    const retry = body.replace('"retryCount":0', '"retryCount":3');
    expect((await post(url(account), retry, { 'x-docusign-signature-1': sign(retry) })).status).toBe(200);
    expect((await post(url(account), retry, signatures)).status).toBe(401);
    const { deliveries, envelopes } = await stored(database, account.tenantId);
    expect(deliveries.filter((row) => row.verdict === 'VERIFIED')).toMatchObject([{ effect: 'APPLIED' }]);
    expect(envelopes).toMatchObject([{ status: 'SENT' }]);
  });
});
