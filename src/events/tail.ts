/**
 * One reader at the end of a tenant's log, for all its streams. It keeps the latest events in memory; streams pull from
 * it by sequence, so none has a queue of its own.
 * @module
 */
import type { Database } from '../db/client.ts';
import type { World } from '../world.ts';
import type { EventBus } from './bus.ts';
import { type EventRow, readEvents, readHead } from './read.ts';

export interface Tail {
  /** Resolves when the end of the log is known; rejects when it can't be read. */
  readonly started: Promise<void>;
  /** The last sequence that is known to be committed. */
  readonly head: bigint;
  /** What comes after, as far as it is in memory; null when that place has left memory. */
  after(sequence: bigint): readonly EventRow[] | null;
  /** Calls `wake` whenever the head has moved. Answers how to stop. */
  onAdvance(wake: () => void): () => void;
  stop(): void;
}

export interface TailOptions {
  readonly tenantId: string;
  readonly database: Database;
  readonly bus: EventBus;
  readonly world: World;
  /** Milliseconds between two looks when no hint comes. */
  readonly pollMs: number;
  /** Events kept in memory. */
  readonly keep: number;
  readonly onError: (error: unknown) => void;
}

const PAGE = 1_000;

export function startTail({ tenantId, database, bus, world, pollMs, keep, onError }: TailOptions): Tail {
  const wakers = new Set<() => void>();
  const stopped = new AbortController();
  let recent: EventRow[] = [];
  let head = 0n;
  let hinted = false;
  let pause = new AbortController();

  const readOn = async (): Promise<void> => {
    for (;;) {
      const from = head;
      const { rows } = await database.withTenants([tenantId], (tx) =>
        readEvents(tx, { tenantId, after: from, limit: PAGE, filter: {} }),
      );
      const last = rows.at(-1);
      if (!last) return;
      recent = rows.length >= keep ? rows.slice(-keep) : [...recent.slice(rows.length - keep), ...rows];
      head = last.sequence;
      for (const wake of wakers) wake();
    }
  };

  const run = async (): Promise<void> => {
    while (!stopped.signal.aborted) {
      if (!hinted) {
        pause = new AbortController();
        await world.sleep(pollMs, pause.signal);
      }
      hinted = false;
      if (stopped.signal.aborted) return;
      // Unread news stays unread until the database is back: the next look finds it.
      await readOn().catch(onError);
    }
  };

  const unhint = bus.onHint(() => {
    hinted = true;
    pause.abort();
  });
  const start = async (): Promise<void> => {
    const found = await database.withTenants([tenantId], (tx) => readHead(tx, tenantId));
    head = found.sequence;
    void run();
  };
  const started = start();

  return {
    started,
    get head() {
      return head;
    },
    after(sequence) {
      if (sequence >= head) return [];
      const first = recent[0]?.sequence;
      if (first === undefined || sequence < first - 1n) return null;
      return recent.slice(Number(sequence - first) + 1);
    },
    onAdvance(wake) {
      wakers.add(wake);
      return () => wakers.delete(wake);
    },
    stop() {
      stopped.abort();
      unhint();
      wakers.clear();
      pause.abort();
    },
  };
}
