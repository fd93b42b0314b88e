/**
 * What is known of an account's rate limits: heard from answers, and learned from what other replicas heard.
 * @module
 */
import type { Budget, KnownLimits, RateLimits } from './provider.ts';

export const NOTHING_KNOWN: KnownLimits = { budget: null, blockedUntil: null };

export function rateLimits(): RateLimits {
  let known = NOTHING_KNOWN;
  const join = (news: KnownLimits): void => {
    known = joinedLimits(known, news);
  };
  return {
    get known() {
      return known;
    },
    heard: (budget) => join({ budget, blockedUntil: null }),
    blocked: (blockedUntil) => join({ budget: null, blockedUntil }),
    learn: join,
  };
}

/** The same, whichever comes first; `a` itself when `b` adds nothing. */
export function joinedLimits(a: KnownLimits, b: KnownLimits): KnownLimits {
  const budget = joinedBudget(a.budget, b.budget);
  const blockedUntil = later(a.blockedUntil, b.blockedUntil);
  return budget === a.budget && blockedUntil === a.blockedUntil ? a : { budget, blockedUntil };
}

/** Answers to calls made at once come in any order; within a window what remains only falls. */
function joinedBudget(a: Budget | null, b: Budget | null): Budget | null {
  if (!a || !b) return a ?? b;
  const [older, newer] = b.asOf >= a.asOf ? [a, b] : [b, a];
  const sameWindow = older.resetAt?.getTime() === newer.resetAt?.getTime() && older.limit === newer.limit;
  if (!sameWindow || older.remaining >= newer.remaining) return newer;
  return { ...newer, remaining: older.remaining };
}

function later(a: Date | null, b: Date | null): Date | null {
  if (!a || !b) return a ?? b;
  return b > a ? b : a;
}
