/**
 * What every change leaves behind: the snapshot for stale lists, audit trail, ledger lines, mails.
 * @module
 */
import { envelopeJson } from './envelope-json.ts';
import { type Envelope, type EnvelopeStatus, type Mail, type Recipient, type Sandbox, taskKey } from './state.ts';

/** Must run before any change: keeps how the envelope read until now, for stale lists. */
export function beforeChange(sandbox: Sandbox, envelope: Envelope): void {
  envelope.before = envelopeJson(sandbox, envelope, new Set(['recipients', 'custom_fields']));
  envelope.modifiedAt = sandbox.clock.now();
}

/** An envelope that has ended, or gets another time, expires no more at the old one. */
export function cancelExpiry(sandbox: Sandbox, { envelopeId }: Envelope): void {
  sandbox.agenda.cancel(taskKey({ kind: 'expire', envelopeId }));
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

export function recordRecipient(
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
