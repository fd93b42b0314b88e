/**
 * What every room of envelopes works with.
 * @module
 */
import type { Accounts } from '../accounts/accounts.ts';
import type { Database } from '../db/client.ts';
import type { EventBus } from '../events/bus.ts';
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
