/**
 * Whether our clock and a provider's agree, by the `Date` of its answer (RFC 9110 section 6.6.1): whole seconds, made at
 * some moment between our question and its answer.
 * @module
 */
import { httpDate } from './http-date.ts';
import type { Check } from './provider.ts';

/** Milliseconds that clocks may differ before it is said, and before assertions and signatures begin to be refused. */
export const SKEW_WARNING_MS = 30_000;
export const SKEW_FAILING_MS = 300_000;

export interface Tick {
  readonly asked: Date;
  readonly heard: Date;
  /** The header as it came. */
  readonly date: string | null;
}

/** `refusedForTime`: the provider said itself that our time is over. */
export function clockCheck(tick: Tick | null, refusedForTime = false): Check {
  const check = { id: 'clock', name: 'Clock' };
  const fix = "Synchronise this machine's clock (NTP).";
  const skew = tick && skewOf(tick);
  if (refusedForTime) {
    const how = skew === null ? '' : ` ${sentenceFor(skew)}`;
    return { ...check, state: 'FAILING', detail: `The provider refused us for our time.${how}`, fix };
  }
  if (skew === null) return { ...check, state: 'UNKNOWN', detail: 'No answer told the time.', fix: null };
  const detail = sentenceFor(skew);
  const size = Math.abs(skew);
  if (size > SKEW_FAILING_MS) return { ...check, state: 'FAILING', detail, fix };
  if (size > SKEW_WARNING_MS) return { ...check, state: 'WARNING', detail, fix };
  return { ...check, state: 'OK', detail, fix: null };
}

/** Milliseconds that the provider's clock is surely ahead of ours (negative: behind); null when it told no time. */
export function skewOf({ asked, heard, date }: Tick): number | null {
  const told = date === null ? null : httpDate(date);
  if (told === null) return null;
  const least = told - heard.getTime();
  const most = told + 1_000 - asked.getTime();
  if (least > 0) return least;
  return most < 0 ? most : 0;
}

function sentenceFor(skew: number): string {
  const seconds = Math.round(Math.abs(skew) / 1_000);
  if (seconds === 0) return "Our clock and the provider's agree.";
  return `Our clock is ${seconds} s ${skew > 0 ? 'behind' : 'ahead of'} the provider's.`;
}
