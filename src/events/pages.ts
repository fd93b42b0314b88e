/**
 * Pages of the log for those who hold no transaction of their own.
 * @module
 */
import type { Database } from '../db/client.ts';
import { checkCursor, decodeCursor } from './cursor.ts';
import { type EventFilter, type EventRow, findEvents, readEvents, readHead } from './read.ts';

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
  /** Where the next page goes on. */
  readonly through: bigint;
}

export interface EventPages {
  /** Throws InvalidCursor or CursorExpired. */
  page(request: EventPageRequest): Promise<EventPage>;
  find(tenantId: string, id: string): Promise<EventRow | null>;
}

export function createEventPages(database: Database): EventPages {
  return {
    page: ({ tenantId, after, limit, filter }) =>
      database.readSnapshot([tenantId], async (tx) => {
        const { sequence, earliest } = await readHead(tx, tenantId);
        const from = after === null ? earliest - 1n : decodeCursor(tenantId, after);
        checkCursor(tenantId, from, { sequence, earliest });
        const { rows, through } = await readEvents(tx, { tenantId, after: from, limit, filter });
        return { rows, through, hasMore: through < sequence };
      }),
    find: (tenantId, id) =>
      database.withTenants([tenantId], async (tx) => (await findEvents(tx, tenantId, [id]))[0] ?? null),
  };
}
