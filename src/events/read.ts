/**
 * Reading the log in order.
 * @module
 */
import { and, asc, eq, gt, inArray, lte } from 'drizzle-orm';
import type { Tx } from '../db/client.ts';
import { events, heads } from '../db/tables.ts';
import type { EnvelopeStatus, EventType } from '../model/words.ts';
import { encodeCursor } from './cursor.ts';

export type EventRow = typeof events.$inferSelect;

/** Within a list any value matches; between the lists all must. An empty list matches nothing. */
export interface EventFilter {
  readonly envelopeIds?: readonly string[];
  readonly accountIds?: readonly string[];
  readonly types?: readonly EventType[];
  readonly statuses?: readonly EnvelopeStatus[];
}

export interface Head {
  /** Of the last event; 0 when there is none. */
  readonly sequence: bigint;
  /** Of the oldest event kept. */
  readonly earliest: bigint;
}

export async function readHead(tx: Tx, tenantId: string): Promise<Head> {
  const [row] = await tx.select().from(heads).where(eq(heads.tenantId, tenantId));
  return row ?? { sequence: 0n, earliest: 1n };
}

export interface EventRange {
  readonly tenantId: string;
  readonly after: bigint;
  readonly limit: number;
  readonly filter: EventFilter;
}

export interface EventSlice {
  readonly rows: EventRow[];
  /** Where the next read goes on: past what was read, and past what the filter left out. */
  readonly through: bigint;
}

/** The head is read first: what commits between the two statements lies beyond it and is left for the next read. */
export async function readEvents(tx: Tx, { tenantId, after, limit, filter }: EventRange): Promise<EventSlice> {
  const { sequence: head } = await readHead(tx, tenantId);
  if (head <= after) return { rows: [], through: after };
  const rows = await tx
    .select()
    .from(events)
    .where(
      and(
        eq(events.tenantId, tenantId),
        gt(events.sequence, after),
        lte(events.sequence, head),
        filter.envelopeIds && inArray(events.envelopeId, [...filter.envelopeIds]),
        filter.accountIds && inArray(events.accountId, [...filter.accountIds]),
        filter.types && inArray(events.type, [...filter.types]),
        filter.statuses && inArray(events.status, [...filter.statuses]),
      ),
    )
    .orderBy(asc(events.sequence))
    .limit(limit);
  return { rows, through: rows.length < limit ? head : (rows.at(-1)?.sequence ?? head) };
}

/** The same test as the WHERE above, for what is in memory already. */
export function matches(event: EventRow, filter: EventFilter): boolean {
  return (
    (filter.envelopeIds?.includes(event.envelopeId) ?? true) &&
    (filter.accountIds?.includes(event.accountId) ?? true) &&
    (filter.types?.includes(event.type) ?? true) &&
    (filter.statuses?.includes(event.status) ?? true)
  );
}

/** The place in the log that the caller's snapshot stands at. */
export async function logCursor(tx: Tx, tenantId: string): Promise<string> {
  return encodeCursor(tenantId, (await readHead(tx, tenantId)).sequence);
}

export async function findEvents(tx: Tx, tenantId: string, ids: readonly string[]): Promise<EventRow[]> {
  if (ids.length === 0) return [];
  return tx
    .select()
    .from(events)
    .where(and(eq(events.tenantId, tenantId), inArray(events.id, [...ids])));
}
