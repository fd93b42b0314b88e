/**
 * Resumable streams over the log: register with the tail, read from the cursor, wait, read on. The log is the truth, so
 * nothing is missed or repeated, over reconnections and over replicas.
 * @module
 */
import type { Database } from '../db/client.ts';
import type { World } from '../world.ts';
import type { EventBus } from './bus.ts';
import {
  type Begin,
  type ChangesOptions,
  followChanges,
  followEvents,
  type FollowOptions,
  type StreamMessage,
} from './follow.ts';
import { interruptible } from './interruptible.ts';
import { type OpenStream, openStream, type StreamLife } from './open-stream.ts';
import { createTails } from './tails.ts';

export type { FollowOptions, StreamMessage } from './follow.ts';

export interface EventStreams {
  /**
   * The log after a cursor, as it grows. The first message comes at once with a cursor and no event, and so does one
   * after each `heartbeatMs` without news. Throws InvalidCursor, and StreamEnded when the server ends the stream.
   */
  follow(options: FollowOptions): AsyncGenerator<StreamMessage, void, void>;
  /** Yields at once, and again when the envelope has news; what piles up meanwhile is told once. Throws StreamEnded. */
  changes(options: ChangesOptions): AsyncGenerator<void, void, void>;
  /** Ends all streams with DRAINING, and whatever is begun from now on. */
  drain(): void;
  /** Ends all streams without a word. The database may be closed afterwards. */
  close(): Promise<void>;
  /** Streams that are open. */
  readonly size: number;
  /** Tenants that are followed, and how many events the one furthest behind has not been read of its log. */
  lag(): Promise<{ readonly tenants: number; readonly lag: number }>;
}

export interface StreamsOptions {
  readonly database: Database;
  readonly bus: EventBus;
  readonly world: World;
  readonly heartbeatMs?: number;
  /** Milliseconds between two looks at the log when no hint comes. */
  readonly pollMs?: number;
  /** A consumer that has not pulled for so many milliseconds, while more than `maxLag` events wait, is ended. */
  readonly slowMs?: number;
  readonly maxLag?: number;
  /** Events of each tenant kept in memory, at least. */
  readonly keep?: number;
  /** Told of a look at the log that failed; the next one makes up for it. */
  readonly onError?: (error: unknown) => void;
}

export function createEventStreams(options: StreamsOptions): EventStreams {
  const { database, bus, world } = options;
  const { heartbeatMs = 30_000, pollMs = 5_000, slowMs = 30_000, maxLag = 10_000, keep = 2_048 } = options;
  const onError = options.onError ?? (() => undefined);
  const tails = createTails({ database, bus, world, pollMs, keep, onError });
  const context = { database, world, heartbeatMs };
  const open = new Set<OpenStream>();
  let draining = false;

  function inspect(): void {
    for (const stream of open) stream.inspect();
    inspecting = world.timer(slowMs / 2, inspect);
  }
  let inspecting = world.timer(slowMs / 2, inspect);

  function begin(life: StreamLife): OpenStream {
    const onClosed = (stream: OpenStream): void => void open.delete(stream);
    const stream = openStream({ life, tails, world, patience: { slowMs, maxLag }, onClosed });
    if (!stream.closed) open.add(stream);
    if (draining) stream.end('DRAINING');
    return stream;
  }

  /** A generator whose stream is closed at once by who leaves it, also while it waits. */
  function generate<T>(
    life: StreamLife,
    body: (begin: Begin) => AsyncGenerator<T, void, void>,
  ): AsyncGenerator<T, void, void> {
    let current: OpenStream | null = null;
    return interruptible(
      body(() => (current = begin(life))),
      () => current?.close(),
    );
  }

  return {
    follow: (given) => generate(given, (begin) => followEvents(begin, given, context)),
    changes: (given) => generate(given, (begin) => followChanges(begin, given, context)),
    drain() {
      draining = true;
      for (const stream of open) stream.end('DRAINING');
    },
    async close() {
      draining = true;
      inspecting.cancel();
      for (const stream of open) stream.close();
      await tails.close();
    },
    get size() {
      return open.size;
    },
    lag: async () => ({ tenants: tails.size, lag: await tails.lag() }),
  };
}
