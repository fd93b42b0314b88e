/**
 * Every way a request can be refused, as one table. `docs/errors.md` has a section for each code.
 * A problem is answered as it stands here; anything that isn't one is a bug and leaves masked.
 * @module
 */
import type { EnvelopeStatus, RecipientStatus } from './words.ts';

export const PROBLEM_CODES = [
  'INVALID_INPUT',
  'PROVIDER_REFUSED',
  'PROVIDER_UNAVAILABLE',
  'RATE_LIMITED',
  'TOO_EARLY',
  'NOT_SUPPORTED',
  'NOT_FOUND',
  'WRONG_STATE',
  'KEY_REUSED',
  'LIMIT_REACHED',
  'NOT_THEIR_TURN',
  'NOT_READY',
  'NOT_EMBEDDED',
  'NO_PUBLIC_URL',
  'RECIPIENT_FINISHED',
] as const;
export type ProblemCode = (typeof PROBLEM_CODES)[number];

export const ISSUE_CODES = [
  'REQUIRED',
  'TOO_LONG',
  'TOO_MANY',
  'OUT_OF_RANGE',
  'INVALID_FORMAT',
  'UNKNOWN_REFERENCE',
  'DUPLICATE',
  'ROUTING_ORDER_GAP',
  'FILE_TOO_LARGE',
  'FILE_EMPTY',
  'FILE_NOT_PDF',
  'FILE_ENCRYPTED',
  'SIZE_DIFFERS',
  'HASH_DIFFERS',
  'ANCHOR_MISSING',
  'URL_REFUSED',
  'URL_FAILED',
  'NOT_BASE64',
  'NOT_SUPPORTED',
] as const;
export type IssueCode = (typeof ISSUE_CODES)[number];

/** One fault of an input. `path` leads to the value, as it stands in the request's `input`. */
export interface InputIssue {
  readonly code: IssueCode;
  readonly message: string;
  readonly path: readonly string[];
  readonly suggestion: string | null;
}

export const WARNING_CODES = ['FILE_NOT_READ', 'TEXT_NOT_DECODED'] as const;
export type WarningCode = (typeof WARNING_CODES)[number];

/** What could not be checked about an input that is taken. */
export interface InputWarning {
  readonly code: WarningCode;
  readonly message: string;
  readonly path: readonly string[];
}

interface ProblemOptions {
  readonly fix?: string;
  readonly retryAfter?: Date;
  readonly cause?: unknown;
}

export abstract class Problem extends Error {
  abstract readonly code: ProblemCode;
  /** True when the same key and input may be sent again. */
  abstract readonly retryable: boolean;
  readonly fix: string | null;
  readonly retryAfter: Date | null;

  constructor(message: string, options: ProblemOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = this.constructor.name;
    this.fix = options.fix ?? null;
    this.retryAfter = options.retryAfter ?? null;
  }
}

/** All faults of one input, together. */
export class InvalidInput extends Problem {
  readonly code = 'INVALID_INPUT';
  readonly retryable = false;
  readonly issues: readonly InputIssue[];

  constructor(issues: readonly InputIssue[]) {
    const [first] = issues;
    const more = issues.length > 1 ? ` (and ${issues.length - 1} more)` : '';
    super(first ? `${first.path.join('.')}: ${first.message}${more}` : 'The input is not valid.');
    this.issues = issues;
  }
}

/** What a provider said when it refused, kept for support: its code, status and trace id. */
export interface ProviderFault {
  readonly providerCode: string | null;
  readonly providerMessage: string;
  readonly providerStatus: number | null;
  readonly traceId: string | null;
}

export class ProviderRefused extends Problem {
  readonly code = 'PROVIDER_REFUSED';
  readonly retryable = false;
  readonly fault: ProviderFault;
  /** UUID of the envelope that the refusal left FAILED, where there is one. */
  readonly envelope: string | null;

  constructor(fault: ProviderFault, options: ProblemOptions & { envelope?: string } = {}) {
    super(`The provider refused: ${fault.providerMessage}`, options);
    this.fault = fault;
    this.envelope = options.envelope ?? null;
  }
}

/** The provider gave no usable answer: it was down or slow, or a rate limit was reached. Nothing is known to have changed. */
export class ProviderUnavailable extends Problem {
  readonly code: 'PROVIDER_UNAVAILABLE' | 'RATE_LIMITED';
  readonly retryable = true;
  readonly fault: ProviderFault;

