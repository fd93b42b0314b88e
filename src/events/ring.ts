/**
 * The latest events of one tenant in memory. Streams pull from it by sequence, so none has a queue of its own.
 * @module
 */
import type { EventRow } from './read.ts';

export interface Ring {
  /** Events that follow each other in the log. Those after a gap push out all before it. */
  push(rows: readonly EventRow[]): void;
  /** At most `limit` events after the place; null when that place has left memory. */
  after(sequence: bigint, limit: number): readonly EventRow[] | null;
}

export function createRing(keep: number): Ring {
  let recent: EventRow[] = [];
  return {
    push(rows) {
      const [first] = rows;
      if (!first) return;
      const last = recent.at(-1);
      // Places are found by counting from the first event, which holds only while no sequence is missing.
      if (last && first.sequence !== last.sequence + 1n) recent = [];
      recent.push(...rows);
      // In halves: the copy is paid once per `keep` events and not once per push.
      if (recent.length > 2 * keep) recent = recent.slice(-keep);
    },
    after(sequence, limit) {
      const first = recent[0]?.sequence;
      if (first === undefined || sequence < first - 1n) return null;
      const from = Number(sequence - first) + 1;
      return recent.slice(from, from + limit);
    },
  };
}
