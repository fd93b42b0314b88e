/**
 * The life of an envelope: who is notified when, what opening, signing, declining, voiding and time do to it.
 * Every function changes the state, tells Connect through `emit` in the order users see, and writes the ledger.
 * @module
 */
import { ApiError, invalidStatus } from './errors.ts';
import { envelopeJson } from './envelope-json.ts';
import { isActive, isEnded, isFinished } from './progress.ts';
import type { Emit, Envelope, EnvelopeStatus, Mail, Recipient, Sandbox } from './state.ts';
import { fillTabs } from './tabs.ts';
import { DAY } from './values.ts';

/** Groups that are done as soon as their turn comes. */
const COPIES: ReadonlySet<string> = new Set(['carbonCopies', 'seals']);

/** Must run before any change: keeps how the envelope read until now, for stale lists. */
export function beforeChange(sandbox: Sandbox, envelope: Envelope): void {
  envelope.before = envelopeJson(sandbox, envelope, new Set(['recipients', 'custom_fields']));
  envelope.modifiedAt = sandbox.clock.now();
}

export function note(
  sandbox: Sandbox,
  envelope: Envelope,
  action: string,
  who: { name: string; userId: string },
  message: string,
): void {
  envelope.audit.push({
    at: sandbox.clock.now(),
    action,
    userName: who.name,
    userId: who.userId,
    message,
    envelopeStatus: envelope.status,
  });
}

export function setStatus(sandbox: Sandbox, envelope: Envelope, status: EnvelopeStatus): void {
  envelope.status = status;
  envelope.statusChangedAt = sandbox.clock.now();
}

/** Ledger line of an envelope's own change. */
export function record(
  sandbox: Sandbox,
  envelope: Envelope,
  event: string,
  members: Record<string, unknown> = {},
): void {
  sandbox.ledger.write('envelope', {
    event,
    envelopeId: envelope.envelopeId,
    accountId: envelope.accountId,
    status: envelope.status,
    ...(envelope.transactionId === undefined ? {} : { transactionId: envelope.transactionId }),
    customFields: Object.fromEntries(envelope.customFields.map((field) => [field.name, field.value])),
    ...members,
  });
}

function recordRecipient(
  sandbox: Sandbox,
  envelope: Envelope,
  recipient: Recipient,
  event: string,
  members: Record<string, unknown> = {},
): void {
  sandbox.ledger.write('recipient', {
    event,
    envelopeId: envelope.envelopeId,
    recipientId: recipient.recipientId,
    email: recipient.email,
    status: recipient.status,
    ...members,
  });
}

export function sender(sandbox: Sandbox, envelope: Envelope): { name: string; userId: string; email: string } {
  const user = sandbox.users.get(envelope.senderUserId);
  return { name: user?.name ?? '', userId: envelope.senderUserId, email: user?.email ?? '' };
}

/** A draft goes out. Subject, documents and recipients must be there. */
export function send(sandbox: Sandbox, envelope: Envelope, emit: Emit): void {
  if (envelope.emailSubject === '' || envelope.documents.length === 0 || envelope.recipients.length === 0) {
    throw new ApiError(
      'ENVELOPE_IS_INCOMPLETE',
      'The Envelope is not Complete. A Complete Envelope Requires Documents, Recipients, Tabs, and a Subject Line.',
    );
  }
  beforeChange(sandbox, envelope);
  const now = sandbox.clock.now();
  setStatus(sandbox, envelope, 'sent');
  envelope.sentAt = now;
  envelope.initialSentAt ??= now;
  note(sandbox, envelope, 'Sent', sender(sandbox, envelope), 'The envelope was sent.');
  record(sandbox, envelope, 'sent');
  scheduleExpiry(sandbox, envelope);
  emit(envelope, 'envelope-sent');
  activateNext(sandbox, envelope, emit);
}

/** Set at sending, and again when `PUT …/notification` changes it. */
export function scheduleExpiry(sandbox: Sandbox, envelope: Envelope): void {
  envelope.expiry?.cancel();
  delete envelope.expiresAt;
  if (!envelope.notification.expireEnabled || envelope.sentAt === undefined) return;
  envelope.expiresAt = envelope.sentAt + envelope.notification.expireAfter * DAY;
  envelope.expiry = sandbox.clock.at(envelope.expiresAt, () => {
    if (!isEnded(envelope)) expire(sandbox, envelope);
  });
}

/** Expiry ends an envelope as voided, with a reason of the platform's. */
export function expire(sandbox: Sandbox, envelope: Envelope): void {
  if (isEnded(envelope) || envelope.status === 'created') throw invalidStatus('Only envelopes under way can expire.');
  endVoided(sandbox, envelope, 'Envelope has expired.', 'expired', sandbox.emit);
}

