/**
 * What of an account's rate limits is kept for sends: a look-up can wait, and its cached answer is there meanwhile.
 * @module
 */
import { addMilliseconds } from '../../model/time.ts';
import type { KnownLimits } from '../../providers/provider.ts';

/** The share of each window that is kept for sends and other changes: look-ups stop there. */
export const RESERVE = 0.1;
/** A burst's window, in milliseconds, after which what was told of it means nothing more. */
const BURST_MS = 30_000;

/**
 * Until when look-ups wait, were `calls` more of them made now; null when they may be made. What a window left counts
 * until the window is over.
 */
export function lookUpsWaitUntil(known: KnownLimits, calls: number, now: Date): Date | null {
  if (known.blockedUntil && known.blockedUntil > now) return known.blockedUntil;
  const { budget } = known;
  if (!budget) return null;
  const { limit, remaining, resetAt, burst, asOf } = budget;
  if (resetAt && resetAt > now && remaining - calls < limit * RESERVE) return resetAt;
  const burstEnds = addMilliseconds(asOf, BURST_MS);
  return burst && burstEnds > now && burst.remaining - calls < burst.limit * RESERVE ? burstEnds : null;
}
