/**
 * Results as server-sent events, as graphql-sse names them in its distinct connections mode: `next`, then `complete`.
 * The next result is made only when the client has taken the last one.
 * @module
 */
import type { ServerResponse } from 'node:http';
import type { ExecutionResult } from 'graphql';
import type { Timer, World } from '../../world.ts';
import type { Outcome } from './engine.ts';

export interface SseOptions {
  readonly world: World;
  readonly heartbeatMs: number;
  /** How long a write may wait for the client before its connection is cut. */
  readonly stallMs: number;
}

/** Resolves when the stream is complete or the client has gone. */
export async function sendEvents(res: ServerResponse, outcome: Outcome, options: SseOptions): Promise<void> {
  const { world, heartbeatMs } = options;
  res.writeHead(200, {
    'cache-control': 'no-store',
    'content-type': 'text/event-stream; charset=utf-8',
    'x-accel-buffering': 'no',
  });
  // some clients wait for a first byte before they say that the stream is open
  res.write(':\n\n');
  let beat: Timer;
  const heartbeat = (): void => {
    if (!res.writableNeedDrain) res.write(':\n\n');
    beat = world.timer(heartbeatMs, heartbeat);
  };
  beat = world.timer(heartbeatMs, heartbeat);
  try {
    const results = Symbol.asyncIterator in outcome ? outcome : [outcome];
    for await (const result of results) {
      await flushed(res, nextEvent(result), options);
      if (res.destroyed) break;
    }
    if (!res.destroyed) res.end('event: complete\ndata:\n\n');
  } finally {
    beat.cancel();
  }
}

function nextEvent(result: ExecutionResult): string {
  return `event: next\ndata: ${JSON.stringify(result)}\n\n`;
}

/** Resolves when the client's connection has room again, or is gone; cuts it when that takes too long. */
function flushed(res: ServerResponse, text: string, { world, stallMs }: SseOptions): Promise<void> {
  return new Promise((resolve) => {
    if (res.destroyed || res.write(text)) return resolve();
    const stalled = world.timer(stallMs, () => res.destroy());
    const done = (): void => {
      stalled.cancel();
      res.off('drain', done);
      res.off('close', done);
      resolve();
    };
    res.on('drain', done);
    res.on('close', done);
  });
}
