/**
 * The inbox for those who hold no transaction of their own.
 * @module
 */
import type { Database } from '../db/client.ts';
import {
  type DeliveryFilter,
  type DeliveryRow,
  latestDeliveries,
  findDeliveries,
  listDeliveries,
  readDeliveryBody,
} from './deliveries.ts';

export interface DeliveryPages {
  list(
    tenantId: string,
    page: { readonly first: number; readonly after: string | null; readonly filter: DeliveryFilter },
  ): Promise<DeliveryRow[]>;
  /** The newest of each of these envelopes, at most so many of each, in no particular order. */
  latest(tenantId: string, envelopeIds: readonly string[], most: number): Promise<DeliveryRow[]>;
  find(tenantId: string, id: string): Promise<DeliveryRow | null>;
  body(tenantId: string, id: string): Promise<Buffer | null>;
}

export function createDeliveryPages(database: Database): DeliveryPages {
  return {
    list: (tenantId, { first, after, filter }) =>
      database.withTenants([tenantId], (tx) =>
        listDeliveries(tx, tenantId, { first, filter, after: after ?? undefined }),
      ),
    latest: (tenantId, ids, most) =>
      database.withTenants([tenantId], (tx) => latestDeliveries(tx, tenantId, ids, most)),
    find: (tenantId, id) =>
      database.withTenants([tenantId], async (tx) => (await findDeliveries(tx, tenantId, [id]))[0] ?? null),
    body: (tenantId, id) => database.withTenants([tenantId], (tx) => readDeliveryBody(tx, tenantId, id)),
  };
}
