/**
 * Bounds on waiting. What is waited for goes on all the same; only the wait ends.
 * @module
 */
import type { Timer, World } from '../world.ts';

/** When a request stops waiting: set once, as it begins, and shared by everything that it waits for. */
export interface Deadline {
  /** Milliseconds, 0 once it has passed. */
  left(): number;
}

export function deadlineIn(world: World, ms: number): Deadline {
  const end = world.monotonic() + ms;
  return { left: () => Math.max(0, end - world.monotonic()) };
}

/** Null when `work` hasn't settled after `ms`. */
export async function settledWithin<T>(
  world: World,
  ms: number,
  work: Promise<T>,
): Promise<{ readonly value: T } | null> {
  let timer: Timer | null = null;
  const late = new Promise<null>((resolve) => {
    timer = world.timer(ms, () => resolve(null));
  });
  try {
    return await Promise.race([work.then((value) => ({ value })), late]);
  } finally {
    cancel(timer);
  }
}

export class TookTooLong extends Error {
  constructor(ms: number) {
    super(`no answer within ${ms} ms`);
    this.name = 'TookTooLong';
  }
}

/** Rejects with TookTooLong when `work` hasn't settled after `ms`. */
export async function withinTime<T>(world: World, ms: number, work: Promise<T>): Promise<T> {
  const settled = await settledWithin(world, ms, work);
  if (!settled) throw new TookTooLong(ms);
  return settled.value;
}

function cancel(timer: Timer | null): void {
  timer?.cancel();
}
