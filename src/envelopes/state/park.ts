/**
 * Observations that overtook the answer to their own send wait here. Whoever parks and whoever learns an envelope's
 * provider id take one advisory lock, so that neither misses the other.
 * @module
 */
import { and, eq, sql } from 'drizzle-orm';
import type { Tx } from '../../db/client.ts';
import { deliveries, parkedObservations } from '../../db/tables/inbox.ts';
import type { World } from '../../world.ts';
import { type Edit, type EnvelopeKey, findByProviderId, joinObservation } from './edit.ts';
import type { Sighted } from './observe.ts';

async function lockProviderId(tx: Tx, tenantId: string, accountId: string, providerId: string): Promise<void> {
  await tx.execute(sql`SELECT pg_advisory_xact_lock(hashtextextended(${`${tenantId} ${accountId} ${providerId}`}, 0))`);
}

/** Parks it, unless its envelope has become known meanwhile: then that is answered. */
export async function parkOrFind(tx: Tx, world: World, sighted: Sighted): Promise<EnvelopeKey | null> {
  const { tenantId, accountId, sighting, deliveryId } = sighted;
  await lockProviderId(tx, tenantId, accountId, sighting.providerId);
  const known = await findByProviderId(tx, { tenantId, accountId }, sighting.providerId);
  if (known) return known;
  await tx.insert(parkedObservations).values({
    tenantId,
    id: world.uuid(),
    accountId,
    providerId: sighting.providerId,
    deliveryId,
    sighting,
  });
  return null;
}

/**
 * Gives the envelope its provider id and joins all that was parked for it, in the same transaction. True when
 * something parked told of a change without saying it whole, so that the provider must be read.
 */
export async function learnProviderId(tx: Tx, edit: Edit, providerId: string): Promise<boolean> {
  const { tenantId, accountId, id } = edit.row;
  edit.providerId = providerId;
  await lockProviderId(tx, tenantId, accountId, providerId);
  const parked = await tx
    .delete(parkedObservations)
    .where(
      and(
        eq(parkedObservations.tenantId, tenantId),
        eq(parkedObservations.accountId, accountId),
        eq(parkedObservations.providerId, providerId),
      ),
    )
    .returning();
  for (const { sighting, deliveryId } of parked) {
    const effect = joinObservation(edit, sighting.observation) ? 'APPLIED' : 'UNCHANGED';
    if (deliveryId) {
      await tx
        .update(deliveries)
        .set({ effect, envelopeId: id })
        .where(and(eq(deliveries.tenantId, tenantId), eq(deliveries.id, deliveryId)));
    }
  }
  return parked.some(({ sighting }) => sighting.incomplete);
}
