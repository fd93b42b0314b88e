/**
 * Pages of the log for those who hold no transaction of their own.
 * @module
 */
import type { Database } from '../db/client.ts';
import { checkCursor, decodeCursor } from './cursor.ts';
import { type EventFilter, type EventRow, findEvents, latestEvents, readEvents } from './read.ts';

export interface EventPageRequest {
  readonly tenantId: string;
  /** A cursor, or null to begin with the oldest event kept. */
  readonly after: string | null;
  readonly limit: number;
  readonly filter: EventFilter;
}

export interface EventPage {
  readonly rows: readonly EventRow[];
  readonly hasMore: boolean;
  /** Where the next page goes on; on the last page, the end of the log. */
  readonly through: bigint;
}

export interface EventPages {
  /** Throws InvalidCursor or CursorExpired. */
  page(request: EventPageRequest): Promise<EventPage>;
  /** The latest of each of these envelopes, at most so many of each, in the order of the log. */
  latest(tenantId: string, envelopeIds: readonly string[], most: number): Promise<EventRow[]>;
  find(tenantId: string, id: string): Promise<EventRow | null>;
}

export function createEventPages(database: Database): EventPages {
  return {
    async page({ tenantId, after, limit, filter }) {
      const from = after === null ? 0n : decodeCursor(tenantId, after);
      // One more than asked for tells whether there is another page.
      const { rows, through, head } = await database.withTenants([tenantId], (tx) =>
        readEvents(tx, { tenantId, after: from, limit: limit + 1, filter }),
      );
      if (after !== null) checkCursor(tenantId, from, head);
      if (rows.length <= limit) return { rows, through, hasMore: false };
      const page = rows.slice(0, limit);
      return { rows: page, through: page.at(-1)?.sequence ?? from, hasMore: true };
    },
    latest: (tenantId, ids, most) => database.withTenants([tenantId], (tx) => latestEvents(tx, tenantId, ids, most)),
    find: (tenantId, id) =>
      database.withTenants([tenantId], async (tx) => (await findEvents(tx, tenantId, [id]))[0] ?? null),
  };
}
