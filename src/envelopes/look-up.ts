/**
 * Asking providers how envelopes stand. Look-ups that come at about the same time, from whatever request, are joined
 * per account into as few provider calls as its batches allow, with at most one in flight per envelope.
 * @module
 */
import DataLoader from 'dataloader';
import { and, eq, inArray, type SQL, sql } from 'drizzle-orm';
import type { Database, Tx } from '../db/client.ts';
import { dbNow } from '../db/columns.ts';
import { envelopes } from '../db/tables.ts';
import { Problem } from '../model/problems.ts';
import { standingEnd } from '../model/reduce.ts';
import { addMilliseconds } from '../model/time.ts';
import type { ProviderClient } from '../providers/provider.ts';
import type { World } from '../world.ts';
import type { CommandDeps } from './attempt.ts';
import type { EnvelopeRow } from './edit.ts';
import { observe } from './observe.ts';
import { findEnvelopes } from './read.ts';

export type LookUp =
  | { readonly outcome: 'READ' }
  /** The provider's rule forbids asking again before `nextAllowedAt`. */
  | { readonly outcome: 'TOO_EARLY'; readonly nextAllowedAt: Date }
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
    lookUp: ({ tenantId, accountId, id }, { urgent = false } = {}) =>
      loaderOf(tenantId, accountId).load({ tenantId, accountId, id, urgent }),
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
    allowed = await claimReads(database, world, client, tenantId, keys, answers);
    if (allowed.length > 0) {
      const requests = allowed.map(({ providerId, state }) => ({
        providerId: providerId ?? '',
        sawEnd: standingEnd(state)?.at ?? null,
      }));
      const sightings = await client.read(requests);
      await database.withTenants([tenantId], async (tx) => {
        await observe(
          tx,
          world,
          sightings.map((sighting) => ({ tenantId, accountId, sighting, deliveryId: null })),
        );
        // Told again what was known is news too: of how fresh it is.
        const read = allowed.filter(({ providerId }) =>
          sightings.some((sighting) => sighting.providerId === providerId),
        );
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
