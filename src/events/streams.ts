/**
 * Resumable streams over the log: register with the tail, read from the cursor, wait, read on. The log is the truth, so
 * nothing is missed or repeated, over reconnections and over replicas.
 * @module
 */
import type { Database } from '../db/client.ts';
import type { Timer, World } from '../world.ts';
import type { EventBus } from './bus.ts';
import { checkCursor, CursorExpired, decodeCursor, encodeCursor } from './cursor.ts';
import { type EventFilter, type EventRow, matches, readEvents, readHead } from './read.ts';
import { type EndCode, StreamEnded } from './stream-ended.ts';
import { startTail, type Tail } from './tail.ts';

export interface StreamMessage {
  readonly cursor: string;
  readonly event: EventRow | null;
}

export interface StreamLife {
  readonly tenantId: string;
  readonly signal?: AbortSignal;
  /** When the token of whoever follows ends. */
  readonly until?: Date;
  /** Told when the consumer has not pulled for too long: a transport may cut what can't be written to. */
  readonly onStalled?: () => void;
}

export interface FollowOptions extends StreamLife {
  readonly after?: string;
  readonly from?: 'NOW' | 'EARLIEST' | undefined;
  readonly filter?: EventFilter;
  /** The envelopes of a narrowed token; null or absent for all. */
  readonly allowed?: ReadonlySet<string> | null;
}

export interface EventStreams {
  follow(options: FollowOptions): AsyncGenerator<StreamMessage, void, void>;
  /** Yields at once, and again when the envelope has news; what piles up meanwhile is told once. */
  changes(options: StreamLife & { readonly envelopeId: string }): AsyncGenerator<void, void, void>;
  /** Ends all streams with DRAINING, and whatever is begun from now on. */
  drain(): void;
  close(): Promise<void>;
  /** Streams that are open. */
  readonly size: number;
}

export interface StreamsOptions {
  readonly database: Database;
  readonly bus: EventBus;
  readonly world: World;
  readonly heartbeatMs?: number;
  readonly pollMs?: number;
  /** A consumer that has not pulled for so long, while more than `maxLag` events wait, is ended. */
  readonly slowMs?: number;
  readonly maxLag?: number;
  readonly keep?: number;
  readonly onError?: (error: unknown) => void;
}

const PAGE = 200;
/** Node's timers hold no more; a stream that lives longer is looked at again then. */
const LONGEST_TIMER_MS = 2_000_000_000;

/** One open stream, as its tail and its end see it. */
interface Stream {
  readonly tail: Tail;
  ended: EndCode | null;
  closed: boolean;
  wake: () => void;
  /** Since when a message waits to be pulled away; null while the stream itself is waiting. */
  yieldedAt: number | null;
  readonly onStalled: (() => void) | undefined;
}

