/**
 * Reading the log in order.
 * @module
 */
import { and, asc, eq, gt, inArray, sql } from 'drizzle-orm';
import { isAmongNewest } from '../db/among-newest.ts';
import type { Tx } from '../db/client.ts';
import { events, heads } from '../db/tables/log.ts';
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

const NO_EVENTS: Head = { sequence: 0n, earliest: 1n };

export async function readHead(tx: Tx, tenantId: string): Promise<Head> {
  const [row] = await tx.select().from(heads).where(eq(heads.tenantId, tenantId));
  return row ?? NO_EVENTS;
}

/** The last sequence of each of these tenants that has a log. The transaction must have named them. */
export async function readHeads(tx: Tx, tenantIds: readonly string[]): Promise<ReadonlyMap<string, bigint>> {
  const rows = await tx
    .select({ tenantId: heads.tenantId, sequence: heads.sequence })
    .from(heads)
    .where(inArray(heads.tenantId, [...tenantIds]));
  return new Map(rows.map((row) => [row.tenantId, row.sequence]));
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
  /** Of the log at that instant: `after` may have fallen out of it. */
  readonly head: Head;
}

/** One statement, so one snapshot: an event is seen exactly when the head that counts it is. */
export async function readEvents(tx: Tx, { tenantId, after, limit, filter }: EventRange): Promise<EventSlice> {
  const page = tx
    .select()
    .from(events)
    .where(
      and(
        eq(events.tenantId, tenantId),
        gt(events.sequence, after),
        filter.envelopeIds && inArray(events.envelopeId, [...filter.envelopeIds]),
        filter.accountIds && inArray(events.accountId, [...filter.accountIds]),
        filter.types && inArray(events.type, [...filter.types]),
        filter.statuses && inArray(events.status, [...filter.statuses]),
      ),
    )
    .orderBy(asc(events.sequence))
    .limit(limit)
    .as('page');
  const found = await tx
    .select()
    .from(heads)
    .leftJoinLateral(page, sql`true`)
    .where(eq(heads.tenantId, tenantId))
    .orderBy(asc(page.sequence));
  const head = found[0]?.heads ?? NO_EVENTS;
  const rows = found.flatMap((row) => row.page ?? []);
  const end = rows.length < limit ? head.sequence : rows.at(-1)?.sequence;
  return { rows, through: end !== undefined && end > after ? end : after, head };
}

/** The place in the log that the caller's snapshot stands at. */
export async function logCursor(tx: Tx, tenantId: string): Promise<string> {
  return encodeCursor(tenantId, (await readHead(tx, tenantId)).sequence);
}

/** By their uuids, in no order; those of other tenants and those no longer kept are left out. */
export async function findEvents(tx: Tx, tenantId: string, ids: readonly string[]): Promise<EventRow[]> {
  if (ids.length === 0) return [];
  return tx
    .select()
    .from(events)
    .where(and(eq(events.tenantId, tenantId), inArray(events.id, [...ids])));
}

/** The latest of each of these envelopes, at most so many of each, in the order of the log. */
export async function latestEvents(
  tx: Tx,
  tenantId: string,
  envelopeIds: readonly string[],
  most: number,
): Promise<EventRow[]> {
  return tx
    .select()
    .from(events)
    .where(and(eq(events.tenantId, tenantId), isAmongNewest(events, events.sequence, { tenantId, envelopeIds, most })))
    .orderBy(asc(events.sequence));
}
