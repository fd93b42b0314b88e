/**
 * Correcting a recipient of an envelope that is out. The cache follows what the provider says of them afterwards.
 * @module
 */
import type { Tx } from '../../db/client.ts';
import { NotFound, RecipientFinished, TooEarly } from '../../model/problems.ts';
import { addMilliseconds } from '../../model/time.ts';
import { hasFinished } from '../../model/words.ts';
import type { CommandDeps } from '../deps.ts';
import { type Asking, type CommandRow, commandsOf, insertCommand, isOver } from './commands.ts';
import { type EnvelopeRow, lockEnvelopes, type RecipientRow } from '../state/edit.ts';
import { checkEmail } from '../input/check-email.ts';
import { claimKey, hashRequest } from '../input/idempotency.ts';
import { Issues } from '../input/issues.ts';
import { findEnvelope, findRecipients } from '../state/read.ts';
import { assertUnderWay } from './under-way.ts';
import { checkName } from '../input/validate.ts';
import { outcomeOf, runUntil } from './wait.ts';
import { deadlineIn } from '../../world.ts';

export interface UpdateRecipientRequest extends Asking {
  /** UUID of the recipient. */
  readonly recipientId: string;
  /** What is to change; null stays. */
  readonly name: string | null;
  readonly email: string | null;
  readonly idempotencyKey: string | null;
  readonly waitMs: number;
}

export interface UpdatedRecipient {
  readonly recipient: RecipientRow;
  readonly envelope: EnvelopeRow;
  readonly command: CommandRow;
}

/** How soon a correction may be asked for while another is under way: calls on one envelope follow each other. */
const UNDER_WAY_MS = 5_000;

export async function updateRecipient(
  deps: CommandDeps,
  tenantId: string,
  request: UpdateRecipientRequest,
): Promise<UpdatedRecipient> {
  const { database, world } = deps;
  const { recipientId, name, email, idempotencyKey: key, waitMs } = request;
  const deadline = deadlineIn(world, waitMs);
  const { envelope } = await database.withTenants([tenantId], (tx) => subjectOf(tx, tenantId, recipientId));
  await check(deps, tenantId, request, envelope.accountId);
  const newId = world.uuid();
  const commandId = await database.withTenants([tenantId], async (tx) => {
    if (key !== null) {
      const requestHash = hashRequest({ recipientId, name, email });
      const claim = { tenantId, operation: 'updateRecipient', key, requestHash, resultId: newId };
      const claimed = await claimKey(tx, claim, world.now());
      if (claimed !== newId) return claimed;
    }
    const [edit] = await lockEnvelopes(tx, [{ tenantId, id: envelope.id }]);
    const recipient = edit?.recipients.find(({ id }) => id === recipientId);
    if (!edit || !recipient) throw new NotFound('recipient');
    assertUnderWay(edit.row.status, 'be changed', 'Change the draft by `updateDraft`.');
    if (hasFinished(recipient.status)) throw new RecipientFinished(recipient.status);
    assertNoneOpen(await commandsOf(tx, tenantId, [envelope.id]), world.now());
    await insertCommand(tx, {
      tenantId,
      id: newId,
      envelopeId: envelope.id,
      accountId: edit.row.accountId,
      kind: 'CORRECT',
      askedBy: request.askedBy ?? null,
      request: { recipientId, ...(name === null ? {} : { name }), ...(email === null ? {} : { email }) },
    });
    return newId;
  });
  await runUntil(deps, tenantId, commandId, deadline);
  const outcome = await outcomeOf(deps, tenantId, commandId);
  const { recipient } = await database.withTenants([tenantId], (tx) => subjectOf(tx, tenantId, recipientId));
  return { ...outcome, recipient };
}

async function subjectOf(
  tx: Tx,
  tenantId: string,
  recipientId: string,
): Promise<{ recipient: RecipientRow; envelope: EnvelopeRow }> {
  const [recipient] = await findRecipients(tx, tenantId, [recipientId]);
  const envelope = recipient ? await findEnvelope(tx, tenantId, recipient.envelopeId) : null;
  if (!recipient || !envelope) throw new NotFound('recipient');
  return { recipient, envelope };
}

async function check(
  { accounts }: CommandDeps,
  tenantId: string,
  { name, email, idempotencyKey, waitMs }: UpdateRecipientRequest,
  accountId: string,
): Promise<void> {
  const account = (await accounts.get(tenantId, [accountId])).get(accountId);
  const capabilities = account ? accounts.capabilities(account) : null;
  const issues = new Issues();
  issues.key(idempotencyKey);
  issues.wait(waitMs);
  if (name !== null) checkName(name, capabilities, issues);
  if (email !== null) checkEmail(email, capabilities, issues);
  if (name === null && email === null) {
    issues.add('REQUIRED', ['name'], 'Nothing is to change: give a `name`, an `email`, or both.');
  }
  issues.raise();
}

function assertNoneOpen(commands: readonly CommandRow[], now: Date): void {
  const open = commands.find((command) => command.kind === 'CORRECT' && !isOver(command));
  if (!open) return;
  const next = addMilliseconds(now, UNDER_WAY_MS);
  const later = open.nextTryAt && open.nextTryAt > next ? open.nextTryAt : next;
  throw new TooEarly('Another correction of this envelope is under way.', later);
}
