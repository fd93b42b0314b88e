/**
 * What the sandbox knows: accounts, people, keys, envelopes, and what is planned. Plain data in memory; with a directory
 * it is kept over restarts (kept.ts).
 * @module
 */
import type { KeyObject } from 'node:crypto';
import type { Agenda } from '../kit/agenda.ts';
import type { SandboxClock } from '../kit/clock.ts';
import type { Faults } from '../kit/faults.ts';
import type { Ledger } from '../kit/ledger.ts';
import type { SeededRandom } from '../kit/random.ts';
import type { Connect } from './connect.ts';
import type { Limits } from './limits.ts';
import type { Settings } from './settings.ts';
import type { Subscription } from './subscriptions.ts';

export interface User {
  userId: string;
  name: string;
  email: string;
  active: boolean;
  accountIds: string[];
  defaultAccountId: string;
}

export interface Account {
  accountId: string;
  name: string;
  hmacKeys: { keyId: string; key: string; createdAt: number }[];
  /** Account-level Connect configurations, by connectId. */
  configurations: Map<string, AccountConfiguration>;
}

export interface AccountConfiguration {
  connectId: string;
  /** As it was sent, in text, with the defaults filled in: what GET answers. */
  fields: Record<string, unknown>;
  subscription: Subscription;
  allUsers: boolean;
  userIds: string[];
}

/** An integration key with its registered public keys. */
export interface App {
  integrationKey: string;
  publicKeys: KeyObject[];
  redirectUris: string[];
}

export interface AccessToken {
  token: string;
  userId: string;
  integrationKey: string;
  expiresAt: number;
  scopes: string[];
}

export type EnvelopeStatus = 'created' | 'sent' | 'delivered' | 'signed' | 'completed' | 'declined' | 'voided';
export type RecipientStatus = 'created' | 'sent' | 'delivered' | 'signed' | 'completed' | 'declined' | 'autoresponded';

/** A tab as its fields in text, `tabId` included. */
export type Tab = Record<string, string>;

export interface Recipient {
  group: RecipientGroup;
  recipientId: string;
  recipientIdGuid: string;
  userId: string;
  name: string;
  email: string;
  routingOrder: number;
  clientUserId?: string;
  status: RecipientStatus;
  sentAt?: number;
  deliveredAt?: number;
  signedAt?: number;
  declinedAt?: number;
  declinedReason?: string;
  autoRespondedReason?: string;
  /** Every other field that was sent and is answered again (note, accessCode, emailNotification …). */
  extra: Record<string, unknown>;
  /** By tab group: `signHereTabs`, `textTabs` … */
  tabs: Record<string, Tab[]>;
}

export const RECIPIENT_GROUPS = [
  'signers',
  'agents',
  'editors',
  'intermediaries',
  'carbonCopies',
  'certifiedDeliveries',
  'inPersonSigners',
  'seals',
  'witnesses',
  'notaries',
] as const;
export type RecipientGroup = (typeof RECIPIENT_GROUPS)[number];

export interface EnvelopeDocument {
  documentId: string;
  documentIdGuid: string;
  name: string;
  fileExtension: string;
  bytes: Buffer;
  /** Sizes in points; one US Letter page for what isn't a readable PDF. */
  pages: { width: number; height: number }[];
  /** False for a file the PDF library can't open: it is served as it came. */
  readable: boolean;
}

export interface CustomField {
  kind: 'text' | 'list';
  fieldId: string;
  fields: Record<string, unknown>;
  name: string;
  value: string;
}

export interface Notification {
  useAccountDefaults: boolean;
  reminderEnabled: boolean;
  reminderDelay: number;
  reminderFrequency: number;
  expireEnabled: boolean;
  /** Days from sending. */
  expireAfter: number;
  expireWarn: number;
}

export interface AuditEvent {
  at: number;
  action: string;
  userName: string;
  userId: string;
  message: string;
  envelopeStatus: EnvelopeStatus;
}