export function voidEnvelope(sandbox: Sandbox, envelope: Envelope, reason: string, emit: Emit): void {
  if (envelope.status !== 'sent' && envelope.status !== 'delivered' && envelope.status !== 'signed') {
    throw new ApiError(
      'ENVELOPE_CANNOT_VOID_INVALID_STATE',
      "Only envelopes in the 'Sent' or 'Delivered' states may be voided.",
    );
  }
  endVoided(sandbox, envelope, reason, 'voided', emit);
}

function endVoided(
  sandbox: Sandbox,
  envelope: Envelope,
  reason: string,
  event: 'voided' | 'expired',
  emit: Emit,
): void {
  beforeChange(sandbox, envelope);
  setStatus(sandbox, envelope, 'voided');
  envelope.voidedAt = sandbox.clock.now();
  envelope.voidedReason = reason;
  envelope.expiry?.cancel();
  note(sandbox, envelope, 'Voided', sender(sandbox, envelope), reason);
  record(sandbox, envelope, event, { reason });
  for (const recipient of envelope.recipients) if (isActive(recipient)) mail(sandbox, envelope, recipient, 'voided');
  emit(envelope, 'envelope-voided');
}

/** Invitations go out again to those whose turn it is. */
export function resend(sandbox: Sandbox, envelope: Envelope, emit: Emit): void {
  if (isEnded(envelope) || envelope.status === 'created') {
    throw new ApiError(
      'EDIT_LOCK_INVALID_STATE_FOR_LOCK',
      "Only envelopes in the 'Sent' or 'Delivered' states may be resent.",
    );
  }
  record(sandbox, envelope, 'resent');
  note(sandbox, envelope, 'Resent', sender(sandbox, envelope), 'The invitations were sent again.');
  emit(envelope, 'envelope-resent');
  for (const recipient of envelope.recipients.filter(isActive)) {
    mail(sandbox, envelope, recipient, 'resent');
    recordRecipient(sandbox, envelope, recipient, 'resent');
    emit(envelope, 'recipient-resent', recipient);
  }
}

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
  if (recipient.clientUserId === undefined || recipient.extra['embeddedRecipientStartURL'] !== undefined) {
    mail(sandbox, envelope, recipient, 'invitation');
  }
  scheduleAutoSign(sandbox, envelope, recipient);
}

function scheduleAutoSign(sandbox: Sandbox, envelope: Envelope, recipient: Recipient): void {
  if (sandbox.autoSign === false) return;
  sandbox.clock.after(sandbox.autoSign.afterMs, () => {
    if (sandbox.autoSign !== false && isActive(recipient) && !isEnded(envelope))
      sign(sandbox, envelope, recipient, {}, sandbox.emit);
  });
}

export function mail(sandbox: Sandbox, envelope: Envelope, recipient: Recipient, kind: Mail['kind']): void {
  sandbox.mails.push({
    at: sandbox.clock.now(),
    kind,
    envelopeId: envelope.envelopeId,
    recipientIdGuid: recipient.recipientIdGuid,
    to: recipient.email,
    name: recipient.name,
    subject: envelope.emailSubject,
  });
  sandbox.ledger.write('mail', {
    event: kind,
    envelopeId: envelope.envelopeId,
    recipientId: recipient.recipientId,
    to: recipient.email,
  });
}

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
  sandbox.clock.after(lasting, () => {
    if (!isEnded(envelope)) settle(sandbox, envelope, recipient, sandbox.emit);
  });
}

function settle(sandbox: Sandbox, envelope: Envelope, recipient: Recipient, emit: Emit): void {
  beforeChange(sandbox, envelope);
  finish(sandbox, envelope, recipient, emit);
  activateNext(sandbox, envelope, emit);
}

function finish(sandbox: Sandbox, envelope: Envelope, recipient: Recipient, emit: Emit): void {
  recipient.status = 'completed';
  recordRecipient(sandbox, envelope, recipient, 'completed');
  emit(envelope, 'recipient-completed', recipient);
}

function complete(sandbox: Sandbox, envelope: Envelope, emit: Emit): void {
  setStatus(sandbox, envelope, 'completed');
  envelope.completedAt = sandbox.clock.now();
  envelope.expiry?.cancel();
  note(sandbox, envelope, 'Completed', sender(sandbox, envelope), 'The envelope is completed.');
  record(sandbox, envelope, 'completed');
  for (const recipient of envelope.recipients) mail(sandbox, envelope, recipient, 'completed');
  emit(envelope, 'envelope-completed');
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
  envelope.expiry?.cancel();
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
