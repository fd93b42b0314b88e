/**
 * What the sender and time do to an envelope: send, void, expire, resend.
 * @module
 */
import { ApiError, invalidStatus } from './errors.ts';
import { beforeChange, cancelExpiry, mail, note, record, recordRecipient, sender, setStatus } from './history.ts';
import { isActive, isEnded, isMailed } from './progress.ts';
import { activateNext } from './routing.ts';
import type { Emit, Envelope, Recipient, Sandbox } from './state.ts';
import { DAY } from './values.ts';

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
  cancelExpiry(sandbox, envelope);
  delete envelope.expiresAt;
  if (!envelope.notification.expireEnabled || envelope.sentAt === undefined) return;
  envelope.expiresAt = envelope.sentAt + envelope.notification.expireAfter * DAY;
  const { envelopeId } = envelope;
  const { expireWarn } = envelope.notification;
  sandbox.agenda.add(envelope.expiresAt, { kind: 'expire', envelopeId });
  const warnAt = envelope.expiresAt - expireWarn * DAY;
  if (expireWarn > 0 && warnAt > sandbox.clock.now()) sandbox.agenda.add(warnAt, { kind: 'warn', envelopeId });
}

/** A mail and nothing more, as reminders are. */
export function warn(sandbox: Sandbox, envelope: Envelope): void {
  for (const recipient of envelope.recipients.filter(isActive)) {
    if (isMailed(recipient)) mail(sandbox, envelope, recipient, 'expiring');
  }
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
  cancelExpiry(sandbox, envelope);
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
  for (const recipient of envelope.recipients.filter(isActive)) resendTo(sandbox, envelope, recipient, emit);
}

/** Of one whose turn it is. */
export function resendTo(sandbox: Sandbox, envelope: Envelope, recipient: Recipient, emit: Emit): void {
  if (isMailed(recipient)) mail(sandbox, envelope, recipient, 'resent');
  recordRecipient(sandbox, envelope, recipient, 'resent');
  emit(envelope, 'recipient-resent', recipient);
}
