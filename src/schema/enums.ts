/**
 * The enums, each value described.
 * @module
 */
import type { RegisteredWebhook } from '../accounts/changes.ts';
import type { IssueCode, ProblemCode, WarningCode } from '../model/problems.ts';
import type {
  CommandKind,
  CommandState,
  DeliveryEffect,
  DeliveryVerdict,
  DocumentState,
  EnvelopeStatus,
  Environment,
  EventType,
  FieldKind,
  HealthState,
  ProviderName,
  RecipientRole,
  RecipientStatus,
  Source,
  WebhookMode,
} from '../model/words.ts';
import { builder } from './builder.ts';

/** An enum from a table of descriptions: the table's type makes sure that no value lacks one. */
function described<T extends string>(name: string, description: string, values: Readonly<Record<T, string>>) {
  const entries = Object.entries<string>(values).map(
    ([value, text]) => [value, { value: value as T, description: text }] as const,
  );
  return builder.enumType(name, {
    description,
    values: Object.fromEntries(entries) as Record<T, { value: T; description: string }>,
  });
}

export const ProviderEnum = described<ProviderName>('Provider', 'A vendor of e-signatures.', {
  DOCUSIGN: 'DocuSign eSignature.',
  ACROBAT_SIGN: 'Adobe Acrobat Sign.',
  DROPBOX_SIGN: 'Dropbox Sign.',
});

export const EnvironmentEnum = described<Environment>(
  'Environment',
  "Which of a provider's installations an account lives in.",
  {
    LIVE: 'Signatures bind.',
    DEMO: "The provider's own test installation.",
    SANDBOX: "countersign's local stand-in for the provider.",
  },
);

export const EnvelopeStatusEnum = described<EnvelopeStatus>('EnvelopeStatus', 'Where an envelope stands.', {
  DRAFT: 'In the cache alone; nobody was told.',
  SENDING: 'On its way to the provider; `command` says how far.',
  SENT: 'The provider has it and invites recipients.',
  OPENED: 'All recipients whose turn it is have opened it.',
  PARTIALLY_SIGNED: 'Of several, somebody has signed; it stays until the provider says that it is over.',
  COMPLETED: 'Everybody has done their part. Final.',
  VOIDING: 'A cancel was asked for and is not confirmed.',
  DECLINED: 'A recipient refused to sign. Final.',
  VOIDED: 'The sender cancelled it. Final.',
  EXPIRED: 'Its time ran out. Final.',
  FAILED: 'It could not be sent; `failure` says why.',
});

export const RecipientStatusEnum = described<RecipientStatus>('RecipientStatus', 'Where a recipient stands.', {
  WAITING: 'Their turn has not come.',
  NOTIFIED: 'The provider has told them, or an embedded session may be opened.',
  OPENED: 'They have opened the envelope.',
  SIGNED: 'They have signed.',
  APPROVED: 'They have approved.',
  DECLINED: 'They have refused.',
  DELEGATED: 'They have passed it on to somebody else.',
  BOUNCED: 'The mail to them came back.',
  FAILED: 'The provider could not let them act, such as when they failed to prove who they are.',
});

export const RecipientRoleEnum = described<RecipientRole>('RecipientRole', 'What a recipient is there for.', {
  SIGNER: 'Signs.',
  CARBON_COPY: 'Receives a copy.',
});

export const FieldKindEnum = described<FieldKind>('FieldKind', 'What a field takes.', {
  SIGNATURE: 'A signature.',
  INITIALS: 'Initials.',
  DATE_SIGNED: 'The day of signing, filled in by the provider.',
  TEXT: 'Text that the signer enters.',
  CHECKBOX: 'A box that the signer ticks.',
});

export const SourceEnum = described<Source>('Source', 'How countersign came to know.', {
  WEBHOOK: 'The provider called.',
  COMMAND: 'The provider answered a command.',
  READ: 'The provider was asked.',
  SWEEP: 'The provider was asked what has changed in the whole account.',
  GATEWAY: 'countersign did it itself.',
});

export const CommandKindEnum = described<CommandKind>('CommandKind', 'What a command asks of the provider.', {
  SEND: 'Send the envelope.',
  VOID: 'Cancel the envelope.',
  REMIND: 'Mail the invitation again.',
  CORRECT: 'Change who a recipient is.',
});

