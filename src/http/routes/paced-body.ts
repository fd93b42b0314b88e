/**
 * A body that is read as its reader asks, and cut when the client sends it too slowly.
 * @module
 */
import type { IncomingMessage } from 'node:http';
import { type World, settledWithin } from '../../world.ts';

export interface Pace {
  /** Milliseconds from the head to the last byte. */
  readonly deadlineMs: number;
  /** Bytes per second that must be kept up on the average, once `graceMs` have passed. Time that the reader takes counts for the client. */
  readonly minRate: number;
  readonly graceMs: number;
}

export class BodyTooSlow extends Error {
  constructor() {
    super('The body came too slowly and was cut: send it again over a better line.');
    this.name = 'BodyTooSlow';
  }
}

/** Throws BodyTooSlow, or an error of the socket when the client goes. */
export async function* pacedBody(
  world: World,
  req: IncomingMessage,
  { deadlineMs, minRate, graceMs }: Pace,
): AsyncGenerator<Uint8Array, void, void> {
  const began = world.monotonic();
  let bytes = 0;
  let reading = 0;
  // `destroyOnReturn`: the answer to a refused body still goes out over its socket.
  const chunks: AsyncIterator<Buffer> = req.iterator({ destroyOnReturn: false });
  try {
    for (;;) {
      const asked = world.monotonic();
      const left = Math.min(deadlineMs - (asked - began), Math.max(graceMs, (bytes / minRate) * 1_000) - reading);
      const read = await settledWithin(world, Math.max(0, left), chunks.next());
      if (!read) throw new BodyTooSlow();
      const next = read.value;
      reading += world.monotonic() - asked;
      if (next.done) return;
      bytes += next.value.length;
      yield next.value;
    }
  } finally {
    // Not awaited: after a cut the read before it is still under way.
    void chunks.return?.().catch(() => undefined);
  }
}
