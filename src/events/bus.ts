/**
 * Hints that the log has grown. A hint may be lost or doubled; the log is the truth, and a slow poll backs it up.
 * @module
 */
import type { Database } from '../db/client.ts';
import type { World } from '../world.ts';

export interface EventBus {
  /** After a commit. Wakes this process at once and the other replicas by one notification for what piles up meanwhile. */
  hint(tenantIds?: readonly string[]): void;
  /** Calls `listener` on each hint, from wherever it came. Answers how to stop. */
  onHint(listener: () => void): () => void;
  close(): Promise<void>;
}

export interface EventBusOptions {
  readonly database: Database;
  readonly world: World;
  readonly onError?: (error: unknown) => void;
}

const CHANNEL = 'countersign_events';

export async function createEventBus({ database, onError = () => undefined }: EventBusOptions): Promise<EventBus> {
  const listeners = new Set<() => void>();
  const wake = (): void => {
    for (const listener of listeners) listener();
  };
  // PGlite lives in this process alone: there is nobody else to tell or to hear.
  const shared = database.kind === 'postgres';
  const listening = shared ? await database.listen(CHANNEL, wake) : null;
  let telling: Promise<void> | null = null;
  let tellAgain = false;

  const tell = async (): Promise<void> => {
    do {
      tellAgain = false;
      await database.notify(CHANNEL).catch(onError);
    } while (tellAgain);
    telling = null;
  };

  return {
    hint() {
      wake();
      if (!shared) return;
      if (telling) tellAgain = true;
      else telling = tell();
    },
    onHint(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    async close() {
      listeners.clear();
      await telling;
      await listening?.close();
    },
  };
}
