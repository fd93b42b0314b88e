/**
 * Keep-alive connections that send requests made beforehand, one at a time each, and time the answers.
 * @module
 */
import { once } from 'node:events';
import { connect } from 'node:net';
import { z } from 'zod';

export interface Load {
  readonly port: number;
  readonly connections: number;
  readonly warmMs: number;
  readonly measureMs: number;
  /** The whole next request; null ends the run early. */
  readonly next: () => Buffer | null;
}

export interface Taken {
  readonly count: number;
  readonly seconds: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** All that were answered, the warm-up included. */
  readonly answered: number;
}

/** Throws on any answer that is not 2XX: a window with failures is none. */
export async function drive(load: Load, warm: () => void = () => undefined): Promise<Taken> {
  const begin = performance.now();
  const measureFrom = begin + load.warmMs;
  const until = measureFrom + load.measureMs;
  const latencies: number[] = [];
  let last = measureFrom;
  let answered = 0;
  const timer = setTimeout(warm, load.warmMs);

  const one = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const socket = connect(load.port, '127.0.0.1').setNoDelay(true);
      let sent = 0;
      let pending: Buffer = Buffer.alloc(0);
      const send = (): void => {
        const request = performance.now() < until ? load.next() : null;
        if (request === null) return void socket.end(resolve);
        sent = performance.now();
        socket.write(request);
      };
      socket.on('connect', send);
      socket.on('error', reject);
      socket.on('data', (chunk) => {
        pending = pending.length === 0 ? chunk : Buffer.concat([pending, chunk]);
        const end = endOfAnswer(pending);
        if (end === null) return;
        const now = performance.now();
        if (!pending.subarray(9, 10).equals(TWO)) return reject(new Error(pending.toString().slice(0, 500)));
        pending = pending.subarray(end);
        answered += 1;
        if (sent >= measureFrom && now <= until) {
          latencies.push(now - sent);
          last = now;
        }
        send();
      });
    });
  await Promise.all(Array.from({ length: load.connections }, one));
  clearTimeout(timer);
  latencies.sort((a, b) => a - b);
  return {
    count: latencies.length,
    seconds: (last - measureFrom) / 1_000,
    p50Ms: latencies[Math.floor(latencies.length * 0.5)] ?? 0,
    p99Ms: latencies[Math.floor(latencies.length * 0.99)] ?? 0,
    answered,
  };
}

const TWO = Buffer.from('2');

/** Where the first answer ends, or null while it isn't whole. */
function endOfAnswer(bytes: Buffer): number | null {
  const head = bytes.indexOf('\r\n\r\n');
  if (head < 0) return null;
  const text = bytes.subarray(0, head).toString('latin1').toLowerCase();
  const length = /\r\ncontent-length: (\d+)/.exec(text)?.[1];
  if (length !== undefined) {
    const end = head + 4 + Number(length);
    return bytes.length >= end ? end : null;
  }
  if (!text.includes('transfer-encoding: chunked')) return head + 4;
  const last = bytes.indexOf('0\r\n\r\n', head + 4);
  return last < 0 ? null : last + 5;
}

/** One keep-alive connection; each call sends a whole request and resolves with its 2XX. */
export async function connectOnce(port: number): Promise<((request: Buffer) => Promise<void>) & { end(): void }> {
  const socket = connect(port, '127.0.0.1').setNoDelay(true);
  await once(socket, 'connect');
  const call = async (request: Buffer): Promise<void> => {
    socket.write(request);
    let pending: Buffer = Buffer.alloc(0);
    do {
      const [chunk] = z.tuple([z.instanceof(Buffer)]).parse(await once(socket, 'data'));
      pending = Buffer.concat([pending, chunk]);
    } while (endOfAnswer(pending) === null);
    if (!pending.subarray(9, 10).equals(TWO)) throw new Error(pending.toString().slice(0, 500));
  };
  return Object.assign(call, { end: () => void socket.end() });
}
