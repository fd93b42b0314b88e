/**
 * Changing and deleting drafts. A draft is here alone: nothing is said to the provider.
 * @module
 */
import { and, eq } from 'drizzle-orm';
import type { Tx } from '../../db/client.ts';
import { envelopeDocuments, envelopes } from '../../db/tables/envelopes.ts';
import { deleteUnheld } from '../../documents/store.ts';
import { NotFound, WrongState } from '../../model/problems.ts';
import { instantOf } from '../../model/time.ts';
import type { EventType } from '../../model/words.ts';
import type { World } from '../../world.ts';
import type { CommandDeps } from '../deps.ts';
import { type CheckDeps, checkUnlessRepeated } from '../input/check-input.ts';
import { replaceContent } from './create.ts';
import { type Edit, type EnvelopeRow, lockEnvelopes, saveEdits } from '../state/edit.ts';
import { claimKey, hashRequest } from '../input/idempotency.ts';
import type { EnvelopeInput } from '../input/input.ts';
import { Issues } from '../input/issues.ts';
import { findEnvelope } from '../state/read.ts';

export interface UpdateDraftRequest {
  /** UUID of the draft. */
  readonly id: string;
  readonly envelope: EnvelopeInput;
  readonly idempotencyKey: string | null;
}

export interface DeleteDraftRequest {
  /** UUID of the draft. */
  readonly id: string;
  readonly idempotencyKey: string | null;
}

/** Puts another envelope in the place of a draft. A repetition by its key answers the draft as it is by then. */
export async function updateDraft(
  deps: CommandDeps & CheckDeps,
  tenantId: string,
  { id, envelope, idempotencyKey: key }: UpdateDraftRequest,
): Promise<EnvelopeRow> {
  const { database, world, bus } = deps;
  const issues = new Issues();
  issues.key(key);
  const requestHash = hashRequest({ id, envelope });
  // The key stands for this request and not for the draft, so that a repetition is told apart from the first.
  const resultId = world.uuid();
  const claim = key === null ? null : { tenantId, operation: 'updateDraft', key, requestHash, resultId };
  const before = await database.withTenants([tenantId], (tx) => findEnvelope(tx, tenantId, id));
  if (!before) throw new NotFound('envelope');
  const checked = await checkUnlessRepeated(deps, tenantId, claim, envelope, issues.under('envelope'));
  await database.withTenants([tenantId], async (tx) => {
    if (claim && (await claimKey(tx, claim, world.now())) !== resultId) return;
    if (!checked) throw new NotFound('earlier request with this key');
    await lockDraft(tx, tenantId, id, 'changed');
    await replaceContent(tx, world, tenantId, id, checked);
    // Locked already, read again: the event is the account's that it has now.
    const [edit] = await lockEnvelopes(tx, [{ tenantId, id }]);
    if (edit) await tell(tx, world, edit, 'ENVELOPE_UPDATED');
  });
  bus.hint([tenantId]);
  const row = await database.withTenants([tenantId], (tx) => findEnvelope(tx, tenantId, id));
  if (!row) throw new NotFound('envelope');
  return row;
}

/** Deletes a draft with the documents that no other envelope holds. Its events stay: the log has no gaps. */
export async function deleteDraft(
  { database, world, bus }: CommandDeps,
  tenantId: string,
  { id, idempotencyKey: key }: DeleteDraftRequest,
): Promise<void> {
  const issues = new Issues();
  issues.key(key);
  issues.raise();
  await database.withTenants([tenantId], async (tx) => {
    if (key !== null) {
      const [requestHash, resultId] = [hashRequest({ id }), world.uuid()];
      const claim = { tenantId, operation: 'deleteDraft', key, requestHash, resultId };
      if ((await claimKey(tx, claim, world.now())) !== resultId) return;
    }
    const edit = await lockDraft(tx, tenantId, id, 'deleted');
    const held = await tx
      .delete(envelopeDocuments)
      .where(and(eq(envelopeDocuments.tenantId, tenantId), eq(envelopeDocuments.envelopeId, id)))
      .returning({ documentId: envelopeDocuments.documentId });
    await tx.delete(envelopes).where(and(eq(envelopes.tenantId, tenantId), eq(envelopes.id, id)));
    await deleteUnheld(
      tx,
      tenantId,
      held.map(({ documentId }) => documentId),
    );
    await tell(tx, world, edit, 'ENVELOPE_DELETED');
  });
  bus.hint([tenantId]);
}

async function lockDraft(tx: Tx, tenantId: string, id: string, what: 'changed' | 'deleted'): Promise<Edit> {
  const [edit] = await lockEnvelopes(tx, [{ tenantId, id }]);
  if (!edit) throw new NotFound('envelope');
  const { status } = edit.row;
  if (status === 'DRAFT') return edit;
  const fix =
    what === 'deleted' ? 'Void it, if it is to end.' : 'Correct a recipient by `updateRecipient`, or void it.';
  throw new WrongState(`Only a DRAFT can be ${what}; this envelope is ${status}.`, status, fix);
}

async function tell(tx: Tx, world: World, edit: Edit, type: EventType): Promise<void> {
  const occurredAt = instantOf(world.now());
  const change = { type, occurredAt, status: 'DRAFT' as const, recipient: null, recipientStatus: null };
  edit.changes.push({ change, source: 'GATEWAY' });
  await saveEdits(tx, world, [edit]);
}
