/**
 * Shapes of an envelope's parts as they are stored and handed to a provider.
 * @module
 */
import type { IssueCode, ProblemCode, ProviderFault } from './problems.ts';
import type { Instant } from './time.ts';
import type { FieldKind, RecipientRole, RecipientStatus } from './words.ts';

/** Points from the top left of the page as it is displayed (crop box, rotation applied); pages from 1. */
export type FieldPlace =
  | {
      readonly at: {
        readonly document: string;
        readonly page: number;
        readonly x: number;
        readonly y: number;
        readonly width: number | null;
        readonly height: number | null;
      };
    }
  | {
      readonly anchor: {
        /** Key of the document, null for every document of the envelope. */
        readonly document: string | null;
        readonly text: string;
        readonly dx: number;
        readonly dy: number;
        readonly ifMissing: 'REFUSE' | 'SKIP';
      };
    };

/** What only one provider has. */
export interface ProviderOptions {
  readonly docusign?: DocusignOptions;
}

export interface DocusignOptions {
  /** Mails to those whose turn it is: the first so many days after it came, then every so many. Null for none. */
  readonly reminders: { readonly afterDays: number; readonly everyDays: number } | null;
  /** Days before the expiry at which recipients are warned; null for no warning. */
  readonly expiryWarningDays: number | null;
}

/** What a provider is asked to make. `ref`s are the ids the provider will know the parts by. */
export interface EnvelopeContent {
  /** Our public envelope id: written into the provider's metadata, so that news of it finds its way home. */
  readonly envelopeId: string;
  readonly subject: string;
  readonly message: string | null;
  readonly expiresAt: Date | null;
  readonly options: ProviderOptions;
  readonly documents: readonly ContentDocument[];
  readonly recipients: readonly ContentRecipient[];
}

export interface ContentDocument {
  readonly ref: string;
  readonly key: string;
  readonly name: string;
  readonly contentType: string;
  readonly size: number;
  /** Reads the whole document. */
  bytes(): Promise<Buffer>;
}

export interface ContentRecipient {
  readonly ref: string;
  readonly role: RecipientRole;
  readonly name: string;
  readonly email: string;
  readonly routingOrder: number;
  /** The id under which the provider lets us open a signing session, or null for one that gets a mail. */
  readonly embeddedId: string | null;
  readonly fields: readonly ContentField[];
}

export interface ContentField {
  /** Our public id of it. */
  readonly ref: string;
  readonly kind: FieldKind;
  readonly label: string | null;
  readonly required: boolean;
  readonly value: string | null;
  readonly place: FieldPlace;
}

/** What a command needs beyond its envelope. */
export interface CommandRequest {
  /** VOID: why, told to the recipients. */
  readonly reason?: string;
  /** CORRECT: UUID of whom. REMIND: the same, absent for all whose turn it is. */
  readonly recipientId?: string;
  /** CORRECT: what is to change; absent stays. */
  readonly name?: string;
  readonly email?: string;
}

/** A refusal as it is kept on an envelope or command. */
export interface Failure extends ProviderFault {
  readonly code: ProblemCode;
  readonly message: string;
  /** What to do about it, where that can be said. */
  readonly fix?: string | null;
  readonly issues?: readonly { readonly code: IssueCode; readonly message: string }[];
  /** For a recipient who can't be asked or changed any more: where they stood. */
  readonly recipientStatus?: RecipientStatus;
  readonly at: Instant;
}

/** What proves a completed envelope: each is made by the provider. */
export const EVIDENCE = ['certificate', 'combined', 'archive'] as const;
export type Evidence = (typeof EVIDENCE)[number];
export type EvidenceHashes = Readonly<Partial<Record<Evidence, string>>>;
