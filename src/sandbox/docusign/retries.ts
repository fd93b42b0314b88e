/**
 * Connect's retry schedules. Three accounts of the real one differ, so each is a profile.
 * @module
 */
import type { FailureEntry, Message } from './connect-messages.ts';
import type { Settings } from './settings.ts';
import { DAY } from './values.ts';

const MINUTE = 60_000;

/**
 * Milliseconds until the next try after `retryCount` retries have failed, `age` after the first failure;
 * undefined when the message is given up. `chance` in [0, 1) spreads it by a tenth either way.
 */
export function nextDelay(
  profile: Settings['retryProfile'],
  retryCount: number,
  age: number,
  chance: number,
): number | undefined {
  const spread = 0.9 + chance * 0.2;
  switch (profile) {
    // From about five minutes, doubling, up to fifteen days.
    case 'exponential':
      return age >= 15 * DAY ? undefined : Math.min(5 * MINUTE * 2 ** retryCount, 5 * DAY) * spread;
    // From fifteen seconds, about 45 tries or seven days.
    case 'quick':
      return retryCount >= 45 || age >= 7 * DAY
        ? undefined
        : Math.min(15_000 * 2 ** retryCount, 6 * 60 * MINUTE) * spread;
    // One try a day, ten at most.
    case 'daily':
      return retryCount >= 10 ? undefined : DAY;
    default:
      return profile satisfies never;
  }
}

/** With profile `daily` a configuration that has a failure is down: later messages are queued untried. */
export function backlogAllows(
  profile: Settings['retryProfile'],
  failures: ReadonlyMap<string, FailureEntry>,
  message: Message,
): boolean {
  if (profile !== 'daily') return true;
  return ![...failures.values()].some(
    (entry) =>
      entry.state !== 'abandoned' &&
      entry.message.subscription.configurationId === message.subscription.configurationId,
  );
}
