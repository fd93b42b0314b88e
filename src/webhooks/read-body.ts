/**
 * A request's body, counted as it comes: never more than the limit in memory, never slower than the minimum rate.
 * @module
 */
import type { IncomingMessage } from 'node:http';
import type { World } from '../world.ts';

export interface BodyLimits {
  readonly maxBytes: number;
  /** From the head to the last byte. */
  readonly deadlineMs: number;
  /** Bytes per second that a body must keep up on the average, once `graceMs` have passed. */
  readonly minRate: number;
  readonly graceMs: number;
}

/** Bytes of unanswered bodies in this process, together. */
export interface Budget {
  readonly maxBytes: number;
  used: number;
}

/** The body, or why there is none: too many bytes, too slow, too much held already, the client gone. */
export type BodyOutcome = Buffer | 'TOO_LARGE' | 'TOO_SLOW' | 'NO_ROOM' | 'GONE';

/** What the body took from the budget is the caller's to give back, by `release`, when the request is answered. */
export interface ReadBody {
  readonly outcome: BodyOutcome;
  release(): void;
}

export function readBody(world: World, req: IncomingMessage, limits: BodyLimits, budget: Budget): Promise<ReadBody> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    let settled = false;
    const began = world.monotonic();
    let watch = world.timer(Math.min(limits.graceMs, limits.deadlineMs), checkPace);

    function settle(outcome: BodyOutcome): void {
      if (settled) return;
      settled = true;
      watch.cancel();
      req.off('data', take);
      if (!Buffer.isBuffer(outcome)) chunks.length = 0;
      const held = bytes;
      resolve({ outcome, release: () => (budget.used -= held) });
    }

    function take(chunk: Buffer): void {
      if (bytes + chunk.length > limits.maxBytes) return settle('TOO_LARGE');
      if (budget.used + chunk.length > budget.maxBytes) return settle('NO_ROOM');
      bytes += chunk.length;
      budget.used += chunk.length;
      chunks.push(chunk);
    }

    function checkPace(): void {
      const elapsed = world.monotonic() - began;
      if (elapsed >= limits.deadlineMs || bytes < (limits.minRate * elapsed) / 1_000) return settle('TOO_SLOW');
      watch = world.timer(Math.min(1_000, limits.deadlineMs - elapsed), checkPace);
    }

    const announced = Number(req.headers['content-length'] ?? 0);
    if (announced > limits.maxBytes) return settle('TOO_LARGE');
    if (req.destroyed) return settle('GONE');
    req.on('data', take);
    req.on('end', () => settle(chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks)));
    req.on('error', () => settle('GONE'));
    req.on('close', () => settle('GONE'));
  });
}
