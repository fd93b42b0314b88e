/**
 * What a recipient does: open, sign, decline, put off; and what befalls them on the way.
 * @module
 */
import { ApiError, invalidStatus } from './errors.ts';
import { beforeChange, cancelExpiry, mail, note, record, recordRecipient, setStatus } from './history.ts';
import { isActive, isEnded, isFinished } from './progress.ts';
import { activateNext, finish } from './routing.ts';
import type { Emit, Envelope, Recipient, Sandbox } from './state.ts';
import { fillTabs } from './tabs.ts';

/** Why this recipient may not act now, or undefined. */
export function turnProblem(envelope: Envelope, recipient: Recipient): ApiError | undefined {
  if (isEnded(envelope) || envelope.status === 'created') return invalidStatus(`The envelope is '${envelope.status}'.`);
  if (recipient.status === 'created') {
    return new ApiError('RECIPIENT_NOT_IN_SEQUENCE', 'The token for an out of sequence recipient cannot be generated.');
  }
  return isActive(recipient) ? undefined : invalidStatus(`The recipient is '${recipient.status}'.`);
}

/** The recipient looks at the documents: `delivered`, the first time. */
export function open(sandbox: Sandbox, envelope: Envelope, recipient: Recipient, emit: Emit): void {
  const problem = turnProblem(envelope, recipient);
  if (problem !== undefined) throw problem;
  if (recipient.deliveredAt !== undefined) return;
  beforeChange(sandbox, envelope);
  recipient.status = 'delivered';
  recipient.deliveredAt = sandbox.clock.now();
  note(sandbox, envelope, 'Viewed', recipient, `${recipient.name} opened the envelope.`);
  recordRecipient(sandbox, envelope, recipient, 'delivered');
  emit(envelope, 'recipient-delivered', recipient);
  const active = envelope.recipients.filter(isActive);
  if (envelope.status === 'sent' && active.every((other) => other.deliveredAt !== undefined)) {
    setStatus(sandbox, envelope, 'delivered');
    envelope.deliveredAt = sandbox.clock.now();
    record(sandbox, envelope, 'delivered');
    emit(envelope, 'envelope-delivered');
  }
  if (recipient.group === 'certifiedDeliveries') {
    finish(sandbox, envelope, recipient, emit);
    activateNext(sandbox, envelope, emit);
  }
}

/** Opens if need be, fills the tabs, and finishes the recipient's part. */
export function sign(
  sandbox: Sandbox,
  envelope: Envelope,
  recipient: Recipient,
  values: Record<string, string>,
  emit: Emit,
): void {
  open(sandbox, envelope, recipient, emit);
  if (isFinished(recipient)) return;
  beforeChange(sandbox, envelope);
  fillTabs(recipient, values, sandbox.clock.now());
  recipient.signedAt = sandbox.clock.now();
  note(sandbox, envelope, 'Signed', recipient, `${recipient.name} signed the envelope.`);
  recordRecipient(sandbox, envelope, recipient, 'signed');
  const lasting = sandbox.settings.signedForMs;
  if (lasting === 0) return settle(sandbox, envelope, recipient, emit);
  recipient.status = 'signed';
  if (envelope.recipients.every((other) => isFinished(other) || other === recipient))
    setStatus(sandbox, envelope, 'signed');
  const { envelopeId } = envelope;
  const { recipientIdGuid } = recipient;
  sandbox.agenda.add(sandbox.clock.now() + lasting, { kind: 'settle', envelopeId, recipientIdGuid });
}

/** The end of having signed: the next one's turn comes. */
export function settle(sandbox: Sandbox, envelope: Envelope, recipient: Recipient, emit: Emit): void {
  beforeChange(sandbox, envelope);
  finish(sandbox, envelope, recipient, emit);
  activateNext(sandbox, envelope, emit);
}

/** One refusal ends the envelope for all. */
export function decline(sandbox: Sandbox, envelope: Envelope, recipient: Recipient, reason: string, emit: Emit): void {
  open(sandbox, envelope, recipient, emit);
  if (isFinished(recipient)) return;
  beforeChange(sandbox, envelope);
  const now = sandbox.clock.now();
  recipient.status = 'declined';
  recipient.declinedAt = now;
  recipient.declinedReason = reason;
  setStatus(sandbox, envelope, 'declined');
  envelope.declinedAt = now;
  cancelExpiry(sandbox, envelope);
  note(sandbox, envelope, 'Declined', recipient, reason);
  recordRecipient(sandbox, envelope, recipient, 'declined', { reason });
  emit(envelope, 'recipient-declined', recipient);
  record(sandbox, envelope, 'declined', { reason });
  for (const other of envelope.recipients)
    if (other !== recipient && other.sentAt !== undefined) mail(sandbox, envelope, other, 'declined');
  emit(envelope, 'envelope-declined');
}

/** The recipient closes the page to go on another day. */
export function finishLater(sandbox: Sandbox, envelope: Envelope, recipient: Recipient, emit: Emit): void {
  open(sandbox, envelope, recipient, emit);
  note(sandbox, envelope, 'Finish Later', recipient, `${recipient.name} will finish later.`);
  recordRecipient(sandbox, envelope, recipient, 'finish-later');
  emit(envelope, 'recipient-finish-later', recipient);
}

/** The invitation bounced. */
export function autoRespond(
  sandbox: Sandbox,
  envelope: Envelope,
  recipient: Recipient,
  reason: string,
  emit: Emit,
): void {
  const problem = turnProblem(envelope, recipient);
  if (problem !== undefined) throw problem;
  beforeChange(sandbox, envelope);
  recipient.status = 'autoresponded';
  recipient.autoRespondedReason = reason;
  note(sandbox, envelope, 'Auto Responded', recipient, reason);
  recordRecipient(sandbox, envelope, recipient, 'autoresponded', { reason });
  emit(envelope, 'recipient-autoresponded', recipient);
}

/** An identity check (access code, phone) failed. */
export function failAuthentication(sandbox: Sandbox, envelope: Envelope, recipient: Recipient, emit: Emit): void {
  const problem = turnProblem(envelope, recipient);
  if (problem !== undefined) throw problem;
  note(sandbox, envelope, 'Authentication Failed', recipient, `${recipient.name} failed the identity check.`);
  recordRecipient(sandbox, envelope, recipient, 'authenticationfailed');
  emit(envelope, 'recipient-authenticationfailed', recipient);
}

/** Signs for everyone whose turn it is, order after order, until nobody is left; or for one recipient alone. */
export function signAll(
  sandbox: Sandbox,
  envelope: Envelope,
  only: string | undefined,
  values: Record<string, string>,
  emit: Emit,
): void {
  for (;;) {
    const next = envelope.recipients.find(
      (recipient) => isActive(recipient) && (only === undefined || recipient.recipientId === only),
    );
    if (next === undefined || isEnded(envelope)) return;
    sign(sandbox, envelope, next, values, emit);
  }
}
