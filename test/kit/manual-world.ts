/**
 * A world whose clock stands still until a test moves it, and whose network is what the test says.
 * @module
 */
import { randomBytes, randomUUID } from 'node:crypto';
import type { Response as FetchResponse } from 'undici';
import type { World } from '../../src/world.ts';

export interface ManualWorld extends World {
  /** Moves both clocks, and fires the timers that fall due on the way. */
  advance(milliseconds: number): void;
}

export function manualWorld(fetch?: (url: string) => Promise<FetchResponse>): ManualWorld {
  let elapsed = 0;
  const start = Date.parse('2026-03-01T12:00:00Z');
  const timers = new Set<{ readonly at: number; readonly fire: () => void }>();
  return {
    now: () => new Date(start + elapsed),
    monotonic: () => elapsed,
    timer(ms, fire) {
      const timer = { at: elapsed + ms, fire };
      timers.add(timer);
      return { cancel: () => void timers.delete(timer) };
    },
    sleep: () => Promise.reject(new Error('nothing under test sleeps')),
    random: () => 0.5,
    randomBytes: (size) => randomBytes(size),
    uuid: () => randomUUID(),
    fetch: (url) => (fetch ? fetch(url) : Promise.reject(new Error('nothing under test fetches'))),
    advance(milliseconds) {
      elapsed += milliseconds;
      for (const timer of timers) {
        if (timer.at > elapsed) continue;
        timers.delete(timer);
        timer.fire();
      }
    },
  };
}
