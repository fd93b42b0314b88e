import { describe, expect, test } from 'vitest';
import { lookUpsWaitUntil } from '../../../src/envelopes/reading/reserve.ts';
import { addMilliseconds } from '../../../src/model/time.ts';
import type { Budget, KnownLimits } from '../../../src/providers/provider.ts';

const now = new Date('2026-03-01T12:20:00Z');
const hour = new Date('2026-03-01T13:00:00Z');
const ago = (ms: number): Date => addMilliseconds(now, -ms);

function told(changes: Partial<Budget>, blockedUntil: Date | null = null): KnownLimits {
  return {
    budget: { limit: 1_000, remaining: 1_000, resetAt: hour, burst: null, asOf: now, ...changes },
    blockedUntil,
  };
}

const NOTHING: KnownLimits = { budget: null, blockedUntil: null };

describe('look-ups', () => {
  test('are made when nothing is known of the limits', () => {
    expect(lookUpsWaitUntil(NOTHING, 5, now)).toBeNull();
  });

  test('wait for the end of a limit that was hit, whatever is left of the hour, and no longer', () => {
    const until = addMilliseconds(now, 1_000);
    expect(lookUpsWaitUntil({ ...NOTHING, blockedUntil: until }, 1, now)).toEqual(until);
    expect(lookUpsWaitUntil(told({}, until), 1, now)).toEqual(until);
    expect(lookUpsWaitUntil(told({}, until), 1, until)).toBeNull();
  });

  test('leave the last tenth of an hour to sends, and wait for the next', () => {
    expect(lookUpsWaitUntil(told({ remaining: 105 }), 5, now)).toBeNull();
    expect(lookUpsWaitUntil(told({ remaining: 105 }), 6, now)).toEqual(hour);
    expect(lookUpsWaitUntil(told({ remaining: 0 }), 1, hour)).toBeNull();
    expect(lookUpsWaitUntil(told({ remaining: 0, resetAt: null }), 1, now)).toBeNull();
  });

  test('leave the last tenth of a burst to sends, half a minute from when it was told', () => {
    const burst = { limit: 500, remaining: 54 };
    expect(lookUpsWaitUntil(told({ burst }), 4, now)).toBeNull();
    expect(lookUpsWaitUntil(told({ burst, asOf: ago(10_000) }), 5, now)).toEqual(addMilliseconds(now, 20_000));
    expect(lookUpsWaitUntil(told({ burst, asOf: ago(30_000) }), 5, now)).toBeNull();
  });
});
