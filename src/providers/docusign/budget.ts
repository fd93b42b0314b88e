/**
 * What the headers of an answer tell of the account's limits. They count all of the account's integrations, so the
 * last answer is worth more than any count of our own. Source: developer documentation, "API resource limits".
 * @module
 */
import type { Headers } from 'undici';
import { dateFrom } from '../../model/time.ts';
import type { Budget } from '../provider.ts';

/** Null when the answer carries no limit: one from in front of the API. */
export function readBudget(headers: Headers, now: Date): Budget | null {
  const limit = count(headers.get('x-ratelimit-limit'));
  const remaining = count(headers.get('x-ratelimit-remaining'));
  if (limit === null || remaining === null) return null;
  const burstLimit = count(headers.get('x-burstlimit-limit'));
  const burstRemaining = count(headers.get('x-burstlimit-remaining'));
  return {
    limit,
    remaining,
    resetAt: epochSeconds(headers.get('x-ratelimit-reset')),
    burst: burstLimit === null || burstRemaining === null ? null : { limit: burstLimit, remaining: burstRemaining },
    asOf: now,
  };
}

/** `X-RateLimit-Reset` counts seconds since 1970. */
export function epochSeconds(text: string | null): Date | null {
  const seconds = count(text);
  return seconds === null ? null : dateFrom(seconds * 1000);
}

function count(text: string | null): number | null {
  return text !== null && /^\d{1,12}$/.test(text.trim()) ? Number(text) : null;
}
