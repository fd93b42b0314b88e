/**
 * A bound on waiting.
 * @module
 */
import type { Timer, World } from '../world.ts';

export class TookTooLong extends Error {
  constructor(ms: number) {
    super(`no answer within ${ms} ms`);
    this.name = 'TookTooLong';
  }
}

/** Rejects with TookTooLong when `work` hasn't settled after `ms`; it goes on all the same. */
export async function withinTime<T>(world: World, ms: number, work: Promise<T>): Promise<T> {
  let timer: Timer | null = null;
  const late = new Promise<never>((_, reject) => {
    timer = world.timer(ms, () => reject(new TookTooLong(ms)));
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    cancel(timer);
  }
}

function cancel(timer: Timer | null): void {
  timer?.cancel();
}
