/**
 * What begins when a recipient's turn comes: the auto-signer's wait and the reminders.
 * @module
 */
import { mail } from './history.ts';
import { isMailed } from './progress.ts';
import type { Envelope, Recipient, Sandbox } from './state.ts';
import { DAY } from './values.ts';

export function beginTurn(sandbox: Sandbox, envelope: Envelope, recipient: Recipient): void {
  scheduleAutoSign(sandbox, envelope, recipient);
  const { reminderEnabled, reminderDelay } = envelope.notification;
  if (reminderEnabled && reminderDelay > 0) scheduleReminder(sandbox, envelope, recipient, reminderDelay);
}

function scheduleAutoSign(sandbox: Sandbox, envelope: Envelope, recipient: Recipient): void {
  if (sandbox.autoSign === false) return;
  const { envelopeId } = envelope;
  const { recipientIdGuid } = recipient;
  const due = sandbox.clock.now() + sandbox.autoSign.afterMs;
  sandbox.agenda.add(due, { kind: 'auto-sign', envelopeId, recipientIdGuid });
}

function scheduleReminder(sandbox: Sandbox, { envelopeId }: Envelope, recipient: Recipient, days: number): void {
  const { recipientIdGuid } = recipient;
  sandbox.agenda.add(sandbox.clock.now() + days * DAY, { kind: 'remind', envelopeId, recipientIdGuid });
}

/** A mail and nothing more: Connect hears nothing of reminders. Settings changed meanwhile count from the next one. */
export function remind(sandbox: Sandbox, envelope: Envelope, recipient: Recipient): void {
  const { reminderEnabled, reminderFrequency } = envelope.notification;
  if (!reminderEnabled) return;
  if (isMailed(recipient)) mail(sandbox, envelope, recipient, 'reminder');
  if (reminderFrequency > 0) scheduleReminder(sandbox, envelope, recipient, reminderFrequency);
}
