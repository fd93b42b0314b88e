/**
 * The micro-batch: whatever waits while a commit is in flight shares the next transaction, so that a busy gateway
 * commits few times and an idle one at once. A batch that fails on its data is halved until the bad one stands alone.
 * @module
 */
import type { Database } from '../db/client.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { inSpan } from '../telemetry/tracing.ts';
import type { World } from '../world.ts';
import type { WebhookCounters } from './counters.ts';
import { type Incoming, unusable } from './incoming.ts';
import type { StoredDelivery } from './insert-deliveries.ts';
import { isDataFault, isRetryable, storeBatch } from './store-batch.ts';

export interface InboxDeps {
  readonly database: Database;
  readonly world: World;
  readonly counters: WebhookCounters;
  readonly metrics: Metrics;
  /** Told after a commit which tenants have news. */
  readonly hint: (tenantIds: readonly string[]) => void;
  /** Told what went wrong; the text of a database error holds parameters and isn't for logs as it stands. */
  readonly onError: (error: unknown) => void;
}

export interface Inbox {
  /** Resolves when the delivery is on disk, rejects when it can't be promised. */
  put(incoming: Incoming): Promise<'STORED' | 'DUPLICATE'>;
  /** Resolves when nothing waits any more. */
  drain(): Promise<void>;
}

/** Deliveries of one transaction, and bytes of their bodies; one larger body goes alone. */
const BATCH_ROWS = 64;
const BATCH_BYTES = 1024 * 1024;
/** Transactions at once. */
const LANES = 4;
/** So many must wait for a transaction to begin beside others: fewer aren't worth its statements. */
const WORTH_A_LANE = 16;
const ATTEMPTS = 5;

interface Waiting {
  readonly incoming: Incoming;
  readonly resolve: (outcome: 'STORED' | 'DUPLICATE') => void;
  readonly reject: (error: unknown) => void;
}

export function createInbox(deps: InboxDeps): Inbox {
  const { database, world, counters, metrics } = deps;
  let queue: Waiting[] = [];
  let queuedBytes = 0;
  let running = 0;
  /** Of those that run: batches whose last statements haven't left yet. */
  const asking = new Set<readonly Waiting[]>();
  const lanes = new Set<Promise<void>>();

  /** Another begins when the others have nothing left to ask for, so that this thread works while the database does. */
  function openLane(): void {
    const full = queuedBytes >= BATCH_BYTES || queue.length >= BATCH_ROWS;
    const worth = asking.size === 0 && queue.length >= WORTH_A_LANE;
    if (running === LANES || (running > 0 && !full && !worth)) return;
    const lane = runLane().finally(() => lanes.delete(lane));
    lanes.add(lane);
  }

  async function runLane(): Promise<void> {
    // Counted in the turn that finds the queue empty: what comes after must see that nobody will take it.
    running += 1;
    while (queue.length > 0) {
      // PGlite works on this thread: without a pause nothing could arrive while it commits, and nothing would be joined.
      if (database.kind === 'pglite') await world.sleep(0);
      const batch = take();
      if (batch.length > 0) await commit(batch);
    }
    running -= 1;
  }

  function take(): Waiting[] {
    let bytes = 0;
    let count = 0;
    for (const { incoming } of queue) {
      if (count === BATCH_ROWS || (count > 0 && bytes + incoming.body.length > BATCH_BYTES)) break;
      bytes += incoming.body.length;
      count += 1;
    }
    const batch = queue.slice(0, count);
    queue = queue.slice(count);
    queuedBytes -= bytes;
    return batch;
  }

  async function commit(batch: readonly Waiting[]): Promise<void> {
    asking.add(batch);
    const asked = (): void => {
      if (asking.delete(batch)) openLane();
    };
    try {
      const incoming = batch.map((one) => one.incoming);
      const began = world.monotonic();
      const attributes = { 'countersign.deliveries': incoming.length };
      const stored = await inSpan('webhook batch', { attributes }, () =>
        storeWithRetries(incoming, asked).finally(asked),
      );
      metrics.batch(batch.length, world.monotonic() - began);
      settle(batch, stored);
    } catch (error) {
      await recover(batch, error);
    }
  }

  async function storeWithRetries(batch: readonly Incoming[], onLast: () => void): Promise<readonly StoredDelivery[]> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await storeBatch(database, world, batch, onLast);
      } catch (error) {
        if (attempt === ATTEMPTS || !isRetryable(error)) throw error;
        await world.sleep(world.random() * 10 * 2 ** attempt);
      }
    }
  }

  async function recover(batch: readonly Waiting[], error: unknown): Promise<void> {
    const [first] = batch;
    if (!first || !isDataFault(error)) {
      deps.onError(error);
      for (const one of batch) one.reject(error);
    } else if (batch.length > 1) {
      const middle = Math.ceil(batch.length / 2);
      await commit(batch.slice(0, middle));
      await commit(batch.slice(middle));
    } else if (first.incoming.unparsable === null) {
      deps.onError(error);
      await commit([{ ...first, incoming: unusable(first.incoming, faultOf(error)) }]);
    } else {
      first.reject(error);
    }
  }

  function settle(batch: readonly Waiting[], stored: readonly StoredDelivery[]): void {
    const ids = new Set(stored.map((one) => one.incoming.id));
    counters.batches += 1;
    counters.rows += stored.length;
    for (const one of stored) if (one.incoming.unparsable !== null) counters.unparsable += 1;
    for (const { incoming, resolve } of batch) resolve(ids.has(incoming.id) ? 'STORED' : 'DUPLICATE');
    const changed = stored.filter((one) => one.effect === 'APPLIED').map((one) => one.incoming.tenantId);
    if (changed.length > 0) deps.hint([...new Set(changed)]);
  }

  return {
    put: (incoming) =>
      new Promise((resolve, reject) => {
        queue.push({ incoming, resolve, reject });
        queuedBytes += incoming.body.length;
        openLane();
      }),
    drain: async () => {
      while (lanes.size > 0) await Promise.all(lanes);
    },
  };
}

/** The database's own words for the fault; those of the query would repeat the parameters. */
function faultOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  return `its news can't be stored: ${cause instanceof Error ? cause.message : String(cause)}`;
}
