/**
 * What an attempt at a command comes back with, and how it waits for an earlier one.
 * @module
 */
import type { Observation } from '../../model/observation.ts';
import type { CommandDeps } from '../deps.ts';
import { type ClaimedCommand, renewLease } from './commands.ts';

/**
 * How long after a doubt a look-up that finds nothing proves nothing: writes land late. A second draft made too soon
 * would be one that nobody ever sees, so this need not cover the slowest write there ever was; and a request that waits for
 * ten seconds, as it does by default, still gets its answer.
 */
const LATE_LANDING_MS = 8_000;

/**
 * Waits, at most so long, while what an earlier attempt said may still land; false when it can't any more. Throws FenceLost
 * when another process has taken over meanwhile: it would say the same a second time.
 */
export async function waitForLanding(
  { database, world }: CommandDeps,
  command: ClaimedCommand,
  mostMs: number,
): Promise<boolean> {
  const left = command.doubtSince ? command.doubtSince.getTime() + LATE_LANDING_MS - world.now().getTime() : 0;
  if (left <= 0) return false;
  await world.sleep(Math.min(mostMs, left));
  const isOurs = await database.withTenants([command.tenantId], (tx) => renewLease(tx, command));
  if (!isOurs) throw new FenceLost();
  return true;
}

/** What an attempt that succeeded has learned, to be stored together with its end. */
export interface Achieved {
  readonly observations: readonly Observation[];
  /** True when the provider should be read soon: it did as told, and what came of it isn't known yet. */
  readonly readSoon: boolean;
}

/** Thrown by an attempt whose fence another process has taken: nothing more may be written or said. */
export class FenceLost extends Error {}
