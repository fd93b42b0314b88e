/**
 * The words of the domain and their order. The same in every provider, the database and the API.
 * @module
 */

export const PROVIDERS = ['DOCUSIGN', 'ACROBAT_SIGN', 'DROPBOX_SIGN'] as const;
export type ProviderName = (typeof PROVIDERS)[number];

/** SANDBOX alone may be loopback or plain HTTP. */
export const ENVIRONMENTS = ['LIVE', 'DEMO', 'SANDBOX'] as const;
export type Environment = (typeof ENVIRONMENTS)[number];

/** Ends an envelope never leaves by late news. Their index is their rank when two carry one time. */
export const ENDS = ['VOIDED', 'EXPIRED', 'DECLINED', 'COMPLETED'] as const;
export type End = (typeof ENDS)[number];

/** What a provider says of an envelope that is under way, in rank order. */
export const PROGRESS = ['SENT', 'OPENED'] as const;
export type Progress = (typeof PROGRESS)[number];

export const ENVELOPE_STATUSES = [
  'DRAFT',
  'SENDING',
  'SENT',
  'OPENED',
  'PARTIALLY_SIGNED',
  'COMPLETED',
  'VOIDING',
  'DECLINED',
  'VOIDED',
  'EXPIRED',
  'FAILED',
] as const;
export type EnvelopeStatus = (typeof ENVELOPE_STATUSES)[number];

/** Which statuses are alike: the one place that groups them. OUT: with its recipients, who can be asked and changed. */
const CLASS: Readonly<Record<EnvelopeStatus, 'LOCAL' | 'SENDING' | 'OUT' | 'VOIDING' | 'OVER'>> = {
  DRAFT: 'LOCAL',
  SENDING: 'SENDING',
  SENT: 'OUT',
  OPENED: 'OUT',
  PARTIALLY_SIGNED: 'OUT',
  VOIDING: 'VOIDING',
  COMPLETED: 'OVER',
  DECLINED: 'OVER',
  VOIDED: 'OVER',
  EXPIRED: 'OVER',
  FAILED: 'OVER',
};

export const isOut = (status: EnvelopeStatus): boolean => CLASS[status] === 'OUT';
/** Ended, or failed before it was sent: the provider has nothing newer to tell. */
export const hasEnded = (status: EnvelopeStatus): boolean => CLASS[status] === 'OVER';
/** True also while an earlier cancel waits: it may be asked for again. */
export const isVoidable = (status: EnvelopeStatus): boolean => CLASS[status] === 'OUT' || CLASS[status] === 'VOIDING';

/** In rank order: which of two words of one instant stands. */
export const RECIPIENT_STATUSES = [
  'WAITING',
  'NOTIFIED',
  'OPENED',
  'BOUNCED',
  'FAILED',
  'DELEGATED',
  'APPROVED',
  'SIGNED',
  'DECLINED',
] as const;
export type RecipientStatus = (typeof RECIPIENT_STATUSES)[number];

/** What a recipient has done is done: nothing is asked of them any more. */
export const hasFinished = (status: RecipientStatus): boolean =>
  status === 'SIGNED' || status === 'APPROVED' || status === 'DECLINED';

export const RECIPIENT_ROLES = ['SIGNER', 'CARBON_COPY'] as const;
export type RecipientRole = (typeof RECIPIENT_ROLES)[number];

export const FIELD_KINDS = ['SIGNATURE', 'INITIALS', 'DATE_SIGNED', 'TEXT', 'CHECKBOX'] as const;
export type FieldKind = (typeof FIELD_KINDS)[number];

/** Where a piece of news came from. */
export const SOURCES = ['WEBHOOK', 'COMMAND', 'READ', 'SWEEP', 'GATEWAY'] as const;
export type Source = (typeof SOURCES)[number];

export const COMMAND_KINDS = ['SEND', 'VOID', 'REMIND', 'CORRECT'] as const;
export type CommandKind = (typeof COMMAND_KINDS)[number];

/**
 * INTENDED: stored, nothing said to the provider. ATTEMPTED: a process holds the fence and may be talking.
 * UNCERTAIN: an attempt ended without an answer; only look-ups may follow until it is settled.
 */
export const COMMAND_STATES = ['INTENDED', 'ATTEMPTED', 'UNCERTAIN', 'DONE', 'REFUSED'] as const;
export type CommandState = (typeof COMMAND_STATES)[number];

export const DELIVERY_VERDICTS = ['VERIFIED', 'UNPARSABLE', 'REFUSED'] as const;
export type DeliveryVerdict = (typeof DELIVERY_VERDICTS)[number];

/** What a delivery did: nothing new, news applied, parked until its envelope is known, unusable, of no interest. */
export const DELIVERY_EFFECTS = ['APPLIED', 'UNCHANGED', 'PARKED', 'IGNORED', 'NONE'] as const;
export type DeliveryEffect = (typeof DELIVERY_EFFECTS)[number];

/** How a provider learns where to send webhooks: each envelope names the address, or the account has one registration. */
export const WEBHOOK_MODES = ['PER_ENVELOPE', 'ACCOUNT'] as const;
export type WebhookMode = (typeof WEBHOOK_MODES)[number];

/** What a check of an account came to. UNKNOWN: it could not be made. */
export const HEALTH_STATES = ['OK', 'WARNING', 'FAILING', 'UNKNOWN'] as const;
export type HealthState = (typeof HEALTH_STATES)[number];

export const EVENT_TYPES = [
  'ENVELOPE_CREATED',
  'ENVELOPE_UPDATED',
  'ENVELOPE_DELETED',
  'ENVELOPE_SENDING',
  'ENVELOPE_SENT',
  'ENVELOPE_OPENED',
  'ENVELOPE_PARTIALLY_SIGNED',
  'ENVELOPE_COMPLETED',
  'ENVELOPE_VOIDING',
  'ENVELOPE_DECLINED',
  'ENVELOPE_VOIDED',
  'ENVELOPE_EXPIRED',
  'ENVELOPE_FAILED',
  'ENVELOPE_REOPENED',
  'RECIPIENT_NOTIFIED',
  'RECIPIENT_OPENED',
  'RECIPIENT_SIGNED',
  'RECIPIENT_APPROVED',
  'RECIPIENT_DECLINED',
  'RECIPIENT_DELEGATED',
  'RECIPIENT_BOUNCED',
  'RECIPIENT_FAILED',
  'RECIPIENT_UPDATED',
] as const;
export type EventType = (typeof EVENT_TYPES)[number];

/** How far the bytes of a document have come. */
export const DOCUMENT_STATES = ['WAITING', 'RECEIVING', 'READY', 'FAILED'] as const;
export type DocumentState = (typeof DOCUMENT_STATES)[number];
