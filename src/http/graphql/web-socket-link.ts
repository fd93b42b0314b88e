/**
 * One WebSocket as graphql-ws sees it: a message counts as sent when the socket has taken it, so a stream's next event
 * is pulled only then. Notices dead peers, and cuts one that takes nothing.
 * @module
 */
import type { WebSocket as ServerSocket } from 'graphql-ws';
import type { RawData, WebSocket } from 'ws';
import type { Timer, World } from '../../world.ts';
import { withText } from './persisted-query.ts';

export interface Link {
  readonly server: ServerSocket;
  /** Resolves when the socket has taken the message. */
  send(data: string): Promise<void>;
  /** Resolves when all that the messages so far have begun is answered and sent. */
  settled(): Promise<void>;
  /** Closes when what was sent is flushed; cuts the connection when the peer doesn't answer in time. */
  close(code: number, reason: string): void;
  /** Stops the timers; for when the socket has closed. */
  dispose(): void;
}

export interface LinkOptions {
  readonly world: World;
  readonly heartbeatMs: number;
  /** How long a message may wait for the peer before its connection is cut. */
  readonly stallMs: number;
  onFailure(error: unknown): void;
}

/** Bytes that may wait for the peer before no more of its messages are read: its pings are answered too. */
const PAUSE_BYTES = 1024 * 1024;

export function createLink(socket: WebSocket, options: LinkOptions): Link {
  const { world, heartbeatMs, stallMs, onFailure } = options;
  const handling = new Set<Promise<void>>();
  let alive = true;
  let beat: Timer;

  const heartbeat = (): void => {
    if (!alive) return socket.terminate();
    alive = false;
    if (socket.readyState === socket.OPEN) socket.ping();
    beat = world.timer(heartbeatMs, heartbeat);
  };
  beat = world.timer(heartbeatMs, heartbeat);
  socket.on('pong', () => {
    alive = true;
  });

  // what is sent to a socket that closes waits for the close, which ends the streams: answered at once, a source that is
  // never short of events would be pulled for ever and the close never seen
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));

  // One timer for whatever waits, not one for each message: the socket mostly takes them at once.
  const sending: number[] = [];
  let watch: Timer | null = null;
  const watchOldest = (): void => {
    const [oldest] = sending;
    const left = oldest === undefined ? stallMs : oldest + stallMs - world.monotonic();
    if (left <= 0) return socket.terminate();
    watch = oldest === undefined ? null : world.timer(left, watchOldest);
  };

  function send(data: string): Promise<void> {
    return new Promise((resolve, reject) => {
      if (socket.readyState !== socket.OPEN) return resolve(closed);
      sending.push(world.monotonic());
      watch ??= world.timer(stallMs, watchOldest);
      // Called in the order of sending.
      socket.send(data, (error) => {
        sending.shift();
        if (socket.isPaused && socket.bufferedAmount < PAUSE_BYTES) socket.resume();
        if (!error) resolve();
        else if (socket.readyState === socket.OPEN) reject(error);
        else resolve(closed);
      });
      if (socket.bufferedAmount >= PAUSE_BYTES) socket.pause();
    });
  }

  function close(code: number, reason: string): void {
    if (socket.readyState === socket.CLOSED) return;
    socket.close(code, fitting(reason));
    world.timer(stallMs, () => socket.terminate());
  }

  const server: ServerSocket = {
    protocol: socket.protocol,
    send,
    close: (code, reason) => close(code ?? 1000, reason ?? ''),
    onMessage(handle) {
      socket.on('message', (data: RawData) => {
        alive = true;
        const handled = handle(withText(textOf(data)))
          .catch((error: unknown) => {
            onFailure(error);
            close(4500, 'Internal server error');
          })
          .finally(() => handling.delete(handled));
        handling.add(handled);
      });
    },
  };

  return {
    server,
    send,
    async settled() {
      while (handling.size > 0) await Promise.all(handling);
    },
    close,
    dispose: () => {
      beat.cancel();
      watch?.cancel();
    },
  };
}

function textOf(data: RawData): string {
  if (Array.isArray(data)) return Buffer.concat(data).toString('utf8');
  return Buffer.isBuffer(data) ? data.toString('utf8') : Buffer.from(data).toString('utf8');
}

/** Bytes that a close frame has for its reason. */
const MAX_REASON = 123;

/** The reason, cut at a whole character where it is too long. */
function fitting(reason: string): string {
  const bytes = Buffer.from(reason);
  if (bytes.length <= MAX_REASON) return reason;
  return `${new TextDecoder().decode(bytes.subarray(0, MAX_REASON - 3), { stream: true })}…`;
}