  /** `limited`: a rate limit is the reason; `retryAfter` is when it ends. */
  constructor(fault: ProviderFault, options: UnavailableOptions = {}) {
    const why = options.limited ? "The provider's rate limit is reached" : "The provider can't be reached";
    super(`${why}: ${fault.providerMessage}`, options);
    this.code = options.limited ? 'RATE_LIMITED' : 'PROVIDER_UNAVAILABLE';
    this.fault = fault;
  }
}

type UnavailableOptions = ProblemOptions &
  ({ readonly limited?: false } | { readonly limited: true; readonly retryAfter: Date });

export class TooEarly extends Problem {
  readonly code = 'TOO_EARLY';
  readonly retryable = true;
  readonly nextAllowedAt: Date;

  constructor(message: string, nextAllowedAt: Date) {
    super(message, { retryAfter: nextAllowedAt });
    this.nextAllowedAt = nextAllowedAt;
  }
}

export class NotSupported extends Problem {
  readonly code = 'NOT_SUPPORTED';
  readonly retryable = false;
  readonly capability: string;

  constructor(message: string, capability: string) {
    super(message);
    this.capability = capability;
  }
}

/** What doesn't exist and what is another tenant's, alike. */
export class NotFound extends Problem {
  readonly code = 'NOT_FOUND';
  readonly retryable = false;

  constructor(what: string) {
    super(`There is no such ${what}.`, { fix: `Check the ${what} id, and that the token belongs to its tenant.` });
  }
}

export class WrongState extends Problem {
  readonly code = 'WRONG_STATE';
  readonly retryable = false;
  readonly status: EnvelopeStatus;

  constructor(message: string, status: EnvelopeStatus, fix?: string) {
    super(message, fix ? { fix } : {});
    this.status = status;
  }
}

export class KeyReused extends Problem {
  readonly code = 'KEY_REUSED';
  readonly retryable = false;

  constructor() {
    super('This idempotency key was used with another input.', {
      fix: 'Send the first input again to get its result, or use a new key for a new one.',
    });
  }
}

export class LimitReached extends Problem {
  readonly code = 'LIMIT_REACHED';
  readonly retryable = true;
}

export class NotTheirTurn extends Problem {
  readonly code = 'NOT_THEIR_TURN';
  readonly retryable = true;

  constructor() {
    super('Other recipients come before this one in the routing order.', {
      fix: 'Ask again when the recipient is NOTIFIED.',
    });
  }
}

export class NotReady extends Problem {
  readonly code = 'NOT_READY';
  readonly retryable = true;

  constructor(message: string, retryAfter: Date) {
    super(message, { retryAfter });
  }
}

export class NotEmbedded extends Problem {
  readonly code = 'NOT_EMBEDDED';
  readonly retryable = false;

  constructor() {
    super('The provider mails this recipient a link; there is no embedded signing for it.', {
      fix: 'Set `embedded: true` on the recipient when the envelope is sent.',
    });
  }
}

/** A recipient who has done their part, and so can't be changed or asked again. */
export class RecipientFinished extends Problem {
  readonly code = 'RECIPIENT_FINISHED';
  readonly retryable = false;
  readonly recipientStatus: RecipientStatus;

  constructor(recipientStatus: RecipientStatus) {
    super(`This recipient is ${recipientStatus} and has nothing left to do, so nothing of theirs can be changed.`, {
      fix: 'Void the envelope and send a new one, if who it was is wrong.',
    });
    this.recipientStatus = recipientStatus;
  }
}

/** What a provider is to call must be reachable for it. */
export class NoPublicUrl extends Problem {
  readonly code = 'NO_PUBLIC_URL';
  readonly retryable = false;

  constructor() {
    super('This gateway has no public https address, so the provider could not reach it.', {
      fix: 'Start it with PUBLIC_URL (`countersign dev --public-url`): an https address that leads here, such as that of a tunnel.',
    });
  }
}

/**
 * A write ended without a usable answer: it may have happened or not. Not a problem to answer with: whoever catches it
 * settles it by look-up.
 */
export class OutcomeUnknown extends Error {
  readonly fault: ProviderFault;
  /**
   * True when the provider itself answered that it failed: nothing of the write is still under way, so a look-up that
   * finds nothing is worth more than after an answer that was lost.
   */
  readonly failed: boolean;
  /** Before this it must not be asked again; null where the provider says nothing of it. */
  readonly retryAfter: Date | null;

  constructor(
    fault: ProviderFault,
    options: { readonly cause?: unknown; readonly failed?: boolean; readonly retryAfter?: Date | null } = {},
  ) {
    super(`no usable answer from the provider: ${fault.providerMessage}`, { cause: options.cause });
    this.name = 'OutcomeUnknown';
    this.fault = fault;
    this.failed = options.failed ?? false;
    this.retryAfter = options.retryAfter ?? null;
  }
}
