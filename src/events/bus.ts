/**
 * Hints that the log has grown. A hint may be lost or doubled; the log is the truth, and a slow poll backs it up.
 * @module
 */
import type { Database } from '../db/client.ts';
import type { World } from '../world.ts';

/** Told of the tenants whose log has grown, or of nothing when it may be any: another replica's hint names none. */
export type HintListener = (tenantIds?: readonly string[]) => void;

export interface EventBus {
  /** After a commit. Wakes this process at once and the other replicas by one notification for what piles up meanwhile. */
  hint(tenantIds?: readonly string[]): void;
  /** Calls `listener` on each hint, from wherever it came. Answers how to stop. */
  onHint(listener: HintListener): () => void;
  close(): Promise<void>;
}

export interface EventBusOptions {
  readonly database: Database;
  readonly world: World;
  /** Told of a notification that could not be sent; the poll of the others makes up for it. */
  readonly onError?: (error: unknown) => void;
}

const CHANNEL = 'countersign_events';

export async function createEventBus({ database, onError = () => undefined }: EventBusOptions): Promise<EventBus> {
  const listeners = new Set<HintListener>();
  const wake: HintListener = (tenantIds) => {
    for (const listener of listeners) listener(tenantIds);
  };
  // PGlite lives in this process alone: there is nobody else to tell or to hear.
  const shared = database.kind === 'postgres';
  const listening = shared ? await database.listen(CHANNEL, () => wake()) : null;
  let telling: Promise<void> | null = null;
  let tellAgain = false;
  let closed = false;

  const tell = async (): Promise<void> => {
    do {
      tellAgain = false;
      await database.notify(CHANNEL).catch(onError);
    } while (tellAgain);
    telling = null;
  };

  return {
    hint(tenantIds) {
      wake(tenantIds);
      if (!shared || closed) return;
      if (telling) tellAgain = true;
      else telling = tell();
    },
    onHint(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    async close() {
      closed = true;
      listeners.clear();
      await telling;
      await listening?.close();
    },
  };
}