export const CommandStateEnum = described<CommandState>('CommandState', 'How far a command has come.', {
  INTENDED: 'Stored; nothing of it has reached the provider.',
  ATTEMPTED: 'An attempt is under way.',
  UNCERTAIN: 'An attempt ended without an answer; the provider is asked before anything is tried again.',
  DONE: 'Done.',
  REFUSED: 'The provider refused; nothing more is tried.',
});

export const EventTypeEnum = described<EventType>('EnvelopeEventType', 'What happened.', {
  ENVELOPE_CREATED: 'A draft was made.',
  ENVELOPE_UPDATED: 'A draft was given a new content.',
  ENVELOPE_DELETED: 'A draft was deleted: from here on there is no such envelope.',
  ENVELOPE_SENDING: 'It is on its way to the provider.',
  ENVELOPE_SENT: 'The provider has sent it.',
  ENVELOPE_OPENED: 'All recipients whose turn it is have opened it.',
  ENVELOPE_PARTIALLY_SIGNED: 'The first of several has signed.',
  ENVELOPE_COMPLETED: 'Everybody has done their part.',
  ENVELOPE_VOIDING: 'A cancel was asked for.',
  ENVELOPE_DECLINED: 'A recipient refused.',
  ENVELOPE_VOIDED: 'It was cancelled.',
  ENVELOPE_EXPIRED: 'Its time ran out.',
  ENVELOPE_FAILED: 'It could not be sent.',
  ENVELOPE_REOPENED: "The provider's API says that an end was undone.",
  RECIPIENT_NOTIFIED: 'A recipient was told.',
  RECIPIENT_OPENED: 'A recipient has opened it.',
  RECIPIENT_SIGNED: 'A recipient has signed.',
  RECIPIENT_APPROVED: 'A recipient has approved.',
  RECIPIENT_DECLINED: 'A recipient has refused.',
  RECIPIENT_DELEGATED: 'A recipient has passed it on.',
  RECIPIENT_BOUNCED: 'The mail to a recipient came back.',
  RECIPIENT_FAILED: 'The provider could not let a recipient act.',
  RECIPIENT_UPDATED: 'The provider tells another name or e-mail address of a recipient.',
});

export const DeliveryVerdictEnum = described<DeliveryVerdict>('DeliveryVerdict', 'What was found of a webhook call.', {
  VERIFIED: 'It comes from the provider and was understood.',
  UNPARSABLE: 'It comes from the provider and was not understood; it is kept.',
  REFUSED:
    'It was turned away: it is not proven to come from the provider, or its body was too large, too slow, cut off or encoded, or it came by another method than POST. Its body is not kept.',
});

export const DeliveryEffectEnum = described<DeliveryEffect>('DeliveryEffect', 'What a webhook call did.', {
  APPLIED: 'It brought news.',
  UNCHANGED: 'What it told was known.',
  PARKED: 'Its envelope is not known yet; it is applied when it is.',
  IGNORED: 'It is of a kind that tells nothing about an envelope, or about one that was not sent from here.',
  NONE: 'It was not read.',
});

const PROBLEM_TEXTS: Readonly<Record<ProblemCode, string>> = {
  INVALID_INPUT: 'The input has faults; `issues` lists them all.',
  PROVIDER_REFUSED: 'The provider refused.',
  PROVIDER_UNAVAILABLE: 'The provider gave no usable answer.',
  RATE_LIMITED: 'A rate limit of the provider is reached; it may be asked again at `retryAfter`.',
  TOO_EARLY: 'It may be asked again later.',
  NOT_SUPPORTED: 'This provider or account can not do it.',
  NOT_FOUND: 'There is no such thing for this tenant.',
  WRONG_STATE: "The envelope's state does not allow it.",
  KEY_REUSED: 'The idempotency key was used with another input.',
  LIMIT_REACHED: 'A limit of this gateway was reached.',
  NOT_THEIR_TURN: 'Other recipients come first.',
  NOT_READY: 'The envelope is still being sent.',
  NO_PUBLIC_URL: 'This gateway has no public https address for the provider to call.',
  NOT_EMBEDDED: 'The provider mails this recipient a link.',
  RECIPIENT_FINISHED: 'The recipient has done their part.',
};
export const ProblemCodeEnum = described('ProblemCode', 'Why a mutation was refused. May grow.', PROBLEM_TEXTS);

