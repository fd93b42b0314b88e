/**
 * Asking providers how envelopes stand. Look-ups that come at about the same time, from whatever request, are joined
 * per account into as few provider calls as its batches allow, with at most one in flight per envelope.
 * @module
 */
import DataLoader from 'dataloader';
import { and, eq, inArray, type SQL, sql } from 'drizzle-orm';
import { noteAsked } from '../../accounts/asked.ts';
import type { Database, Tx } from '../../db/client.ts';
import { dbNow } from '../../db/columns.ts';
import { envelopes } from '../../db/tables/envelopes.ts';
import { Problem } from '../../model/problems.ts';
import { standingEnd } from '../../model/reduce.ts';
import { addMilliseconds } from '../../model/time.ts';
import type { ProviderClient, ReadRequest } from '../../providers/provider.ts';
import type { World } from '../../world.ts';
import type { CommandDeps } from '../deps.ts';
import type { EnvelopeRow } from '../state/edit.ts';
import { lockSighted, observe } from '../state/observe.ts';
import { findEnvelopes } from '../state/read.ts';
import { lookUpsWaitUntil } from './reserve.ts';
import { keepValues, scheduleValueReads, wantedFields } from '../state/values.ts';

export type LookUp =
  | { readonly outcome: 'READ' }
  /** The provider's rule forbids asking again before `nextAllowedAt`. */
  | { readonly outcome: 'TOO_EARLY'; readonly nextAllowedAt: Date }
  /** What is left of the account's rate limits is kept for sends until then. */
  | { readonly outcome: 'RESERVED'; readonly nextAllowedAt: Date }
  /** A rate limit of the whole account is reached: nothing is asked before it ends. */
  | { readonly outcome: 'LIMITED'; readonly nextAllowedAt: Date }
  | { readonly outcome: 'UNAVAILABLE'; readonly message: string; readonly retryAfter: Date | null }
  /** There is nothing to ask: the envelope was never at the provider, or is there no more. */
  | { readonly outcome: 'NOTHING_TO_READ' };

interface LookUpKey {
  readonly tenantId: string;
  readonly accountId: string;
  readonly id: string;
  /** True for a read that a change of our own calls for: once per change, so the polling rule isn't in the way. */
  readonly urgent: boolean;
}

export interface LookUps {
  /** Reads the provider and brings what it says into the cache; joins a look-up that is under way. */
  lookUp(envelope: Pick<EnvelopeRow, 'tenantId' | 'accountId' | 'id'>, options?: { urgent?: boolean }): Promise<LookUp>;
}

/** Milliseconds that a look-up waits for others to come along. */
const JOIN_MS = 5;

export function createLookUps(deps: Pick<CommandDeps, 'database' | 'world' | 'accounts' | 'bus'>): LookUps {
  const loaders = new Map<string, DataLoader<LookUpKey, LookUp, string>>();

  const loaderOf = (tenantId: string, accountId: string): DataLoader<LookUpKey, LookUp, string> => {
    const account = `${tenantId} ${accountId}`;
    const held = loaders.get(account);
    if (held) return held;
    const loader = new DataLoader<LookUpKey, LookUp, string>(
      async (keys) => {
        try {
          return await lookUpBatch(deps, tenantId, accountId, keys);
        } finally {
          // The cache is what joins those in flight, and nothing longer.
          for (const key of keys) loader.clear(key);
        }
      },
      {
        cacheKeyFn: ({ id, urgent }) => `${id} ${urgent}`,
        batchScheduleFn: (run) => void deps.world.timer(JOIN_MS, run),
        maxBatchSize: 500,
      },
    );
    loaders.set(account, loader);
    return loader;
  };

  return {
    lookUp: ({ tenantId, accountId, id }, { urgent = false } = {}) => {
      // The batch belongs to nobody in particular: who asks is noted here.
      noteAsked(accountId);
      return loaderOf(tenantId, accountId).load({ tenantId, accountId, id, urgent });
    },
  };
}

async function lookUpBatch(
  deps: Pick<CommandDeps, 'database' | 'world' | 'accounts' | 'bus'>,
  tenantId: string,
  accountId: string,
  keys: readonly LookUpKey[],
): Promise<LookUp[]> {
  const { database, world, accounts, bus } = deps;
  const answers = new Map<string, LookUp>();
  let allowed: readonly EnvelopeRow[] = [];
  try {
    const client = await accounts.client(tenantId, accountId);
    const asked = withinBudget(client, keys, world.now(), answers);
    allowed = asked.length > 0 ? await claimReads(database, world, client, tenantId, asked, answers) : [];
    if (allowed.length > 0) {
      const readings = await client.read(await requestsFor(database, tenantId, allowed));
      await database.withTenants([tenantId], async (tx) => {
        const sighted = readings.map(({ values, ...sighting }) => {
          return { tenantId, accountId, sighting, deliveryId: null, withValues: values !== undefined };
        });
        const told = new Set(readings.filter(({ values }) => values).map(({ providerId }) => providerId));
        const values = new Map(readings.flatMap((reading) => [...(reading.values ?? [])]));
        await observe(tx, world, await lockSighted(tx, sighted), sighted, () => keepValues(tx, tenantId, values));
        // Told again what was known is news too: of how fresh it is.
        const read = allowed.filter(({ providerId }) => readings.some((reading) => reading.providerId === providerId));
        // Who asked for values while this read was under way has joined it, and it may have begun before the end.
        const early = read.filter(({ state }) => standingEnd(state) === null);
        const untold = early.filter(({ providerId }) => !told.has(providerId ?? ''));
        await scheduleValueReads(tx, untold);
        for (const { id } of read) answers.set(id, { outcome: 'READ' });
        await tx
          .update(envelopes)
          .set({ syncedAt: dbNow, syncSource: 'READ' })
          .where(
            and(
              eq(envelopes.tenantId, tenantId),
              inArray(
                envelopes.id,
                read.map(({ id }) => id),
              ),
            ),
          );
      });
      bus.hint([tenantId]);
    }
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    await giveBack(database, tenantId, allowed);
    const unavailable = { outcome: 'UNAVAILABLE' as const, message: error.message, retryAfter: error.retryAfter };
    return keys.map(({ id }) => answers.get(id) ?? unavailable);
  }
  return keys.map(({ id }) => answers.get(id) ?? { outcome: 'NOTHING_TO_READ' });
}

