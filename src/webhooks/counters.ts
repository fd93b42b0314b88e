/**
 * What came in and what became of it, counted since the process began. Plain numbers, for whoever exposes metrics.
 * @module
 */

export interface WebhookCounters {
  /** Calls on a webhook path, whatever came of them. */
  received: number;
  /** Answered as the provider wants to hear it: stored, or a repetition of what is stored. */
  accepted: number;
  /** Of the accepted: repetitions, which leave no row. */
  duplicate: number;
  /** Of the accepted: authentic and unusable, kept with their body. */
  unparsable: number;
  /** Signature or secret wrong: answered 401. From an address that may not call: 403. */
  refused: number;
  /** Of the refused, the rejected and those whose connection broke off: those that left no row, because too many came in one second. */
  refusedUnrecorded: number;
  /** Turned away before a verdict: unknown path, method, encoding, size, pace. */
  rejected: number;
  /** Answered 503: the database was down, slow, or too much was waiting. */
  unavailable: number;
  /** Transactions that committed deliveries. */
  batches: number;
  /** Deliveries that those transactions stored. */
  rows: number;
}

export function newCounters(): WebhookCounters {
  return {
    received: 0,
    accepted: 0,
    duplicate: 0,
    unparsable: 0,
    refused: 0,
    refusedUnrecorded: 0,
    rejected: 0,
    unavailable: 0,
    batches: 0,
    rows: 0,
  };
}
