/**
 * DocuSign's words and ours. Requests and XML capitalise them, JSON doesn't: compared in lower case.
 * Source: developer documentation, "Envelope status codes", "Recipient status codes", "Webhook event triggers".
 * @module
 */
import type { End, FieldKind, Progress, RecipientRole, RecipientStatus } from '../../model/words.ts';

/** `delivered`: every current recipient has opened it. `signed` is brief: all have signed, and it is being sealed. */
export const PROGRESS_WORDS: Readonly<Record<string, Progress>> = {
  sent: 'SENT',
  delivered: 'OPENED',
  signed: 'OPENED',
};

/** `voided` is also how an envelope expires: the reason tells them apart. */
export const END_WORDS: Readonly<Record<string, Exclude<End, 'EXPIRED'>>> = {
  completed: 'COMPLETED',
  declined: 'DECLINED',
  voided: 'VOIDED',
};

/** Before anything was sent. */
export const DRAFT_WORDS: ReadonlySet<string> = new Set(['created', 'processing']);

/** There is no status and no event of its own for expiry: only the reason says so (third-party sources). */
export function endOf(word: End, reason: string | null): End {
  return word === 'VOIDED' && reason !== null && /\bexpired\b/i.test(reason) ? 'EXPIRED' : word;
}

/** Groups of recipients, and whether we count those in them as signing or as being told. */
export const RECIPIENT_GROUPS = {
  signers: 'SIGNER',
  inPersonSigners: 'SIGNER',
  witnesses: 'SIGNER',
  notaries: 'SIGNER',
  participants: 'SIGNER',
  carbonCopies: 'CARBON_COPY',
  certifiedDeliveries: 'CARBON_COPY',
  agents: 'CARBON_COPY',
  editors: 'CARBON_COPY',
  intermediaries: 'CARBON_COPY',
} as const satisfies Record<string, RecipientRole>;

export const ENVELOPE_EVENTS = [
  'envelope-created',
  'envelope-sent',
  'envelope-resent',
  'envelope-delivered',
  'envelope-completed',
  'envelope-declined',
  'envelope-voided',
  'envelope-corrected',
  'envelope-purge',
  'envelope-deleted',
  'envelope-discard',
] as const;

export const RECIPIENT_EVENTS = [
  'recipient-sent',
  'recipient-resent',
  'recipient-delivered',
  'recipient-completed',
  'recipient-declined',
  'recipient-authenticationfailed',
  'recipient-autoresponded',
  'recipient-delegate',
  'recipient-reassign',
  'recipient-finish-later',
] as const;

/** What an event says on its own, when its message carries nothing more. */
export type EventNews =
  | { readonly about: 'ENVELOPE'; readonly status: Progress; readonly word: string }
  | { readonly about: 'END'; readonly status: 'COMPLETED'; readonly word: string }
  | { readonly about: 'RECIPIENT'; readonly status: RecipientStatus; readonly word: string }
  /** Something changed that only a read tells: a reason, a corrected or added recipient. */
  | { readonly about: 'READ' };

export const EVENT_NEWS: Readonly<Record<string, EventNews>> = {
  'envelope-sent': { about: 'ENVELOPE', status: 'SENT', word: 'sent' },
  'envelope-delivered': { about: 'ENVELOPE', status: 'OPENED', word: 'delivered' },
  'envelope-completed': { about: 'END', status: 'COMPLETED', word: 'completed' },
  'envelope-declined': { about: 'READ' },
  'envelope-voided': { about: 'READ' },
  'envelope-corrected': { about: 'READ' },
  'recipient-sent': { about: 'RECIPIENT', status: 'NOTIFIED', word: 'sent' },
  'recipient-delivered': { about: 'RECIPIENT', status: 'OPENED', word: 'delivered' },
  // A copy that was told is "completed" as well, and the event doesn't say whose it is.
  'recipient-completed': { about: 'READ' },
  'recipient-declined': { about: 'READ' },
  'recipient-authenticationfailed': { about: 'RECIPIENT', status: 'FAILED', word: 'authenticationfailed' },
  'recipient-autoresponded': { about: 'RECIPIENT', status: 'BOUNCED', word: 'autoresponded' },
  'recipient-delegate': { about: 'READ' },
  'recipient-reassign': { about: 'READ' },
};

/** The tab groups of fields whose value is text. */
export const VALUE_GROUPS = {
  DATE_SIGNED: 'dateSignedTabs',
  TEXT: 'textTabs',
  CHECKBOX: 'checkboxTabs',
} as const satisfies Partial<Record<FieldKind, string>>;

/** The tab group of each kind of field. */
export const TAB_GROUPS = {
  SIGNATURE: 'signHereTabs',
  INITIALS: 'initialHereTabs',
  DATE_SIGNED: 'dateSignedTabs',
  TEXT: 'textTabs',
  CHECKBOX: 'checkboxTabs',
} as const satisfies Record<FieldKind, string>;
