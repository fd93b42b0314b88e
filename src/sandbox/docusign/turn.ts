/**
 * What begins when a recipient's turn comes: the auto-signer's wait and the reminders.
 * @module
 */
import { sign } from './acts.ts';
import { mail } from './history.ts';
import { isActive, isEnded, isMailed } from './progress.ts';
import type { Envelope, Recipient, Sandbox } from './state.ts';
import { DAY } from './values.ts';

export function beginTurn(sandbox: Sandbox, envelope: Envelope, recipient: Recipient): void {
  scheduleAutoSign(sandbox, envelope, recipient);
  const { reminderEnabled, reminderDelay } = envelope.notification;
  if (reminderEnabled && reminderDelay > 0) scheduleReminder(sandbox, envelope, recipient, reminderDelay);
}

function scheduleAutoSign(sandbox: Sandbox, envelope: Envelope, recipient: Recipient): void {
  if (sandbox.autoSign === false) return;
  sandbox.clock.after(sandbox.autoSign.afterMs, () => {
    if (sandbox.autoSign !== false && isActive(recipient) && !isEnded(envelope))
      sign(sandbox, envelope, recipient, {}, sandbox.emit);
  });
}

/** A mail and nothing more: Connect hears nothing of reminders. Settings changed meanwhile count from the next one. */
function scheduleReminder(sandbox: Sandbox, envelope: Envelope, recipient: Recipient, days: number): void {
  sandbox.clock.after(days * DAY, () => {
    const { reminderEnabled, reminderFrequency } = envelope.notification;
    if (!reminderEnabled || !mayAct(envelope, recipient)) return;
    if (isMailed(recipient)) mail(sandbox, envelope, recipient, 'reminder');
    if (reminderFrequency > 0) scheduleReminder(sandbox, envelope, recipient, reminderFrequency);
  });
}

/** Still there and still asked: recipients can be removed while they wait. */
function mayAct(envelope: Envelope, recipient: Recipient): boolean {
  return isActive(recipient) && !isEnded(envelope) && envelope.recipients.includes(recipient);
}
