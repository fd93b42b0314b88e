/**
 * One transaction for everything a batch brings: dedupe keys, news into the cache, the deliveries with what they did.
 * @module
 */
import { DrizzleQueryError, sql } from 'drizzle-orm';
import { type Database, type SendLast, sent, type Tx } from '../db/client.ts';
import { sqlState } from '../db/postgres/database-fault.ts';
import type { Edit } from '../envelopes/state/edit.ts';
import { lockSighted, type Observed, observe, type Sighted } from '../envelopes/state/observe.ts';
import type { World } from '../world.ts';
import type { Incoming } from './incoming.ts';
import { claimKeys, insertDeliveries, type StoredDelivery } from './insert-deliveries.ts';

/** News that the reducer or the cache couldn't take, whatever the database is doing. */
export class UnusableNews extends Error {
  constructor(cause: unknown) {
    super(cause instanceof Error ? cause.message : String(cause), { cause });
    this.name = 'UnusableNews';
  }
}

/**
 * Commits the batch; answers the deliveries that were new. What isn't among them was stored before. `onLast` is called
 * when all that is left is the database's to do.
 */
export async function storeBatch(
  database: Database,
  world: World,
  batch: readonly Incoming[],
  onLast: () => void,
): Promise<readonly StoredDelivery[]> {
  const tenants = [...new Set(batch.map((one) => one.tenantId))].toSorted();
  const sorted = batch.toSorted(namedFirst);
  return database.withTenants(tenants, async (tx, sendLast) => {
    // In one round trip, whatever turns out to be a repetition: the keys first, since a connection works in order.
    const [, fresh, locked] = await Promise.all([
      planOnce(tx),
      claimKeys(tx, batch),
      lockSighted(tx, sorted.flatMap(sightedBy)),
    ]);
    const incoming = sorted.filter((one) => fresh.has(one.id));
    if (incoming.length === 0) return [];
    return apply(tx, world, locked, incoming, (send) => {
      const results = sendLast(send);
      onLast();
      return results;
    });
  });
}

/**
 * The statements of a batch find rows one by one, however many there are, so one plan is right for all; left to itself
 * the database plans most of them anew each time, which takes longer than some of them. A plan that was made while the
 * tables were small must not read them whole once they have grown.
 */
async function planOnce(tx: Tx): Promise<void> {
  await sent(
    tx.execute(
      sql`SELECT set_config('plan_cache_mode', 'force_generic_plan', true), set_config('enable_seqscan', 'off', true)`,
    ),
  );
}

function sightedBy({ tenantId, accountId, id, sightings }: Incoming): Sighted[] {
  return sightings.map((sighting) => ({ tenantId, accountId, deliveryId: id, sighting }));
}

/** What carries our own id goes first, so that news of the same envelope without it need not be parked in between. */
function namedFirst(a: Incoming, b: Incoming): number {
  return Number(isNamed(b)) - Number(isNamed(a));
}

function isNamed({ sightings }: Incoming): boolean {
  return sightings.some((sighting) => sighting.envelopeId !== null);
}

/** Brings the news into the cache, and the deliveries with what they did into their table in the same round trip. */
async function apply(
  tx: Tx,
  world: World,
  locked: readonly Edit[],
  batch: readonly Incoming[],
  sendLast: SendLast,
): Promise<StoredDelivery[]> {
  const storedWith = (observed: readonly Observed[]): StoredDelivery[] => {
    let next = 0;
    return batch.map((incoming) => {
      const own = observed.slice(next, (next += incoming.sightings.length));
      return { incoming, ...together(incoming, own) };
    });
  };
  const alongside = (found: readonly Observed[]): Promise<void> => insertDeliveries(tx, storedWith(found));
  const sighted = batch.flatMap(sightedBy);
  const observed = await observe(tx, world, locked, sighted, alongside, sendLast).catch(blameNews);
  return storedWith(observed);
}

/** What a delivery did, when it told of several envelopes: the first that was changed, else parked, else known. */
function together(incoming: Incoming, observed: readonly Observed[]): Pick<StoredDelivery, 'effect' | 'envelopeId'> {
  if (incoming.unparsable !== null) return { effect: 'NONE', envelopeId: null };
  for (const effect of ['APPLIED', 'PARKED', 'UNCHANGED'] as const) {
    const first = observed.find((one) => one.effect === effect);
    if (first) return first;
  }
  return { effect: 'IGNORED', envelopeId: null };
}

/** Tells an error of the code that applies news from one of the database under it. */
function blameNews(error: unknown): never {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if (cause instanceof DrizzleQueryError) throw error;
  }
  throw new UnusableNews(error);
}

/** 22: a value that the database refuses; 23: one that breaks a rule; 54: one too large for an index. */
const DATA_CLASSES = new Set(['22', '23', '54']);
/** Serialisation failure, deadlock. */
const RETRIED = new Set(['40001', '40P01']);

/** True when the batch's own content is at fault, so that its innocent members would commit without the guilty one. */
export function isDataFault(error: unknown): boolean {
  return error instanceof UnusableNews || DATA_CLASSES.has(sqlState(error)?.slice(0, 2) ?? '');
}

/** True when the same transaction may succeed if it is tried again at once. */
export function isRetryable(error: unknown): boolean {
  return RETRIED.has(sqlState(error) ?? '');
}
