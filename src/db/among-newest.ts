/**
 * The newest rows of each of many envelopes, by one statement.
 * @module
 */
import { sql, type SQL } from 'drizzle-orm';
import type { PgColumn } from 'drizzle-orm/pg-core';
import type { deliveries } from './tables/inbox.ts';
import type { events } from './tables/log.ts';

/**
 * Holds for the `most` newest rows of each of these envelopes, by the column that orders them. Each envelope costs one
 * short range of its index, however long its history is.
 */
export function isAmongNewest(
  table: typeof deliveries | typeof events,
  order: PgColumn,
  of: { readonly tenantId: string; readonly envelopeIds: readonly string[]; readonly most: number },
): SQL {
  return sql`${order} IN (
    SELECT newest.key FROM unnest(${sql.param([...of.envelopeIds])}::uuid[]) AS wanted(id) CROSS JOIN LATERAL (
      SELECT ${order} AS key FROM ${table} WHERE ${table.tenantId} = ${of.tenantId} AND ${table.envelopeId} = wanted.id
      ORDER BY key DESC LIMIT ${of.most}) newest)`;
}
