/**
 * Reads the times of one payload and remembers whether one of them couldn't be ordered.
 * @module
 */
import { type Instant, parseInstant } from '../../model/time.ts';

export interface DateReader {
  /** Null for an absent time, and for one that names no zone. */
  read(text: string | null | undefined): Instant | null;
  /** True once a time was there that couldn't be read. */
  sawUndated(): boolean;
}

/** DocuSign writes a few of "no time" as year 1. */
const NO_TIME = /^0001-01-01T/;

export function dateReader(): DateReader {
  let undated = false;
  return {
    read(text) {
      if (!text || NO_TIME.test(text)) return null;
      const instant = parseInstant(text);
      undated ||= instant === null;
      return instant;
    },
    sawUndated: () => undated,
  };
}

export function latestOf(a: Instant | null, b: Instant | null): Instant | null {
  return a && b ? (a > b ? a : b) : (a ?? b);
}
