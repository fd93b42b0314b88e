import { randomUUID } from 'node:crypto';
import { and, eq, sql } from 'drizzle-orm';
import { afterEach, describe, expect, test } from 'vitest';
import { accounts, providerBudgets } from '../../src/db/tables/accounts.ts';
import { due } from '../../src/db/tables/due.ts';
import { parkedObservations } from '../../src/db/tables/inbox.ts';
import { startRunner } from '../../src/jobs/runner.ts';
import { uuidOf } from '../../src/model/ids.ts';
import { createLogger } from '../../src/telemetry/logger.ts';
import { noMetrics } from '../../src/telemetry/metrics.ts';
import { at, eventually, listAt, textAt } from '../kit/answer.ts';
import { envelope, send } from '../kit/envelopes.ts';
import { startTestGateway } from '../kit/gateway.ts';

const api = await startTestGateway();
const HOUR = 3_600_000;

interface Tenant {
  readonly tenantId: string;
  readonly token: string;
  readonly account: string;
  /** UUID. */
  readonly accountId: string;
}

async function newTenant(): Promise<Tenant> {
  const tenantId = randomUUID();
  const token = await api.token({ tenantId });
  const account = await api.connectSandboxAccount(tenantId);
  return { tenantId, token, account, accountId: uuidOf('Account', account) ?? '' };
}

/** An envelope that everybody has signed and of which no webhook has told. */
async function signedInSilence({ token, account }: Tenant): Promise<string> {
  await api.control('POST', '/faults', { route: 'webhook', kind: 'drop', times: 1_000 });
  const made = at(await send(api, token, { envelope: envelope(account) }), 'data.sendEnvelope.envelope');
  await api.control('POST', `/envelopes/${textAt(made, 'providerId')}/sign`);
  await api.control('POST', '/idle');
  return textAt(made, 'id');
}

const turnOf = ({ tenantId, accountId }: Tenant) =>
  and(eq(due.tenantId, tenantId), eq(due.kind, 'SWEEP'), eq(due.id, accountId));

async function makeDue(tenant: Tenant): Promise<void> {
  await api.database.withTenants([], (tx) =>
    tx
      .update(due)
      .set({ dueAt: sql`countersign_now()` })
      .where(turnOf(tenant)),
  );
}

/** Minutes until the account's next turn. */
async function minutesLeft(tenant: Tenant): Promise<number | null> {
  const [row] = await api.database.withTenants([], (tx) => tx.select().from(due).where(turnOf(tenant)));
  return row ? (row.dueAt.getTime() - Date.now()) / 60_000 : null;
}

async function sweptAt({ tenantId, accountId }: Tenant): Promise<Date | null> {
  const [row] = await api.database.withTenants([tenantId], (tx) =>
    tx.select().from(accounts).where(eq(accounts.id, accountId)),
  );
  return row?.sweptAt ?? null;
}

/** Routes by which the provider was read since that line of the ledger. */
async function readsSince(seq: number): Promise<unknown[]> {
  const lines = await api.ledger(`?kind=call&after=${seq}`);
  return lines.flatMap(({ route }) => (route?.startsWith('GET /envelopes') ? [route] : []));
}

const lastLine = async (): Promise<number> => (await api.ledger()).at(-1)?.seq ?? 0;

const STATUS = `query Q($id: ID!) {
  envelope(id: $id) { status sync { source } }
  events(first: 20, filter: { envelopeIds: [$id] }) { nodes { type source } }
}`;

afterEach(async () => {
  await api.control('DELETE', '/faults');
});

