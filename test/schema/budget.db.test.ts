/**
 * A provider's rate limits, on two gateways that share one database: what one hears the other knows, look-ups leave the
 * last of them to sends, and nobody asks before a limit that was hit is over.
 */
import { randomUUID } from 'node:crypto';
import { sql } from 'drizzle-orm';
import { describe, expect, test } from 'vitest';
import { publicId, uuidOf } from '../../src/model/ids.ts';
import { systemWorld } from '../../src/world.ts';
import { type Answer, at, eventually, listAt, textAt } from '../kit/answer.ts';
import { envelope, send } from '../kit/envelopes.ts';
import { type LedgerLine, startTestGateway } from '../kit/gateway.ts';

const HOUR = 3_600_000;
const real = systemWorld();
const world = {
  ...real,
  // What is written every few seconds is written soon.
  timer: (ms: number, fire: () => void) => real.timer(ms > 1_000 && ms <= 5_000 ? 50 : ms, fire),
};
const one = await startTestGateway({ world });
const resetAt = await limit({});
const other = await startTestGateway({ world, beside: one });
const both = [one, other];
const tenantId = randomUUID();
const token = await one.token({ tenantId });
const account = await one.connectSandboxAccount(tenantId);

const SYNC = `query Sync($ids: [ID!]) {
  envelopes(first: 100, filter: { ids: $ids }, freshness: { live: true }) {
    nodes { id sync { stale staleReason nextAllowedAt } }
  }
}`;
const CACHED = 'query Cached($ids: [ID!]) { envelopes(first: 100, filter: { ids: $ids }) { nodes { id } } }';
const BUDGET = `query Budget($id: ID!) {
  account(id: $id) { budget { limit remaining resetAt burst { limit remaining } asOf blockedUntil } }
}`;
const KEPT = "What is left of the provider's rate limits is kept for sends.";

const isOfEnvelopes = ({ route }: LedgerLine): boolean => route?.includes('/envelopes') ?? false;

/** Sets limits at the sandbox, and answers when the hour ends that begins with them, as its headers tell it. */
async function limit(limits: object): Promise<string> {
  const since = Date.parse(textAt(await one.control('PUT', '/limits', limits), 'since'));
  return new Date(Math.ceil((since + HOUR) / 1_000) * 1_000).toISOString();
}

/** Routes of the calls on envelopes that the sandbox saw meanwhile. */
async function callsDuring(work: () => Promise<unknown>): Promise<unknown[]> {
  const after = (await one.ledger()).at(-1)?.seq ?? 0;
  await work();
  return (await one.ledger(`?kind=call&after=${after}`)).filter(isOfEnvelopes).map(({ route }) => route);
}

async function sent(): Promise<string> {
  return textAt(await send(one, token, { envelope: envelope(account) }), 'data.sendEnvelope.envelope.id');
}

async function mayBePolled(): Promise<void> {
  await one.database.withTenants([tenantId], (tx) => tx.execute(sql`UPDATE envelopes SET polled_at = NULL`));
}

/** The envelope and `count` more like it, which the provider has never heard of. */
async function withCopies(of: string, count: number): Promise<string[]> {
  const ids = [of, ...Array.from({ length: count }, () => publicId('Envelope', world.uuid()))];
  const uuids = ids.slice(1).map((id) => uuidOf('Envelope', id));
  await one.database.withTenants([tenantId], (tx) =>
    tx.execute(sql`
      INSERT INTO envelopes (tenant_id, id, account_id, provider, provider_id, status, subject, metadata, state)
      SELECT e.tenant_id, x.id::uuid, e.account_id, e.provider, gen_random_uuid()::text, e.status, e.subject, e.metadata, e.state
      FROM envelopes e, jsonb_array_elements_text(${JSON.stringify(uuids)}::jsonb) AS x(id)
      WHERE e.tenant_id = ${tenantId} AND e.id = ${uuidOf('Envelope', of)}`),
  );
  return ids;
}

const syncsOf = (answer: Answer): unknown[] => listAt(answer, 'data.envelopes.nodes').map((node) => at(node, 'sync'));

