/**
 * Whose turn it is: notifies one routing order after the other and completes the envelope at the end.
 * @module
 */
import { cancelExpiry, mail, note, record, recordRecipient, sender, setStatus } from './history.ts';
import { isFinished, isMailed } from './progress.ts';
import type { Emit, Envelope, Recipient, Sandbox } from './state.ts';

/** Groups that are done as soon as their turn comes. */
const COPIES: ReadonlySet<string> = new Set(['carbonCopies', 'seals']);

/** Notifies the next routing order, again and again while it holds nothing but copies, and completes the envelope at the end. */
export function activateNext(sandbox: Sandbox, envelope: Envelope, emit: Emit): void {
  for (;;) {
    const open = envelope.recipients.filter((recipient) => !isFinished(recipient));
    if (open.length === 0) return complete(sandbox, envelope, emit);
    const order = Math.min(...open.map((recipient) => recipient.routingOrder));
    const waiting = open.filter((recipient) => recipient.routingOrder === order && recipient.status === 'created');
    if (waiting.length > 0 && envelope.status === 'delivered' && sandbox.settings.deliveredReturnsToSent)
      setStatus(sandbox, envelope, 'sent');
    for (const recipient of waiting) notify(sandbox, envelope, recipient, emit);
    if (open.some((recipient) => recipient.routingOrder === order && !isFinished(recipient))) return undefined;
  }
}

function notify(sandbox: Sandbox, envelope: Envelope, recipient: Recipient, emit: Emit): void {
  recipient.status = 'sent';
  recipient.sentAt = sandbox.clock.now();
  recordRecipient(sandbox, envelope, recipient, 'sent');
  emit(envelope, 'recipient-sent', recipient);
  if (COPIES.has(recipient.group)) {
    mail(sandbox, envelope, recipient, 'copy');
    finish(sandbox, envelope, recipient, emit);
    return;
  }
  if (isMailed(recipient)) mail(sandbox, envelope, recipient, 'invitation');
  sandbox.onTurn(envelope, recipient);
}

function complete(sandbox: Sandbox, envelope: Envelope, emit: Emit): void {
  setStatus(sandbox, envelope, 'completed');
  envelope.completedAt = sandbox.clock.now();
  cancelExpiry(sandbox, envelope);
  note(sandbox, envelope, 'Completed', sender(sandbox, envelope), 'The envelope is completed.');
  record(sandbox, envelope, 'completed');
  for (const recipient of envelope.recipients) mail(sandbox, envelope, recipient, 'completed');
  emit(envelope, 'envelope-completed');
}

export function finish(sandbox: Sandbox, envelope: Envelope, recipient: Recipient, emit: Emit): void {
  recipient.status = 'completed';
  recordRecipient(sandbox, envelope, recipient, 'completed');
  emit(envelope, 'recipient-completed', recipient);
}
