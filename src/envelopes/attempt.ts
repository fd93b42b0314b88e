/**
 * What an attempt at a command works with and what it comes back with.
 * @module
 */
import type { Accounts } from '../accounts/accounts.ts';
import type { Database } from '../db/client.ts';
import type { EventBus } from '../events/bus.ts';
import type { Observation } from '../model/observation.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { World } from '../world.ts';

export interface CommandDeps {
  readonly database: Database;
  readonly world: World;
  readonly accounts: Accounts;
  readonly bus: EventBus;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** Attempts that are under way in this process, for whoever must wait for their end. */
  readonly running: Set<Promise<unknown>>;
}

/**
 * How long after a doubt a look-up that finds nothing proves nothing: writes land late. A second draft made too soon
 * would be one that nobody ever sees, so this need not cover the slowest write there ever was.
 */
export const LATE_LANDING_MS = 10_000;

/** What an attempt that succeeded has learned, to be stored together with its end. */
export interface Achieved {
  readonly observations: readonly Observation[];
  /** True when the provider should be read soon: it did as told, and what came of it isn't known yet. */
  readonly readSoon: boolean;
}

/** Thrown by an attempt whose fence another process has taken: nothing more may be written or said. */
export class FenceLost extends Error {}
