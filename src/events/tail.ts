/**
 * One reader at the end of a tenant's log, for all its streams.
 * @module
 */
import type { Database } from '../db/client.ts';
import { type EventRow, readEvents, readHead } from './read.ts';
import { createRing } from './ring.ts';

export interface Tail {
  /** Resolves when the end of the log is known; rejects when it can't be read. */
  readonly started: Promise<void>;
  /** The last sequence that has been read. */
  readonly head: bigint;
  /** At most `limit` events after the place, as far as they are in memory; null when it has left memory. */
  after(sequence: bigint, limit: number): readonly EventRow[] | null;
  /** Reads on until `sequence` is in memory. What fails is left for the next call. */
  readTo(sequence: bigint): void;
  /** Calls `wake` whenever the head has moved. Answers how to stop. */
  onAdvance(wake: () => void): () => void;
  /** Resolves when nothing is read any more. */
  stop(): Promise<void>;
}

export interface TailOptions {
  readonly tenantId: string;
  readonly database: Database;
  /** Events kept in memory, at least. */
  readonly keep: number;
  readonly onError: (error: unknown) => void;
}

const PAGE = 1_000;

export function startTail({ tenantId, database, keep, onError }: TailOptions): Tail {
  const wakers = new Set<() => void>();
  const ring = createRing(keep);
  let head = 0n;
  let target = 0n;
  let reading: Promise<void> | null = null;
  const stopping = new AbortController();

  const readOn = async (): Promise<void> => {
    try {
      await started;
      while (head < target && !stopping.signal.aborted) {
        const after = head;
        const { rows, through } = await database.withTenants([tenantId], (tx) =>
          readEvents(tx, { tenantId, after, limit: PAGE, filter: {} }),
        );
        if (through === head) return;
        ring.push(rows);
        head = through;
        for (const wake of wakers) wake();
      }
    } catch (error) {
      onError(error);
    } finally {
      // In the same turn as the last look at `target`: one that is set from now on begins anew.
      reading = null;
    }
  };

  const start = async (): Promise<void> => {
    head = (await database.withTenants([tenantId], (tx) => readHead(tx, tenantId))).sequence;
  };
  const started = start();

  return {
    started,
    get head() {
      return head;
    },
    after: (sequence, limit) => (sequence >= head ? [] : ring.after(sequence, limit)),
    readTo(sequence) {
      if (sequence > target) target = sequence;
      if (!reading && !stopping.signal.aborted && target > head) reading = readOn();
    },
    onAdvance(wake) {
      wakers.add(wake);
      return () => wakers.delete(wake);
    },
    async stop() {
      stopping.abort();
      wakers.clear();
      await started.catch(() => undefined);
      await reading;
    },
  };
}
