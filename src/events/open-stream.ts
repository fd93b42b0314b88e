/**
 * One open stream: what ends it, what wakes it, and what must be given back when it is over, however that comes.
 * @module
 */
import type { Timer, World } from '../world.ts';
import { type EndCode, StreamEnded } from './stream-ended.ts';
import type { Tail } from './tail.ts';
import type { Tails } from './tails.ts';

export interface StreamLife {
  readonly tenantId: string;
  /** The consumer has gone. */
  readonly signal?: AbortSignal;
  /** When the token of whoever follows ends. */
  readonly until?: Date;
  /**
   * Told once when the stream should be cut and the consumer doesn't pull, so that no error can reach it: a transport
   * closes the connection.
   */
  readonly onStalled?: () => void;
}

/** How slow a consumer may be. */
export interface Patience {
  /** Milliseconds from a message to the next pull. */
  readonly slowMs: number;
  /** Events that may wait meanwhile. */
  readonly maxLag: number;
}

export interface OpenStream {
  readonly tail: Tail;
  /** The consumer has gone: nothing is held any more and nothing is to be said. */
  readonly closed: boolean;
  /** Resolves after the milliseconds, and before that when the log goes on or the stream is to end. */
  wait(milliseconds: number): Promise<void>;
  /** A message is handed out; `position` is how far the consumer is with it. */
  offered(position: bigint): void;
  /** The consumer has come back for more. */
  pulled(): void;
  /** Ends it with this code, unless it has one. */
  end(code: EndCode): void;
  /** Throws StreamEnded with this cursor when the server ends it. */
  assertOpen(cursor: () => string): void;
  /** Looks whether the consumer has stalled. */
  inspect(): void;
  /** Gives back all it holds. Repeating it is harmless. */
  close(): void;
}

export interface OpenStreamOptions {
  readonly life: StreamLife;
  readonly tails: Tails;
  readonly world: World;
  readonly patience: Patience;
  readonly onClosed: (stream: OpenStream) => void;
}

/** Node's timers hold no more; a stream that lives longer is looked at again then. */
const LONGEST_TIMER_MS = 2_000_000_000;

const nobody = (): void => undefined;

export function openStream({ life, tails, world, patience, onClosed }: OpenStreamOptions): OpenStream {
  const { tenantId, signal, until, onStalled } = life;
  const tail = tails.acquire(tenantId);
  let closed = false;
  let ended: EndCode | null = null;
  let wake = nobody;
  /** When whoever waits is woken at the latest; the alarm may ring before, and is set again then. */
  let wakeAt = 0;
  let alarm: { readonly at: number; readonly timer: Timer } | null = null;
  let offer: { readonly at: number; readonly position: bigint } | null = null;
  let tokenTimer: Timer | null = null;
  let stalledTold = false;

  const isSlow = (): boolean =>
    offer !== null &&
    world.monotonic() - offer.at > patience.slowMs &&
    tail.head - offer.position > BigInt(patience.maxLag);

  // One timer for the stream, not one for each event: news mostly comes long before it rings.
  const setAlarm = (): void => {
    if (alarm && alarm.at <= wakeAt) return;
    alarm?.timer.cancel();
    alarm = { at: wakeAt, timer: world.timer(Math.max(0, wakeAt - world.monotonic()), ring) };
  };
  const ring = (): void => {
    alarm = null;
    if (world.monotonic() >= wakeAt) wake();
    else if (wake !== nobody) setAlarm();
  };
  const unregister = tail.onAdvance(() => wake());
  const stream: OpenStream = {
    tail,
    get closed() {
      return closed;
    },
    wait: (milliseconds) =>
      new Promise((resolve) => {
        if (closed || ended) return resolve();
        wakeAt = world.monotonic() + milliseconds;
        setAlarm();
        wake = () => {
          wake = nobody;
          resolve();
        };
      }),
    offered(position) {
      offer = { at: world.monotonic(), position };
    },
    pulled() {
      if (isSlow()) stream.end('SLOW_CONSUMER');
      offer = null;
      stalledTold = false;
    },
    end(code) {
      ended ??= code;
      wake();
    },
    assertOpen(cursor) {
      if (ended && !closed) throw new StreamEnded(ended, cursor());
    },
    inspect() {
      const late = offer !== null && world.monotonic() - offer.at > patience.slowMs;
      if (stalledTold || !(isSlow() || (ended && late))) return;
      stalledTold = true;
      onStalled?.();
    },
    close() {
      if (closed) return;
      closed = true;
      tokenTimer?.cancel();
      alarm?.timer.cancel();
      signal?.removeEventListener('abort', stream.close);
      unregister();
      tails.release(tenantId);
      wake();
      onClosed(stream);
    },
  };

  const watchToken = (end: Date): void => {
    const left = end.getTime() - world.now().getTime();
    if (left <= 0) stream.end('TOKEN_EXPIRED');
    else tokenTimer = world.timer(Math.min(left, LONGEST_TIMER_MS), () => watchToken(end));
  };
  if (until) watchToken(until);
  signal?.addEventListener('abort', stream.close, { once: true });
  if (signal?.aborted) stream.close();
  return stream;
}