export function createEventStreams(options: StreamsOptions): EventStreams {
  const { database, bus, world } = options;
  const { heartbeatMs = 30_000, pollMs = 5_000, slowMs = 30_000, maxLag = 10_000, keep = 4_096 } = options;
  const onError = options.onError ?? (() => undefined);
  const tails = new Map<string, { tail: Tail; users: number }>();
  const open = new Set<Stream>();
  let draining = false;
  let sweeping = world.timer(slowMs, () => sweep());

  function sweep(): void {
    const now = world.monotonic();
    for (const { yieldedAt, onStalled } of open) if (yieldedAt !== null && now - yieldedAt > slowMs) onStalled?.();
    sweeping = world.timer(slowMs / 2, sweep);
  }

  function acquire(tenantId: string): Tail {
    const held = tails.get(tenantId) ?? {
      tail: startTail({ tenantId, database, bus, world, pollMs, keep, onError }),
      users: 0,
    };
    held.users += 1;
    tails.set(tenantId, held);
    return held.tail;
  }

  function release(tenantId: string, tail: Tail): void {
    const held = tails.get(tenantId);
    if (!held || held.tail !== tail) return;
    held.users -= 1;
    if (held.users > 0) return;
    tails.delete(tenantId);
    tail.stop();
  }

  /** Runs `body` with a stream that is registered before it begins and gone when it ends, however it ends. */
  function withStream<T>(
    life: StreamLife,
    body: (stream: Stream) => AsyncGenerator<T, void, void>,
  ): AsyncGenerator<T, void, void> {
    let current: Stream | null = null;
    const run = async function* (): AsyncGenerator<T, void, void> {
      const stream = enter(life);
      current = stream.stream;
      try {
        await stream.stream.tail.started;
        yield* body(stream.stream);
      } finally {
        stream.leave();
      }
    };
    return interruptible(run(), () => {
      if (!current) return;
      current.closed = true;
      current.wake();
    });
  }

  function enter({ tenantId, signal, until, onStalled }: StreamLife): { stream: Stream; leave: () => void } {
    const stream: Stream = {
      tail: acquire(tenantId),
      ended: draining ? 'DRAINING' : null,
      closed: signal?.aborted ?? false,
      wake: () => undefined,
      yieldedAt: null,
      onStalled,
    };
    const unregister = stream.tail.onAdvance(() => stream.wake());
    const abort = (): void => {
      stream.closed = true;
      stream.wake();
    };
    signal?.addEventListener('abort', abort, { once: true });
    let tokenTimer: Timer | null = null;
    const watchToken = (): void => {
      if (!until) return;
      const left = until.getTime() - world.now().getTime();
      if (left > 0) {
        tokenTimer = world.timer(Math.min(left, LONGEST_TIMER_MS), watchToken);
        return;
      }
      stream.ended ??= 'TOKEN_EXPIRED';
      stream.wake();
    };
    watchToken();
    open.add(stream);
    return {
      stream,
      leave: () => {
        open.delete(stream);
        tokenTimer?.cancel();
        signal?.removeEventListener('abort', abort);
        unregister();
        release(tenantId, stream.tail);
      },
    };
  }

  /** True when the log has gone on or the stream is to end, false when `milliseconds` passed without either. */
  async function wait(stream: Stream, position: bigint, milliseconds: number): Promise<boolean> {
    if (stream.tail.head > position || stream.ended || stream.closed) return true;
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const timer = world.timer(milliseconds, () => resolve(false));
    stream.wake = () => resolve(true);
    try {
      return await promise;
    } finally {
      timer.cancel();
      stream.wake = () => undefined;
    }
  }

  async function placeOf({ tenantId, after, from }: FollowOptions): Promise<bigint> {
    const head = await database.withTenants([tenantId], (tx) => readHead(tx, tenantId));
    if (after === undefined) return from === 'EARLIEST' ? head.earliest - 1n : head.sequence;
    const position = decodeCursor(tenantId, after);
    try {
      checkCursor(tenantId, position, head);
    } catch (error) {
      if (error instanceof CursorExpired) throw new StreamEnded('CURSOR_EXPIRED', after, error.earliestCursor);
      throw error;
    }
    return position;
  }

  /** The next events after the place: from memory when it is there, else from the database. */
  async function readOn(
    stream: Stream,
    tenantId: string,
    after: bigint,
    filter: EventFilter,
  ): Promise<{ rows: readonly EventRow[]; through: bigint }> {
    const remembered = stream.tail.after(after);
    if (remembered)
      return { rows: remembered.filter((row) => matches(row, filter)), through: remembered.at(-1)?.sequence ?? after };
    return database.withTenants([tenantId], (tx) => readEvents(tx, { tenantId, after, limit: PAGE, filter }));
  }

  return {
    follow(options) {
      const { tenantId, filter = {}, allowed = null } = options;
      return withStream(options, async function* (stream) {
        let position = await placeOf(options);
        const cursor = (): string => encodeCursor(tenantId, position);
        const tell = function* (event: EventRow | null): Generator<StreamMessage, void, void> {
          stream.yieldedAt = world.monotonic();
          yield { cursor: cursor(), event };
          const heldFor = world.monotonic() - stream.yieldedAt;
          stream.yieldedAt = null;
          if (heldFor > slowMs && stream.tail.head - position > BigInt(maxLag)) stream.ended ??= 'SLOW_CONSUMER';
          if (stream.ended) throw new StreamEnded(stream.ended, cursor());
        };
        if (stream.ended) throw new StreamEnded(stream.ended, cursor());
        yield* tell(null);
        let toldAt = world.monotonic();
        while (!stream.closed) {
          const { rows, through } = await readOn(stream, tenantId, position, filter);
          for (const row of rows) {
            if (stream.closed) return;
            position = row.sequence;
            if (allowed && !allowed.has(row.envelopeId)) continue;
            yield* tell(row);
            toldAt = world.monotonic();
          }
          position = through;
          const news = await wait(stream, position, Math.max(0, heartbeatMs - (world.monotonic() - toldAt)));
          if (stream.ended) throw new StreamEnded(stream.ended, cursor());
          if (news || stream.closed) continue;
          yield* tell(null);
          toldAt = world.monotonic();
        }
      });
    },

    changes(options) {
      const { tenantId, envelopeId } = options;
      return withStream(options, async function* (stream) {
        let position = stream.tail.head;
        const ended = (): StreamEnded | null =>
          stream.ended && new StreamEnded(stream.ended, encodeCursor(tenantId, position));
        const begin = ended();
        if (begin) throw begin;
        yield;
        while (!stream.closed) {
          await wait(stream, position, heartbeatMs);
          const end = ended();
          if (end) throw end;
          const { rows, through } = await readOn(stream, tenantId, position, { envelopeIds: [envelopeId] });
          position = through;
          if (rows.length > 0 && !stream.closed) yield;
        }
      });
    },

    drain() {
      draining = true;
      for (const stream of open) {
        stream.ended ??= 'DRAINING';
        stream.wake();
      }
    },

    async close() {
      sweeping.cancel();
      for (const stream of open) {
        stream.closed = true;
        stream.wake();
      }
      for (const { tail } of tails.values()) tail.stop();
      tails.clear();
    },

    get size() {
      return open.size;
    },
  };
}

/** A generator that waits can't be told to return before it wakes: so wake it first. */
function interruptible<T>(
  generator: AsyncGenerator<T, void, void>,
  interrupt: () => void,
): AsyncGenerator<T, void, void> {
  return {
    next: () => generator.next(),
    return: (value) => {
      interrupt();
      return generator.return(value);
    },
    throw: (error) => {
      interrupt();
      return generator.throw(error);
    },
    [Symbol.asyncIterator]() {
      return this;
    },
    async [Symbol.asyncDispose]() {
      await this.return();
    },
  };
}
