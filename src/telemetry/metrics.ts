/**
 * What is measured, in the words of this project. Whoever exposes it says how (`prometheus.ts`); without one, measuring
 * costs a call of an empty function. Labels are few and fixed: never a tenant, an id or an address.
 * @module
 */

/** What became of a call on a webhook path; each of them ends in exactly one. */
export type DeliveryOutcome =
  | 'stored'
  | 'duplicate'
  /** Authentic and unusable, kept with its body. */
  | 'unparsable'
  /** The provider asked whether the address is ours. */
  | 'challenge'
  /** The signature was wrong. */
  | 'refused'
  /** Turned away before a verdict: unknown path, method, encoding, size, pace. */
  | 'rejected'
  /** The database was down or slow, or too much was waiting: the provider comes again. */
  | 'unavailable'
  /** The caller went away. */
  | 'gone';

/** How a call to a provider ended. */
export type CallOutcome = 'ok' | 'refused' | 'limited' | 'unavailable' | 'unknown' | 'failed';

/** How a GraphQL operation ended: `problem` is a result with errors, `refused` never ran. */
export type OperationOutcome = 'ok' | 'problem' | 'internal' | 'refused';

export interface Metrics {
  /** `provider` is the one the address belongs to, or `unknown`. */
  delivery(provider: string, outcome: DeliveryOutcome): void;
  /** A transaction that committed deliveries; repetitions count among them. */
  batch(deliveries: number, milliseconds: number): void;
  /** An attempt at a command ended in this state. */
  attempt(kind: string, state: string, milliseconds: number): void;
  /** `operation` is a method of the provider's client. */
  providerCall(provider: string, operation: string, outcome: CallOutcome, milliseconds: number): void;
  /** A subscription counts when it has begun. */
  operation(transport: string, type: string, outcome: OperationOutcome, milliseconds: number): void;
  request(route: string, status: number, milliseconds: number): void;
  /** What is looked up when someone asks, and not before. */
  onScrape(gauges: Gauges): void;
}

/** Read at each scrape. One that fails leaves its gauges out of that scrape. */
export interface Gauges {
  /** Due now and not taken, by kind. */
  due(): Promise<readonly { readonly kind: string; readonly waiting: number; readonly oldestSeconds: number }[]>;
  streams(): Promise<StreamGauges>;
  /** Null for a database without a pool. */
  connections(): ConnectionGauges | null;
}

export interface StreamGauges {
  /** Subscriptions that are open here, and WebSockets. */
  readonly open: number;
  readonly sockets: number;
  /** Tenants that are followed here. */
  readonly tenants: number;
  /** Events between the end of the log and what has been read of it, of the tenant that is furthest behind. */
  readonly lag: number;
}

export interface ConnectionGauges {
  readonly open: number;
  readonly idle: number;
  /** Callers that wait for one. */
  readonly waiting: number;
}

const nothing = (): void => undefined;

export const noMetrics: Metrics = {
  delivery: nothing,
  batch: nothing,
  attempt: nothing,
  providerCall: nothing,
  operation: nothing,
  request: nothing,
  onScrape: nothing,
};