export interface Envelope {
  envelopeId: string;
  /** Order of creation, to page by. */
  number: number;
  accountId: string;
  senderUserId: string;
  status: EnvelopeStatus;
  emailSubject: string;
  emailBlurb: string;
  transactionId?: string;
  createdAt: number;
  modifiedAt: number;
  statusChangedAt: number;
  initialSentAt?: number;
  sentAt?: number;
  deliveredAt?: number;
  completedAt?: number;
  declinedAt?: number;
  voidedAt?: number;
  voidedReason?: string;
  expiresAt?: number;
  documents: EnvelopeDocument[];
  recipients: Recipient[];
  customFields: CustomField[];
  notification: Notification;
  subscriptions: Subscription[];
  purgeState: string;
  workflowStatus?: string;
  audit: AuditEvent[];
  /** How the envelope read before its newest change: what a stale list shows. Null before it existed. */
  before: Record<string, unknown> | null;
  /** Finished PDFs by documentId, made once per completed envelope. */
  rendered: Map<string, Uint8Array>;
  nextTab: number;
}

/** One e-mail the platform would have sent. */
export interface Mail {
  at: number;
  kind: 'invitation' | 'resent' | 'reminder' | 'expiring' | 'copy' | 'completed' | 'voided' | 'declined';
  envelopeId: string;
  recipientIdGuid: string;
  to: string;
  name: string;
  subject: string;
}

/** A one-use signing link; it becomes a session when it is opened. */
export interface SigningLink {
  token: string;
  envelopeId: string;
  recipientIdGuid: string;
  returnUrl: string | undefined;
  createdAt: number;
  used: boolean;
  revoked: boolean;
}

export interface SigningSession {
  id: string;
  envelopeId: string;
  recipientIdGuid: string;
  returnUrl: string | undefined;
  openedAt: number;
  /** Sessions from `views/recipient` end after five minutes and with the next link; those from a mail don't. */
  limited: boolean;
  revoked: boolean;
  /** The access code was given. */
  unlocked: boolean;
}

export type ConnectEvent = `envelope-${string}` | `recipient-${string}`;
/** Tells Connect of an event, at the moment it happens. */
export type Emit = (envelope: Envelope, event: ConnectEvent, recipient?: Recipient) => void;

/** What happens to an envelope, or a message of Connect, at a time to come. */
export type Task =
  | { kind: 'expire'; envelopeId: string }
  | { kind: 'warn'; envelopeId: string }
  | { kind: 'auto-sign' | 'remind' | 'settle'; envelopeId: string; recipientIdGuid: string }
  | { kind: 'purge'; envelopeId: string; state: string }
  | { kind: 'retry'; messageId: string };

/** What tasks are cancelled by: expiry and the warning before it go together. */
export function taskKey(task: Task): string {
  if (task.kind === 'retry') return `retry/${task.messageId}`;
  return `${task.kind === 'warn' ? 'expire' : task.kind}/${task.envelopeId}`;
}

export interface Sandbox {
  readonly seed: number;
  /** Names this sandbox over restarts, until it is reset. */
  run: string;
  /** Address of everything, `http://127.0.0.1:PORT`. */
  url: string;
  clock: SandboxClock;
  agenda: Agenda<Task>;
  random: SeededRandom;
  ledger: Ledger;
  faults: Faults;
  limits: Limits;
  settings: Settings;
  connect: Connect;
  users: Map<string, User>;
  accounts: Map<string, Account>;
  apps: Map<string, App>;
  tokens: Map<string, AccessToken>;
  /** `integrationKey/userId` → scopes consented to. */
  consents: Map<string, Set<string>>;
  envelopes: Map<string, Envelope>;
  /** `accountId/transactionId` → envelopes, oldest first. */
  transactions: Map<string, Envelope[]>;
  mails: Mail[];
  links: Map<string, SigningLink>;
  sessions: Map<string, SigningSession>;
  autoSign: { afterMs: number } | false;
  /** For changes no API call asked for: delivered at once. */
  emit: Emit;
  /** Called when a recipient's turn has come. */
  onTurn: (envelope: Envelope, recipient: Recipient) => void;
  nextConfigurationId: number;
  nextEnvelopeNumber: number;
  /** Resolves when all that is known now outlives this process. Nothing is told, by an answer or a webhook, before that. */
  kept: () => Promise<void>;
  /** Something is known that nobody is told of yet: it is kept within a moment. */
  changed: () => void;
}
