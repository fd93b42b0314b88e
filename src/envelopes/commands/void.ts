/**
 * Cancelling an envelope. It is VOIDING from the wish until the provider says that it is over.
 * @module
 */
import { NotFound, WrongState } from '../../model/problems.ts';
import { instantOf } from '../../model/time.ts';
import { type EnvelopeStatus, isVoidable } from '../../model/words.ts';
import type { CommandDeps } from '../deps.ts';
import { type Asking, type CommandRow, commandsOf, insertCommand } from './commands.ts';
import { type EnvelopeRow, joinLocal, lockEnvelopes, saveEdits } from '../state/edit.ts';
import { claimKey, hashRequest } from '../input/idempotency.ts';
import { Issues } from '../input/issues.ts';
import { findEnvelope } from '../state/read.ts';
import { outcomeOf, runUntil } from './wait.ts';
import { deadlineIn } from '../../world.ts';

export interface VoidRequest extends Asking {
  /** UUID of the envelope. */
  readonly id: string;
  readonly reason: string;
  readonly idempotencyKey: string | null;
  readonly waitMs: number;
}

export async function voidEnvelope(
  deps: CommandDeps,
  tenantId: string,
  request: VoidRequest,
): Promise<{ envelope: EnvelopeRow; command: CommandRow }> {
  const { database, world, accounts, bus } = deps;
  const { id, reason, idempotencyKey: key, waitMs } = request;
  const deadline = deadlineIn(world, waitMs);
  const before = await database.withTenants([tenantId], (tx) => findEnvelope(tx, tenantId, id));
  if (!before) throw new NotFound('envelope');
  const account = (await accounts.get(tenantId, [before.accountId])).get(before.accountId);
  const issues = new Issues();
  issues.key(key);
  issues.wait(waitMs);
  issues.text('reason', reason, account ? accounts.capabilities(account).maxVoidReason : 200, 'PROSE');
  issues.raise();
  const commandId = await database.withTenants([tenantId], async (tx) => {
    if (key !== null) {
      // The key stands for the envelope, since a repetition may find a command that another request began.
      await claimKey(
        tx,
        { tenantId, operation: 'voidEnvelope', key, requestHash: hashRequest({ id, reason }), resultId: id },
        world.now(),
      );
    }
    const [edit] = await lockEnvelopes(tx, [{ tenantId, id }]);
    if (!edit) throw new NotFound('envelope');
    const earlier = (await commandsOf(tx, tenantId, [id])).findLast(({ kind }) => kind === 'VOID');
    // A cancel that is under way or has succeeded is joined, not repeated.
    if (earlier && earlier.state !== 'REFUSED') return earlier.id;
    if (!isVoidable(edit.row.status)) throw cannotVoid(edit.row.status);
    const newId = world.uuid();
    await insertCommand(tx, {
      tenantId,
      id: newId,
      envelopeId: id,
      accountId: edit.row.accountId,
      kind: 'VOID',
      askedBy: request.askedBy ?? null,
      request: { reason },
    });
    joinLocal(edit, { kind: 'VOIDING', status: 'ASKED', at: instantOf(world.now()) });
    await saveEdits(tx, world, [edit]);
    return newId;
  });
  bus.hint([tenantId]);
  await runUntil(deps, tenantId, commandId, deadline);
  return outcomeOf(deps, tenantId, commandId);
}

function cannotVoid(status: EnvelopeStatus): WrongState {
  if (status === 'DRAFT') return new WrongState('A DRAFT was never sent, so there is nothing to void.', status);
  if (status === 'SENDING')
    return new WrongState(
      'This envelope is being sent; void it once it is SENT.',
      status,
      'Follow its events and try again.',
    );
  return new WrongState(`A ${status} envelope can not be voided.`, status);
}
