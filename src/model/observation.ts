/**
 * What a provider said about one envelope, already in our words. Made by a provider's `read.ts`, eaten by `reduce()`.
 * @module
 */
import type { Instant } from './time.ts';
import type { End, Progress, RecipientRole, RecipientStatus, Source } from './words.ts';

/** One dated statement about the envelope. `at` is the provider's own time of the change, never of its arrival. */
export type EnvelopeFact =
  | { readonly kind: 'PROGRESS'; readonly at: Instant; readonly status: Progress; readonly providerStatus: string }
  | {
      readonly kind: 'END';
      readonly at: Instant;
      readonly status: End;
      readonly providerStatus: string;
      readonly reason: string | null;
    };

export interface RecipientFact {
  /** The provider's id of the recipient within its envelope. */
  readonly ref: string;
  readonly at: Instant;
  readonly status: RecipientStatus;
  readonly providerStatus: string;
  readonly reason: string | null;
}

/** Who a recipient is, told where the provider knows: someone may have been added or renamed at the provider. */
export interface RecipientDetail {
  readonly ref: string;
  /** When the provider said so: the time of the message, or of the read's last modification. */
  readonly at: Instant;
  readonly name: string;
  readonly email: string;
  readonly role: RecipientRole;
  readonly routingOrder: number;
}

/** When an envelope ends by itself, as the provider keeps it: its own rounding and its default included. */
export interface ExpiryFact {
  /** When the provider said so, as of a `RecipientDetail`. */
  readonly at: Instant;
  readonly expiresAt: Instant;
}

export interface Observation {
  readonly source: Source;
  /**
   * For a read of the provider's API: the time of the end that the cache held when the request began, else null.
   * Only a read that knew of an end can undo it; a slow one that began before undoes nothing.
   */
  readonly sawEnd: Instant | null;
  readonly envelope: readonly EnvelopeFact[];
  readonly recipients: readonly RecipientFact[];
  readonly details: readonly RecipientDetail[];
  /** Absent where nothing is said of it. */
  readonly expiry?: ExpiryFact;
}

/** An observation with what it takes to find its envelope. */
export interface Sighting {
  readonly providerId: string;
  /** Our public envelope id, where the provider carries it back; finds the envelope before its provider id is stored. */
  readonly envelopeId: string | null;
  readonly observation: Observation;
  /** True when no send of ours that isn't known yet can be behind it: it waits for none, and is ignored when unknown. */
  readonly foreign?: boolean;
  /** True when the message tells that something changed without saying it whole: the provider must be read. */
  readonly incomplete: boolean;
}
