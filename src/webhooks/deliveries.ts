/**
 * The inbox as it is read: newest first, the body apart because it needs a scope of its own.
 * @module
 */
import { and, desc, eq, getTableColumns, inArray, lt } from 'drizzle-orm';
import { isAmongNewest } from '../db/among-newest.ts';
import type { Tx } from '../db/client.ts';
import { deliveries } from '../db/tables/inbox.ts';
import type { DeliveryVerdict } from '../model/words.ts';

const { body: _, ...columns } = getTableColumns(deliveries);

export type DeliveryRow = Omit<typeof deliveries.$inferSelect, 'body'>;

/** Within a list any value matches; between the lists all must. An empty list matches nothing. */
export interface DeliveryFilter {
  readonly accountIds?: readonly string[] | undefined;
  readonly envelopeIds?: readonly string[] | undefined;
  readonly verdicts?: readonly DeliveryVerdict[] | undefined;
}

export interface DeliveryPage {
  /** UUID of the last row of the page before; a page begins after it. */
  readonly after?: string | undefined;
  readonly first: number;
  readonly filter?: DeliveryFilter | undefined;
}

/** Newest first. To learn whether more follow, ask for one more. */
export async function listDeliveries(tx: Tx, tenantId: string, page: DeliveryPage): Promise<DeliveryRow[]> {
  const { accountIds, envelopeIds, verdicts } = page.filter ?? {};
  return tx
    .select(columns)
    .from(deliveries)
    .where(
      and(
        eq(deliveries.tenantId, tenantId),
        page.after === undefined ? undefined : lt(deliveries.id, page.after),
        accountIds && inArray(deliveries.accountId, [...accountIds]),
        envelopeIds && inArray(deliveries.envelopeId, [...envelopeIds]),
        verdicts && inArray(deliveries.verdict, [...verdicts]),
      ),
    )
    .orderBy(desc(deliveries.id))
    .limit(page.first);
}

/** The newest of each of these envelopes, at most so many of each, in no particular order. */
export async function latestDeliveries(
  tx: Tx,
  tenantId: string,
  envelopeIds: readonly string[],
  most: number,
): Promise<DeliveryRow[]> {
  return tx
    .select(columns)
    .from(deliveries)
    .where(
      and(eq(deliveries.tenantId, tenantId), isAmongNewest(deliveries, deliveries.id, { tenantId, envelopeIds, most })),
    );
}

/** Those of these ids that exist, in no particular order. */
export async function findDeliveries(tx: Tx, tenantId: string, ids: readonly string[]): Promise<DeliveryRow[]> {
  return tx
    .select(columns)
    .from(deliveries)
    .where(and(eq(deliveries.tenantId, tenantId), inArray(deliveries.id, [...ids])));
}

/** The bytes as they came, or null for a refused delivery, one that doesn't exist, and one that is another tenant's. */
export async function readDeliveryBody(tx: Tx, tenantId: string, id: string): Promise<Buffer | null> {
  const [row] = await tx
    .select({ body: deliveries.body })
    .from(deliveries)
    .where(and(eq(deliveries.tenantId, tenantId), eq(deliveries.id, id)));
  return row?.body ?? null;
}
