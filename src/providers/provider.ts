/**
 * The seam between countersign and a vendor. What a provider can't do is absent here or said in its capabilities;
 * nothing outside a provider's folder knows a field or status word of its API.
 *
 * Errors of every method: `ProviderRefused` (the provider said no, nothing was done), `ProviderUnavailable` (no usable
 * answer and nothing was changed: reads, and writes that never left), `OutcomeUnknown` (a write whose answer was lost).
 * @module
 */
import type { ReadableStream } from 'node:stream/web';
import type { EnvelopeContent, Evidence, FieldPlace } from '../model/envelope.ts';
import type { Sighting } from '../model/observation.ts';
import type { Instant } from '../model/time.ts';
import type { Environment, FieldKind, HealthState, ProviderName, RecipientRole } from '../model/words.ts';
import type { World } from '../world.ts';

export interface Capabilities {
  readonly roles: readonly RecipientRole[];
  readonly fieldKinds: readonly FieldKind[];
  readonly anchors: boolean;
  readonly embeddedSigning: boolean;
  readonly routingOrder: boolean;
  /** Bytes of one document, and of all documents of an envelope. */
  readonly maxDocumentBytes: number;
  readonly maxTotalBytes: number;
  /** Characters. */
  readonly maxSubject: number;
  readonly maxMessage: number;
  readonly maxName: number;
  readonly maxEmail: number;
  readonly maxVoidReason: number;
  /** Of the address a signer comes back to, with our state in it. */
  readonly maxReturnUrl: number;
  readonly maxRecipients: number;
  /** Whole days from the sending on. */
  readonly maxExpiryDays: number;
  readonly maxReminderDays: number;
}

export interface ConnectInput {
  /** As given by the caller; the provider parses it. */
  readonly credentials: unknown;
  readonly environment: Environment;
}

/** What signing in taught: enough to open the account from now on. */
export interface ConnectedAccount {
  readonly providerAccountId: string;
  readonly name: string;
  readonly baseUri: string;
  /** To be sealed and stored; plain JSON, handed back to `open`. */
  readonly credentials: unknown;
  /** Keys that webhooks of this account are signed with. */
  readonly webhookKeys: readonly string[];
}

export interface OpenInput {
  readonly environment: Environment;
  readonly providerAccountId: string;
  readonly baseUri: string;
  readonly credentials: unknown;
  /** Where this account's webhooks go, when each envelope is to name it; null when the account has a configuration. */
  readonly webhookUrl: string | null;
}

export interface Provider {
  readonly name: ProviderName;
  readonly capabilities: Capabilities;
  readonly webhook: WebhookDialect;
  /** Signs in once to prove the credentials. Throws `InvalidInput` with paths under `credentials`. */
  connect(input: ConnectInput, world: World): Promise<ConnectedAccount>;
  /** Cheap: opens nothing until the first call. One client per account and process, since it holds the token. */
  open(input: OpenInput, world: World): ProviderClient;
}

/** How a send is found again when its answer was lost. */
export interface Correlation {
  /** Our command's id: unique per send. */
  readonly commandId: string;
  /** Our public envelope id. */
  readonly envelopeId: string;
  /** When the first attempt began. */
  readonly since: Date;
}

/** An envelope that exists at the provider and that no recipient has seen. */
export interface Draft {
  readonly providerId: string;
  /** The provider's time of its making: not later than anything that will happen to it. */
  readonly at: Instant;
}

/** A field whose value is to be read. */
export interface WantedField {
  /** Our public id of it, which the answer names it by. */
  readonly ref: string;
  /** The provider's id of its recipient. */
  readonly recipientRef: string;
  readonly kind: FieldKind;
  readonly label: string | null;
  readonly place: FieldPlace;
}

export interface ReadRequest {
  readonly providerId: string;
  /** The time of the end that the cache held when this request was made; see `Observation.sawEnd`. */
  readonly sawEnd: Instant | null;
  /** Fields whose values aren't known yet; wanted of a completed envelope, even if that takes a call of its own. */
  readonly fields?: readonly WantedField[];
}

/** What a read says of one envelope. */
export interface Reading extends Sighting {
  /** What was left in the fields asked for, by their ref, once it is completed; a box is `true` or `false`. */
  readonly values?: ReadonlyMap<string, string>;
}

export interface ChangedRequest {
  /** By the provider's clock. */
  readonly since: Date;
  /** `next` of the page before; null for the first. */
  readonly page: string | null;
}

export interface ChangedPage {
  /** Of the whole account: also of envelopes that were not sent from here. */
  readonly sightings: readonly Sighting[];
  /** Null when this is the last page. */
  readonly next: string | null;
}

export interface SigningUrlRequest {
  readonly providerId: string;
  readonly recipient: {
    readonly ref: string;
    readonly name: string;
    readonly email: string;
    readonly embeddedId: string;
  };
  readonly returnUrl: string;
}

export interface RemindRequest {
  readonly providerId: string;
  /** The provider's id of whom to mail; null for all whose turn it is. */
  readonly ref: string | null;
}

export interface CorrectRequest {
  readonly providerId: string;
  readonly ref: string;
  /** What is to change; null stays. */
  readonly name: string | null;
  readonly email: string | null;
  /** True to mail the recipient, if it is their turn. */
  readonly notify: boolean;
}

export interface SigningUrl {
  readonly url: string;
  readonly expiresAt: Date;
  readonly singleUse: boolean;
}

export interface Download {
  readonly contentType: string;
  /** Bytes, where the provider says so. */
  readonly size: number | null;
  readonly body: ReadableStream<Uint8Array>;
}

