/**
 * How fresh an answer must be, and how fresh it is. A provider that is down or may not be asked yet costs freshness,
 * never the answer.
 * @module
 */
import { addMilliseconds } from '../../model/time.ts';
import { hasEnded } from '../../model/words.ts';
import { type World, settledWithin } from '../../world.ts';
import type { EnvelopeRow } from '../state/edit.ts';
import type { LookUp, LookUps } from './look-up.ts';

/** Null takes the cache as it is. */
export type Freshness = { readonly maxAgeSeconds: number } | { readonly live: true } | null;

export interface Staleness {
  readonly message: string;
  readonly nextAllowedAt: Date | null;
}

export function isStale(envelope: EnvelopeRow, freshness: Freshness, now: Date): boolean {
  if (freshness === null || envelope.providerId === null || hasEnded(envelope.status)) return false;
  if ('live' in freshness || envelope.syncedAt === null) return true;
  return addMilliseconds(envelope.syncedAt, freshness.maxAgeSeconds * 1_000) < now;
}

/**
 * Looks up those that are staler than asked, joined into as few calls as can be. Answers which of them could not be
 * refreshed, and why; whoever asked reads the cache again after.
 */
export async function refresh(
  lookUps: LookUps,
  world: World,
  envelopes: readonly EnvelopeRow[],
  freshness: Freshness,
): Promise<ReadonlyMap<string, Staleness>> {
  const now = world.now();
  const stale = envelopes.filter((envelope) => isStale(envelope, freshness, now));
  const answers = await Promise.all(
    stale.map(async (envelope) => [envelope.id, await inTime(world, lookUps.lookUp(envelope))] as const),
  );
  return new Map(
    answers.flatMap(([id, answer]) => {
      const staleness = stalenessOf(answer);
      return staleness ? [[id, staleness] as const] : [];
    }),
  );
}

/** Milliseconds that a request waits for a look-up, which may have more than one call to make and some to repeat. */
export const LOOK_UP_WAIT_MS = 10_000;

/** What the look-up comes to, or that it takes too long: it goes on then, and a later request finds what it learned. */
export async function inTime(world: World, lookUp: Promise<LookUp>): Promise<LookUp> {
  const settled = await settledWithin(world, LOOK_UP_WAIT_MS, lookUp);
  if (settled) return settled.value;
  const message = `The provider can't be reached: no answer within ${LOOK_UP_WAIT_MS} ms.`;
  return { outcome: 'UNAVAILABLE', message, retryAfter: null };
}

/** Why a look-up left the cache as it was; null when it didn't, or there was nothing to ask. */
export function stalenessOf(answer: LookUp): Staleness | null {
  if (answer.outcome === 'TOO_EARLY') {
    const message = "The provider's polling rule forbids asking again yet.";
    return { message, nextAllowedAt: answer.nextAllowedAt };
  }
  if (answer.outcome === 'RESERVED') {
    const message = "What is left of the provider's rate limits is kept for sends.";
    return { message, nextAllowedAt: answer.nextAllowedAt };
  }
  if (answer.outcome === 'LIMITED') {
    return { message: "The provider's rate limit is reached.", nextAllowedAt: answer.nextAllowedAt };
  }
  if (answer.outcome === 'UNAVAILABLE') {
    return { message: answer.message, nextAllowedAt: answer.retryAfter };
  }
  return null;
}
