/**
 * What only one provider has, checked for sense: reminders that would never be sent are a mistake, not a wish.
 * @module
 */
import type { DocusignOptions } from '../../model/envelope.ts';
import { daysUntil } from '../../model/time.ts';
import type { ProviderName } from '../../model/words.ts';
import type { Capabilities } from '../../providers/provider.ts';
import type { EnvelopeInput } from './input.ts';
import type { Issues } from './issues.ts';

/** `provider` and `capabilities` are those of the account, null when it is unknown. */
export function checkOptions(
  { docusign, expiresAt }: EnvelopeInput,
  provider: ProviderName | null,
  capabilities: Capabilities | null,
  now: Date,
  issues: Issues,
): void {
  if (docusign === null) return;
  if (provider !== null && provider !== 'DOCUSIGN') {
    issues.add('NOT_SUPPORTED', ['docusign'], `This account is one of ${provider}.`, 'Leave it out.');
  }
  const daysLeft = expiresAt === null ? null : daysUntil(expiresAt, now);
  const max = capabilities?.maxReminderDays ?? 999;
  checkReminders(docusign.reminders, daysLeft, max, issues.under('docusign', 'reminders'));
  const warning = docusign.expiryWarningDays;
  if (warning === null) return;
  checkDays('expiryWarningDays', warning, max, issues.under('docusign'));
  if (daysLeft === null) {
    const message = 'Without a time to warn of there is no warning.';
    issues.add('REQUIRED', ['expiresAt'], message, 'Give `expiresAt`, or leave `docusign.expiryWarningDays` out.');
  } else if (warning >= daysLeft && daysLeft > 0) {
    const message = `It expires in ${daysLeft} days, so this warning would come before it is sent.`;
    issues.add('OUT_OF_RANGE', ['docusign', 'expiryWarningDays'], message);
  }
}

function checkReminders(
  reminders: DocusignOptions['reminders'],
  daysLeft: number | null,
  max: number,
  issues: Issues,
): void {
  if (reminders === null) return;
  checkDays('afterDays', reminders.afterDays, max, issues);
  checkDays('everyDays', reminders.everyDays, max, issues);
  if (daysLeft !== null && daysLeft > 0 && reminders.afterDays >= daysLeft) {
    const message = `It expires in ${daysLeft} days, so nobody would ever be reminded.`;
    issues.add('OUT_OF_RANGE', ['afterDays'], message);
  }
}

function checkDays(name: string, days: number, max: number, issues: Issues): void {
  if (days < 1 || days > max) issues.add('OUT_OF_RANGE', [name], `From 1 to ${max} days.`);
}