/** With the fields whose values are still wanted, where there is a chance that they are told. */
async function requestsFor(
  database: Database,
  tenantId: string,
  rows: readonly EnvelopeRow[],
): Promise<readonly ReadRequest[]> {
  const hopeful = rows.filter(({ state }) => (standingEnd(state)?.status ?? 'COMPLETED') === 'COMPLETED');
  const fields = await database.withTenants([tenantId], (tx) =>
    wantedFields(
      tx,
      tenantId,
      hopeful.map(({ id }) => id),
    ),
  );
  return rows.map(({ id, providerId, state }) => ({
    providerId: providerId ?? '',
    sawEnd: standingEnd(state)?.at ?? null,
    fields: fields.get(id) ?? [],
  }));
}

/** Those that may be asked for without taking from what is kept for sends. */
function withinBudget(
  { limits, readBatch }: ProviderClient,
  keys: readonly LookUpKey[],
  now: Date,
  answers: Map<string, LookUp>,
): readonly LookUpKey[] {
  const nextAllowedAt = limits ? lookUpsWaitUntil(limits.known, Math.ceil(keys.length / readBatch), now) : null;
  if (nextAllowedAt === null) return keys;
  const outcome = limits?.known.blockedUntil === nextAllowedAt ? 'LIMITED' : 'RESERVED';
  for (const { id, urgent } of keys) if (!urgent) answers.set(id, { outcome, nextAllowedAt });
  return keys.filter(({ urgent }) => urgent);
}

/** A call that came to nothing told nothing: the rule doesn't count it, and these may be asked for again. */
async function giveBack(database: Database, tenantId: string, claimed: readonly EnvelopeRow[]): Promise<void> {
  if (claimed.length === 0) return;
  const ids = claimed.map(({ id }) => id).toSorted();
  await database.withTenants([tenantId], (tx) =>
    tx
      .update(envelopes)
      .set({ polledAt: null })
      .where(inSorted(tx, tenantId, sql`${inArray(envelopes.id, ids)}`)),
  );
}

/** The envelopes that may be asked for now, marked as asked in the same statement, so that replicas share the rule. */
async function claimReads(
  database: Database,
  world: World,
  client: ProviderClient,
  tenantId: string,
  keys: readonly LookUpKey[],
  answers: Map<string, LookUp>,
): Promise<EnvelopeRow[]> {
  const urgent = keys.filter((key) => key.urgent).map(({ id }) => id);
  const ids = [...new Set(keys.map(({ id }) => id))];
  const interval = sql`${`${client.pollingIntervalMs} milliseconds`}::interval`;
  return database.withTenants([tenantId], async (tx) => {
    const allowed = await tx
      .update(envelopes)
      .set({ polledAt: dbNow })
      .where(
        inSorted(
          tx,
          tenantId,
          sql`${inArray(envelopes.id, ids)} AND ${envelopes.providerId} IS NOT NULL
            AND (${envelopes.polledAt} IS NULL OR ${envelopes.polledAt} <= countersign_now() - ${interval}
              OR ${urgent.length > 0 ? inArray(envelopes.id, urgent) : sql`false`})`,
        ),
      )
      .returning();
    const refused = ids.filter((id) => !allowed.some((row) => row.id === id));
    for (const row of await findEnvelopes(tx, tenantId, refused)) {
      if (row.providerId === null || !row.polledAt) continue;
      const nextAllowedAt = addMilliseconds(row.polledAt, client.pollingIntervalMs);
      answers.set(row.id, { outcome: 'TOO_EARLY', nextAllowedAt });
    }
    return allowed;
  });
}

/** The envelopes that the condition holds for, locked in the one order that everyone takes them in. */
function inSorted(tx: Tx, tenantId: string, condition: SQL): SQL {
  const locked = tx
    .select({ id: envelopes.id })
    .from(envelopes)
    .where(and(eq(envelopes.tenantId, tenantId), condition))
    .orderBy(envelopes.id)
    .for('update');
  return sql`${envelopes.tenantId} = ${tenantId} AND ${envelopes.id} IN (${locked})`;
}
