/**
 * A request's body, counted as it comes: never more than the limit in memory, never longer than the deadline.
 * @module
 */
import type { IncomingMessage } from 'node:http';
import type { World } from '../../world.ts';

export type BodyOutcome = Buffer | 'TOO_LARGE' | 'TOO_SLOW' | 'GONE';

export function readBody(
  world: World,
  req: IncomingMessage,
  limits: { readonly maxBytes: number; readonly deadlineMs: number },
): Promise<BodyOutcome> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    const deadline = world.timer(limits.deadlineMs, () => settle('TOO_SLOW'));

    function settle(outcome: BodyOutcome): void {
      deadline.cancel();
      req.off('data', take);
      resolve(outcome);
    }

    function take(chunk: Buffer): void {
      bytes += chunk.length;
      if (bytes > limits.maxBytes) return settle('TOO_LARGE');
      chunks.push(chunk);
    }

    if (Number(req.headers['content-length'] ?? 0) > limits.maxBytes) return settle('TOO_LARGE');
    if (req.destroyed) return settle('GONE');
    req.on('data', take);
    req.once('end', () => settle(Buffer.concat(chunks)));
    req.once('error', () => settle('GONE'));
    req.once('close', () => settle('GONE'));
  });
}
