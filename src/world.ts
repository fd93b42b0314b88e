/**
 * The only door to time, timers, chance and the network. Everything that the outside decides comes through
 * here, so that a whole run can be simulated from a seed.
 * @module
 */
import { randomFillSync } from 'node:crypto';
import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { Agent, type Dispatcher, type RequestInit, type Response, fetch as undiciFetch } from 'undici';

export interface Timer {
  /** Stops the timer; harmless when it has fired. */
  cancel(): void;
}

export interface World {
  /** Wall clock. */
  now(): Date;
  /** Milliseconds of a clock that never goes back; only differences mean something. */
  monotonic(): number;
  /** Runs `fire` once after `ms` milliseconds. Never keeps the process alive by itself. */
  timer(ms: number, fire: () => void): Timer;
  /** Resolves after `ms` milliseconds, or at once when `signal` aborts. Keeps the process alive. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /** Uniform in [0, 1). */
  random(): number;
  randomBytes(size: number): Buffer;
  /** UUIDv7 (RFC 9562): time-ordered. */
  uuid(): string;
  /** HTTP, as WHATWG fetch. Redirects are the caller's to allow. */
  fetch(url: string, init?: RequestInit): Promise<Response>;
}

/** What fetching from a stranger takes: names are resolved apart from connections, so that an address can be judged first. */
export interface Outside {
  /** All addresses of a name; rejects when there are none. */
  resolve(hostname: string): Promise<readonly string[]>;
  /**
   * GET, over a connection of its own to this address and no other; the certificate must be the name's. Redirects are
   * the caller's to follow.
   */
  fetchAt(url: string, address: string, signal: AbortSignal): Promise<Response>;
}

export function systemOutside(): Outside {
  return {
    resolve: async (hostname) => (await lookup(hostname, { all: true })).map(({ address }) => address),
    fetchAt: (url, address, signal) =>
      undiciFetch(url, {
        dispatcher: new Agent({
          connections: 1,
          // Nobody else comes this way: the connection ends with its answer.
          keepAliveTimeout: 1,
          keepAliveMaxTimeout: 1,
          connect: {
            lookup: (_hostname, options, callback) => {
              const family = isIP(address);
              if (options.all) callback(null, [{ address, family }]);
              else callback(null, address, family);
            },
          },
        }),
        redirect: 'manual',
        headers: { accept: 'application/pdf', 'user-agent': 'countersign' },
        signal,
      }),
  };
}

/** The real one. `connect` is overridden where a resolved address must be checked before it is used. */
export function systemWorld(options: { dispatcher?: Dispatcher } = {}): World {
  const dispatcher = options.dispatcher ?? new Agent({ keepAliveTimeout: 10_000, connections: 32 });
  const pool = randomPool();
  return {
    now: () => new Date(),
    monotonic: () => performance.now(),
    timer(ms, fire) {
      const handle = setTimeout(fire, ms);
      handle.unref();
      return { cancel: () => clearTimeout(handle) };
    },
    sleep: (ms, signal) =>
      new Promise((resolve) => {
        if (signal?.aborted) return resolve();
        const done = (): void => {
          clearTimeout(handle);
          signal?.removeEventListener('abort', done);
          resolve();
        };
        const handle = setTimeout(done, ms);
        signal?.addEventListener('abort', done, { once: true });
      }),
    random: () => Math.random(),
    randomBytes: (size) => randomFillSync(Buffer.alloc(size)),
    uuid: () => uuidV7(Date.now(), pool.take(16)),
    fetch: (url, init) => undiciFetch(url, { dispatcher, redirect: 'manual', ...init }),
  };
}

/** Random bytes, drawn many at a time: a call for each uuid would cost more than all else of it. None is given twice. */
function randomPool(): { take(size: number): Buffer } {
  const bytes = Buffer.alloc(4_096);
  let used = bytes.length;
  return {
    take(size) {
      if (used + size > bytes.length) {
        randomFillSync(bytes);
        used = 0;
      }
      used += size;
      return Buffer.from(bytes.subarray(used - size, used));
    },
  };
}

/** Layout of RFC 9562 section 5.7: 48 bits of milliseconds, version, 74 random bits. */
export function uuidV7(milliseconds: number, bytes: Buffer): string {
  bytes.writeUIntBE(milliseconds, 0, 6);
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x70;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = bytes.toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

/** When a request stops waiting: set once, as it begins, and shared by everything that it waits for. */
export interface Deadline {
  /** Milliseconds, 0 once it has passed. */
  left(): number;
}

export function deadlineIn(world: Pick<World, 'monotonic'>, ms: number): Deadline {
  const end = world.monotonic() + ms;
  return { left: () => Math.max(0, end - world.monotonic()) };
}

/** Null when `work` has not settled after `ms` milliseconds. The work goes on all the same; only the wait ends. */
export async function settledWithin<T>(
  world: Pick<World, 'timer'>,
  ms: number,
  work: Promise<T>,
): Promise<{ readonly value: T } | null> {
  const late = Promise.withResolvers<null>();
  const timer = world.timer(ms, () => late.resolve(null));
  try {
    return await Promise.race([work.then((value) => ({ value })), late.promise]);
  } finally {
    timer.cancel();
  }
}

export class TimedOut extends Error {
  constructor(ms: number) {
    super(`no answer within ${ms} ms`);
    this.name = 'TimedOut';
  }
}

/** Rejects with TimedOut when `work` has not settled after `ms` milliseconds. */
export async function withTimeout<T>(world: Pick<World, 'timer'>, ms: number, work: Promise<T>): Promise<T> {
  const settled = await settledWithin(world, ms, work);
  if (!settled) throw new TimedOut(ms);
  return settled.value;
}
