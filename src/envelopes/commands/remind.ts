/**
 * Mailing the invitation again. Nobody is mailed twice within an hour by reminders, and a reminder whose answer was lost
 * counts as mailed: whether it was is for nobody to find out, and a second mail is not for us to send.
 * @module
 */
import { REMIND_INTERVAL_MS } from '../../model/limits.ts';
import { NotFound, NotSupported, RecipientFinished, TooEarly } from '../../model/problems.ts';
import { addMilliseconds } from '../../model/time.ts';
import { hasFinished } from '../../model/words.ts';
import type { CommandDeps } from '../deps.ts';
import { type Asking, type CommandRow, commandsOf, insertCommand, isOver } from './commands.ts';
import { type EnvelopeRow, lockEnvelopes, type RecipientRow } from '../state/edit.ts';
import { claimKey, hashRequest } from '../input/idempotency.ts';
import { Issues } from '../input/issues.ts';
import { assertUnderWay } from './under-way.ts';
import { outcomeOf, runUntil } from './wait.ts';
import { deadlineIn } from '../../world.ts';

export interface RemindRequest extends Asking {
  /** UUID of the envelope. */
  readonly id: string;
  /** UUID of the one recipient to mail; null for all whose turn it is. */
  readonly recipientId: string | null;
  readonly idempotencyKey: string | null;
  readonly waitMs: number;
}

/** How soon a reminder may be asked for while another is under way. */
const UNDER_WAY_MS = 5_000;

export async function remindEnvelope(
  deps: CommandDeps,
  tenantId: string,
  request: RemindRequest,
): Promise<{ envelope: EnvelopeRow; command: CommandRow }> {
  const { database, world } = deps;
  const { id, recipientId, idempotencyKey: key, waitMs } = request;
  const deadline = deadlineIn(world, waitMs);
  const issues = new Issues();
  issues.key(key);
  issues.wait(waitMs);
  issues.raise();
  const newId = world.uuid();
  const commandId = await database.withTenants([tenantId], async (tx) => {
    if (key !== null) {
      const requestHash = hashRequest({ id, recipientId });
      const claim = { tenantId, operation: 'remindEnvelope', key, requestHash, resultId: newId };
      const claimed = await claimKey(tx, claim, world.now());
      if (claimed !== newId) return claimed;
    }
    const [edit] = await lockEnvelopes(tx, [{ tenantId, id }]);
    if (!edit) throw new NotFound('envelope');
    const recipient = recipientId === null ? null : edit.recipients.find((person) => person.id === recipientId);
    if (recipient === undefined) throw new NotFound('recipient');
    assertUnderWay(edit.row.status, 'be reminded', 'Send it first.');
    assertMailed(recipient, edit.recipients);
    assertNotTooEarly(await commandsOf(tx, tenantId, [id]), recipientId, world.now());
    await insertCommand(tx, {
      tenantId,
      id: newId,
      envelopeId: id,
      accountId: edit.row.accountId,
      kind: 'REMIND',
      askedBy: request.askedBy ?? null,
      request: recipientId === null ? {} : { recipientId },
    });
    return newId;
  });
  await runUntil(deps, tenantId, commandId, deadline);
  return outcomeOf(deps, tenantId, commandId);
}

/** Whose turn it is, the provider knows: the cache may not have heard of it yet. */
function assertMailed(recipient: RecipientRow | null, all: readonly RecipientRow[]): void {
  if (recipient && hasFinished(recipient.status)) throw new RecipientFinished(recipient.status);
  const asked = recipient ? [recipient] : all.filter(({ role, status }) => role === 'SIGNER' && !hasFinished(status));
  if (asked.length === 0 || asked.some(({ embedded }) => !embedded)) return;
  throw new NotSupported(
    'Recipients who sign embedded get no mails: open a session for them by `createSigningUrl`.',
    'REMIND_EMBEDDED',
  );
}

function assertNotTooEarly(commands: readonly CommandRow[], recipientId: string | null, now: Date): void {
  const reminders = commands.filter(({ kind, state }) => kind === 'REMIND' && state !== 'REFUSED');
  const last = reminders.findLast(
    ({ request }) => recipientId === null || request.recipientId === undefined || request.recipientId === recipientId,
  );
  const allowed = last && addMilliseconds(last.createdAt, REMIND_INTERVAL_MS);
  if (allowed && allowed > now) {
    throw new TooEarly('They were reminded less than an hour ago, or may have been.', allowed);
  }
  const open = reminders.find((command) => !isOver(command));
  if (!open) return;
  const next = addMilliseconds(now, UNDER_WAY_MS);
  const later = open.nextTryAt && open.nextTryAt > next ? open.nextTryAt : next;
  throw new TooEarly('Another reminder of this envelope is under way.', later);
}
