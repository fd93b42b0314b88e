import { beforeAll, describe, expect, it } from 'vitest';
import type { Database } from '../../src/db/client.ts';
import { sourceGuard } from '../../src/webhooks/source.ts';
import { testDatabase } from '../kit/database.ts';
import { type Answer, message, post, stored, testAccount, testReceiver } from './kit.ts';

let database: Database;
beforeAll(async () => {
  database = await testDatabase();
});

/** A call from this machine, with the header as proxies and strangers wrote it; what it left behind. */
async function called(
  trustedProxies: string[],
  forwardedFor: string | null,
  webhookSources: string[] = ['203.0.113.0/24'],
): Promise<{ answer: Answer; deliveries: unknown[]; refused: number }> {
  const account = testAccount();
  const refuseSource = sourceGuard({ webhookSources, trustedProxies });
  const { url, receiver } = await testReceiver(database, [account], { refuseSource });
  const header: Record<string, string> = forwardedFor === null ? {} : { 'x-forwarded-for': forwardedFor };
  const answer = await post(url(account), message({ providerId: 'p' }), header);
  await receiver.drain();
  const { deliveries } = await stored(database, account.tenantId);
  return { answer, deliveries, refused: receiver.counters.refused };
}

describe('a webhook where only some addresses may call', () => {
  it('is taken from one of them, by way of a proxy of ours', async () => {
    const { answer, deliveries } = await called(['127.0.0.0/8'], '198.51.100.1, 203.0.113.9');
    expect(answer.status).toBe(200);
    expect(deliveries).toMatchObject([{ verdict: 'VERIFIED' }]);
  });

  it('is refused from another, and leaves a row with the address and without its body', async () => {
    const { answer, deliveries, refused } = await called(['127.0.0.0/8'], '203.0.113.9, 198.51.100.1');
    expect(answer.status).toBe(403);
    expect(deliveries).toMatchObject([
      {
        verdict: 'REFUSED',
        effect: 'NONE',
        reason: 'it came from 198.51.100.1, which is not among WEBHOOK_SOURCES',
        body: null,
      },
    ]);
    expect(refused).toBe(1);
  });

  it('is refused when whoever calls is no proxy of ours and writes the header themselves', async () => {
    const { answer, deliveries } = await called(['10.0.0.0/8'], '203.0.113.9');
    expect(answer.status).toBe(403);
    expect(deliveries).toMatchObject([{ reason: expect.stringContaining('127.0.0.1') }]);
  });

  it('is refused when the proxy names nobody that can be read', async () => {
    const { answer, deliveries } = await called(['127.0.0.0/8'], '203.0.113.9, unknown');
    expect(answer.status).toBe(403);
    expect(deliveries).toMatchObject([{ reason: expect.stringContaining('not known from which address') }]);
  });

  it('is taken from everywhere when no addresses are listed', async () => {
    expect((await called([], '198.51.100.1', [])).answer.status).toBe(200);
  });
});