/** What the provider's rate limits leave, as its last answer told it. */
export interface Budget {
  /** Calls of the longer window, and when it begins anew (null where that isn't told). */
  readonly limit: number;
  readonly remaining: number;
  readonly resetAt: Date | null;
  /** The shorter window, where there is one. */
  readonly burst: { readonly limit: number; readonly remaining: number } | null;
  readonly asOf: Date;
}

export interface KnownLimits {
  /** As the last answer told it; null until one did. */
  readonly budget: Budget | null;
  /** A limit of the whole account was hit: until then nothing is asked. Null when none was. */
  readonly blockedUntil: Date | null;
}

export interface RateLimits {
  /** Another object after every change. */
  readonly known: KnownLimits;
  /** An answer of the provider told it. */
  heard(budget: Budget): void;
  /** The provider refused a call for a limit of the account. */
  blocked(until: Date): void;
  /** What others know. */
  learn(known: KnownLimits): void;
}

/** The one registration that tells a provider where the webhooks of a whole account go. */
export interface AccountWebhook {
  readonly url: string;
  /** What it is called at the provider: the same for one account for good, and no other's. */
  readonly name: string;
}

export interface RegisteredWebhook {
  /** The provider's own id of it. */
  readonly providerWebhookId: string;
  readonly outcome: 'CREATED' | 'REPAIRED' | 'UNCHANGED';
  /** What was otherwise than it must be, a sentence each. */
  readonly repaired: readonly string[];
}

/** One thing looked at, and what was found. */
export interface Check {
  /** Stable, such as `clock`. */
  readonly id: string;
  readonly name: string;
  readonly state: HealthState;
  /** What was found, for people. */
  readonly detail: string;
  /** What to do about it, where that can be said. */
  readonly fix: string | null;
}

export interface ProviderClient {
  /** Most envelopes that one call of `read` asks for in one request. */
  readonly readBatch: number;
  /** The least time between two reads of one envelope that the provider's rules allow, in milliseconds; 0 for none. */
  readonly pollingIntervalMs: number;
  /** Makes a draft that carries the correlation. Never repeated blindly: only where a look-up shows that it came to nothing. */
  createDraft(content: EnvelopeContent, correlation: Correlation): Promise<Draft>;
  /** The draft of an earlier attempt, or null when the provider knows of none (which soon after proves nothing). */
  findDraft(correlation: Correlation): Promise<Draft | null>;
  /** Sends the draft to its recipients. May be repeated: sending what is sent already succeeds. */
  release(providerId: string): Promise<void>;
  /** Cancels for good. May be repeated: voiding what is voided already succeeds. */
  void(providerId: string, reason: string): Promise<void>;
  /**
   * Mails the invitation again. Said once: a repetition is another mail, and a lost answer is settled by nobody. Throws
   * `NotTheirTurn` and `RecipientFinished` for the one recipient it is asked to mail.
   */
  remind(request: RemindRequest): Promise<void>;
  /**
   * Changes who a recipient is. May be repeated: it looks before it writes, and what is as wished already counts as
   * done. Throws `RecipientFinished`.
   */
  correct(request: CorrectRequest): Promise<void>;
  /** Throws `NotTheirTurn` for a recipient that others come before. */
  signingUrl(request: SigningUrlRequest): Promise<SigningUrl>;
  /** Any number of envelopes, as many requests as `readBatch` makes of them. One the provider doesn't know is left out. */
  read(requests: readonly ReadRequest[]): Promise<readonly Reading[]>;
  /**
   * One page, and one call, of the envelopes whose status has changed since. Absent where the provider has no such list.
   * What changes while pages are turned may be told twice and is never left out.
   */
  changedSince?(request: ChangedRequest): Promise<ChangedPage>;
  /** The document as it stands now, signed once the envelope is completed. */
  download(providerId: string, documentRef: string): Promise<Download>;
  /** What proves a completed envelope, as the provider makes it. */
  evidence(providerId: string, which: Evidence): Promise<Download>;
  /** Makes the registration, mends it, or leaves it as it is; never makes a second. Absent where there is no such thing. */
  registerWebhook?(webhook: AccountWebhook): Promise<RegisteredWebhook>;
  /** Takes the registration away; true when there was one. */
  removeWebhook?(webhook: AccountWebhook): Promise<boolean>;
  /**
   * Asks the provider how things stand, within seconds. `webhook` as it should be registered, or null for none. What fails is a
   * finding and no error. */
  checkUp?(webhook: AccountWebhook | null): Promise<readonly Check[]>;
  /** Absent where the provider tells nothing of its limits. */
  readonly limits?: RateLimits;
}

export interface WebhookRequest {
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body: Buffer;
}

export interface ParsedWebhook {
  /** The same for every repetition of one notification, whatever else its body says. */
  readonly dedupeKey: string;
  readonly sightings: readonly Sighting[];
}

export interface WebhookAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface WebhookDialect {
  /** Null when the raw bytes are proven to come from the provider, else why not. Constant time in the signature. */
  verify(request: WebhookRequest, keys: readonly string[]): string | null;
  /** Throws `Unparsable`. `providerAccountId` must be the one the message names. */
  parse(request: WebhookRequest, providerAccountId: string): ParsedWebhook;
  /** What this provider wants to hear when the delivery is safely stored. */
  readonly accepted: WebhookAnswer;
  /** Where the provider asks by GET whether the address is ours: the answer, or null to one who isn't the provider. */
  challenge?(headers: WebhookRequest['headers'], keys: readonly string[]): WebhookAnswer | null;
}

/** A webhook that is authentic and that we can't read: kept, visible, and answered as accepted. */
export class Unparsable extends Error {
  constructor(reason: string, options: { cause?: unknown } = {}) {
    super(reason, options);
    this.name = 'Unparsable';
  }
}