describe('a sweep', () => {
  test('finds what every webhook missed, by one call', async () => {
    const tenant = await newTenant();
    const id = await signedInSilence(tenant);
    const before = await lastLine();
    expect(at(await api.gql(tenant.token, STATUS, { id }), 'data.envelope.status')).toBe('SENT');
    await makeDue(tenant);
    await eventually(
      async () => at(await api.gql(tenant.token, STATUS, { id }), 'data.envelope.status') === 'COMPLETED',
    );
    // Asked anew: the fields of one answer are read at different moments.
    const answer = await api.gql(tenant.token, STATUS, { id });
    expect(at(answer, 'data.envelope.sync.source')).toBe('SWEEP');
    expect(listAt(answer, 'data.events.nodes')).toEqual(
      expect.arrayContaining([
        { type: 'RECIPIENT_SIGNED', source: 'SWEEP' },
        { type: 'ENVELOPE_COMPLETED', source: 'SWEEP' },
      ]),
    );
    await eventually(async () => (await sweptAt(tenant)) !== null);
    expect(await readsSince(before)).toEqual(['GET /envelopes']);
    await eventually(async () => ((await minutesLeft(tenant)) ?? 0) > 55);
  });

  test('is one, however many replicas look for what is due', async () => {
    const tenant = await newTenant();
    const id = await signedInSilence(tenant);
    const { accounts: opened } = api.gateway.services;
    const runners = [1, 2, 3].map(() =>
      startRunner({
        database: api.database,
        world: api.world,
        accounts: opened,
        bus: { hint: () => undefined, onHint: () => () => undefined, close: async () => undefined },
        logger: createLogger({ level: 'silent' }),
        metrics: noMetrics,
        running: new Set(),
        lookUps: { lookUp: async () => ({ outcome: 'NOTHING_TO_READ' }) },
        sweepMs: HOUR,
      }),
    );
    const before = await lastLine();
    await makeDue(tenant);
    await Promise.all(runners.map((runner) => runner.runDue()));
    await Promise.all(runners.map((runner) => runner.stop()));
    await eventually(async () => (await sweptAt(tenant)) !== null);
    expect(at(await api.gql(tenant.token, STATUS, { id }), 'data.envelope.status')).toBe('COMPLETED');
    expect(await readsSince(before)).toEqual(['GET /envelopes']);
  });

  test('leaves alone what was not sent from here', async () => {
    const [mine, other] = [await newTenant(), await newTenant()];
    await signedInSilence(other);
    await makeDue(mine);
    await eventually(async () => (await sweptAt(mine)) !== null);
    const parked = await api.database.withTenants([mine.tenantId], (tx) => tx.select().from(parkedObservations));
    expect(parked).toEqual([]);
    expect(at(await api.gql(mine.token, '{ envelopes(first: 9) { nodes { id } } }'), 'data.envelopes.nodes')).toEqual(
      [],
    );
  });

  test('that is refused comes again, from where the last whole one began', async () => {
    const tenant = await newTenant();
    const body = { errorCode: 'USER_LACKS_PERMISSIONS', message: 'no' };
    await api.control('POST', '/faults', { route: 'GET /envelopes', kind: 'status', status: 403, body });
    await makeDue(tenant);
    await eventually(() => api.log.some((line) => line.includes('a sweep was refused')));
    await eventually(async () => ((await minutesLeft(tenant)) ?? 0) > 55);
    expect(await sweptAt(tenant)).toBeNull();
  });

  test('leaves the last of the rate limits to sends, and has its turn when they begin anew', async () => {
    const tenant = await newTenant();
    const [now, resetAt] = [new Date(), new Date(Date.now() + HOUR / 3)];
    const told = { callLimit: 100, remaining: 10, resetAt, asOf: now };
    await api.database.withTenants([tenant.tenantId], (tx) =>
      tx
        .insert(providerBudgets)
        .values({ tenantId: tenant.tenantId, accountId: tenant.accountId, ...told })
        .onConflictDoUpdate({ target: [providerBudgets.tenantId, providerBudgets.accountId], set: told }),
    );
    const before = await lastLine();
    await makeDue(tenant);
    await eventually(async () => ((await minutesLeft(tenant)) ?? 0) > 15);
    expect(Math.round((await minutesLeft(tenant)) ?? 0)).toBe(20);
    expect(await readsSince(before)).toEqual([]);
    expect(await sweptAt(tenant)).toBeNull();
  });

  test('has no next turn for an account that is disconnected', async () => {
    const tenant = await newTenant();
    await api.database.withTenants([tenant.tenantId], (tx) =>
      tx.update(accounts).set({ disconnectedAt: sql`countersign_now()` }),
    );
    await makeDue(tenant);
    await eventually(async () => (await minutesLeft(tenant)) === null);
    expect(await sweptAt(tenant)).toBeNull();
  });
});