describe('the budget of an account', () => {
  test('is told with answers over HTTP that turned to its provider, and with no others', async () => {
    const id = await sent();
    await mayBePolled();
    const asked = await one.whole(token, SYNC, { ids: [id] });
    expect(at(asked, 'extensions.providerBudget')).toEqual([
      {
        accountId: account,
        limit: expect.any(Number),
        remaining: expect.any(Number),
        resetAt,
        burst: { limit: expect.any(Number), remaining: expect.any(Number) },
        asOf: expect.any(String),
        blockedUntil: null,
      },
    ]);
    const cached = await one.whole(token, CACHED, { ids: [id] });
    expect(cached.extensions).toEqual({ cost: { requested: expect.any(Number), maximum: 5_000 } });
    const again = await one.whole(token, CACHED, { ids: [id] });
    expect(again.extensions).toEqual(cached.extensions);
    const follower = one.sse(token, 'subscription { events { cursor } }');
    expect(await follower.first(() => true)).not.toHaveProperty('extensions');
  });

  test('is told to no token that is narrowed to envelopes', async () => {
    const id = await sent();
    await mayBePolled();
    const narrowed = await one.token({ tenantId, envelopes: [uuidOf('Envelope', id) ?? ''] });
    const answer = await one.whole(narrowed, SYNC, { ids: [id] });
    expect(syncsOf(answer)).toMatchObject([{ stale: false }]);
    expect(answer.extensions).not.toHaveProperty('providerBudget');
  });

  test('that one gateway heard is a field of the account at the other', async () => {
    const answer = await one.whole(token, SYNC, { ids: [await sent()] });
    const heard = at(answer, 'extensions.providerBudget.0.remaining');
    const told = await eventually(async () => {
      const answer = await other.gql(token, BUDGET, { id: account });
      const remaining = Number(at(answer, 'data.account.budget.remaining'));
      return remaining <= Number(heard) ? { remaining } : null;
    });
    expect(told.remaining).toBeGreaterThanOrEqual(0);
  });
});

describe('60 stale envelopes', () => {
  test('asked for in one request cost as many calls as the batches make of them', async () => {
    const ids = await withCopies(await sent(), 59);
    await mayBePolled();
    const calls = await callsDuring(() => one.gql(token, SYNC, { ids }));
    expect(calls).toEqual(['GET /envelopes', 'GET /envelopes']);
  });

  test('asked for at both gateways at once are asked for once', async () => {
    const ids = await withCopies(await sent(), 59);
    await mayBePolled();
    const calls = await callsDuring(() => Promise.all(both.map((api) => api.gql(token, SYNC, { ids }))));
    expect(calls).toEqual(['GET /envelopes', 'GET /envelopes']);
  });
});

describe('limits that are nearly spent', () => {
  test('are kept for sends, at every gateway', async () => {
    const id = await sent();
    await eventually(async () => {
      await one.database.withTenants([tenantId], (tx) =>
        tx.execute(sql`UPDATE provider_budgets SET call_limit = 100, remaining = 10, reset_at = ${resetAt}::timestamptz,
          as_of = ${world.now().toISOString()}::timestamptz`),
      );
      await mayBePolled();
      const calls = await callsDuring(() => other.gql(token, SYNC, { ids: [id] }));
      return calls.length === 0;
    });
    for (const api of both) {
      const answers: Answer[] = [];
      const calls = await callsDuring(async () => answers.push(await api.gql(token, SYNC, { ids: [id] })));
      expect(calls).toEqual([]);
      expect(answers.flatMap(syncsOf)).toEqual([{ stale: true, staleReason: KEPT, nextAllowedAt: resetAt }]);
    }
    const answer = await send(other, token, { envelope: envelope(account) });
    expect(at(answer, 'data.sendEnvelope.envelope.status')).toBe('SENT');
  });
});

describe('a limit that was hit', () => {
  test('stops every call to the account until it is over, at every gateway', async () => {
    const [first, second] = [await sent(), await sent()];
    await mayBePolled();
    const over = await limit({ hourly: 0, status: 400 });
    expect(await callsDuring(() => one.gql(token, SYNC, { ids: [first] }))).toHaveLength(1);
    for (const api of both) {
      await eventually(async () => {
        const told = await api.gql(token, BUDGET, { id: account });
        return at(told, 'data.account.budget.blockedUntil') === over;
      });
      await mayBePolled();
      const calls = await callsDuring(async () => {
        const [sync] = syncsOf(await api.gql(token, SYNC, { ids: [second] }));
        const staleReason = "The provider's rate limit is reached.";
        expect(sync).toEqual({ stale: true, staleReason, nextAllowedAt: over });
        const answer = await send(api, token, { envelope: envelope(account) }, { waitMs: 0 });
        const commandOf = async () => {
          const found = await api.gql(token, COMMANDS, { id: textAt(answer, 'data.sendEnvelope.envelope.id') });
          return at(found, 'data.envelope.commands.0.nextTryAt');
        };
        const nextTryAt = await eventually(async () => {
          const time = await commandOf();
          return typeof time === 'string' ? time : null;
        });
        expect(Math.abs(Date.parse(nextTryAt) - Date.parse(over))).toBeLessThan(10_000);
      });
      expect(calls).toEqual([]);
    }
  });
});

const COMMANDS = 'query Commands($id: ID!) { envelope(id: $id) { status commands { state nextTryAt } } }';
