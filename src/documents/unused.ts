/**
 * Documents that nobody sent are removed after a day.
 * @module
 */
import { and, eq, sql } from 'drizzle-orm';
import type { Tx } from '../db/client.ts';
import { due } from '../db/tables/due.ts';
import { envelopeDocuments, envelopes } from '../db/tables/envelopes.ts';
import { UNSENT_DOCUMENT_HOURS } from '../model/limits.ts';
import { deleteUnheld } from './store.ts';

/** When a document that nobody uses by then may go. */
export const unusedUntil = sql`countersign_now() + ${`${UNSENT_DOCUMENT_HOURS} hours`}::interval`;

/** Removes it, unless an envelope has it; one that drafts alone have is looked at again a day later. */
export async function removeUnused(tx: Tx, tenantId: string, id: string): Promise<void> {
  const users = await tx
    .selectDistinct({ status: envelopes.status })
    .from(envelopeDocuments)
    .innerJoin(
      envelopes,
      and(eq(envelopes.tenantId, envelopeDocuments.tenantId), eq(envelopes.id, envelopeDocuments.envelopeId)),
    )
    .where(and(eq(envelopeDocuments.tenantId, tenantId), eq(envelopeDocuments.documentId, id)));
  const isDue = and(eq(due.tenantId, tenantId), eq(due.kind, 'DOCUMENT'), eq(due.id, id));
  if (users.length > 0 && users.every(({ status }) => status === 'DRAFT')) {
    await tx.update(due).set({ dueAt: unusedUntil }).where(isDue);
    return;
  }
  await tx.delete(due).where(isDue);
  await deleteUnheld(tx, tenantId, [id]);
}