const ISSUE_TEXTS: Readonly<Record<IssueCode, string>> = {
  REQUIRED: 'Something must be given.',
  TOO_LONG: 'The text is too long.',
  TOO_MANY: 'There are too many.',
  OUT_OF_RANGE: 'The value is out of range.',
  INVALID_FORMAT: 'The value has another form than asked.',
  UNKNOWN_REFERENCE: 'It names something that is not there.',
  DUPLICATE: 'It is there twice.',
  ROUTING_ORDER_GAP: 'A routing order is left out.',
  FILE_TOO_LARGE: 'The file is too large.',
  FILE_EMPTY: 'The file is empty.',
  FILE_NOT_PDF: 'The file is no PDF.',
  FILE_ENCRYPTED: 'The PDF is encrypted; providers refuse it.',
  SIZE_DIFFERS: 'The bytes that came are more or fewer than were declared.',
  HASH_DIFFERS: 'The bytes that came have another SHA-256 than was declared.',
  ANCHOR_MISSING: 'The text that a field is to be placed at is not in the document.',
  URL_REFUSED: 'This address is not one that is fetched.',
  URL_FAILED: 'The address could not be fetched.',
  NOT_BASE64: 'The text is no base64.',
  NOT_SUPPORTED: 'The provider can not do it.',
};
export const IssueCodeEnum = described('IssueCode', 'What is wrong with a value. May grow.', ISSUE_TEXTS);

export const WarningCodeEnum = described<WarningCode>('WarningCode', 'What could not be checked. May grow.', {
  FILE_NOT_READ: 'The PDF could not be read here, or not in time.',
  TEXT_NOT_DECODED: 'A text was not found, but not all text of the document can be read for sure: it may be there.',
});

export const DocumentStateEnum = described<DocumentState>(
  'DocumentState',
  'How far the bytes of a document have come.',
  {
    WAITING: 'Its upload address was not used yet.',
    RECEIVING: 'They are coming.',
    READY: 'They are here, as declared: envelopes can have it.',
    FAILED: 'They were cut or not as declared. Ask for another upload.',
  },
);

export const EnvelopeSortEnum = builder.enumType('EnvelopeSort', {
  description: 'What a page of envelopes is ordered by; the id breaks ties.',
  values: {
    CREATED_AT: { description: 'When it was made. Rows keep their place.' },
    UPDATED_AT: { description: 'When it last changed. Rows may move between pages meanwhile.' },
  } as const,
});

export const SortDirectionEnum = builder.enumType('SortDirection', {
  description: 'Which end comes first.',
  values: { ASC: { description: 'The oldest first.' }, DESC: { description: 'The newest first.' } } as const,
});

export const StreamStartEnum = builder.enumType('StreamStart', {
  description: 'Where a stream without a cursor begins.',
  values: {
    NOW: { description: 'With what comes next.' },
    EARLIEST: { description: 'With the oldest event kept.' },
  } as const,
});

export const WebhookModeEnum = described<WebhookMode>(
  'WebhookMode',
  'How the provider learns where to send webhooks.',
  {
    PER_ENVELOPE: 'Each envelope names the address; no administrator is needed.',
    ACCOUNT:
      'The provider has one registration for the whole account, also for envelopes sent elsewhere; an administrator is needed.',
  },
);

export const WebhookOutcomeEnum = described<RegisteredWebhook['outcome']>(
  'WebhookOutcome',
  'What a registration of webhooks came to.',
  {
    CREATED: 'There was none, and it was made.',
    REPAIRED: 'It was otherwise than it must be, or switched off, and was mended.',
    UNCHANGED: 'It is as it must be.',
  },
);

export const HealthStateEnum = described<HealthState>('HealthState', 'What a check came to.', {
  OK: 'All is well.',
  WARNING: 'It works, and may soon not.',
  FAILING: 'It does not work.',
  UNKNOWN: 'It could not be looked at, or nothing has shown it yet.',
});
