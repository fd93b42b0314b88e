/**
 * Where an envelope stands: who is done, whose turn it is.
 * @module
 */
import type { Envelope, EnvelopeStatus, Recipient } from './state.ts';

const ENDS: ReadonlySet<EnvelopeStatus> = new Set(['completed', 'declined', 'voided']);
export function isEnded(envelope: Envelope): boolean {
  return ENDS.has(envelope.status);
}

export function isFinished(recipient: Recipient): boolean {
  return recipient.status === 'completed' || recipient.status === 'declined';
}

export function isActive(recipient: Recipient): boolean {
  return recipient.status === 'sent' || recipient.status === 'delivered' || recipient.status === 'autoresponded';
}

/** An embedded recipient gets no mails, unless the sender gave an address of their own for them to start at. */
export function isMailed(recipient: Recipient): boolean {
  return recipient.clientUserId === undefined || recipient.extra['embeddedRecipientStartURL'] !== undefined;
}

/** Lowest routing order with someone unfinished; the last one when all are done. */
export function currentRoutingOrder(envelope: Envelope): number {
  const open = envelope.recipients.filter((recipient) => !isFinished(recipient));
  const pool = open.length > 0 ? open : envelope.recipients;
  const orders = pool.map((recipient) => recipient.routingOrder);
  return open.length > 0 ? Math.min(...orders) : Math.max(1, ...orders);
}
