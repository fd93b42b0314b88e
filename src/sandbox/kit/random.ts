/**
 * Chance from a seed: ids, fault draws and jitter come from named streams, so that drawing from one never
 * shifts another and the same seed gives the same run.
 * @module
 */
import { createHash } from 'node:crypto';

export interface SeededRandom {
  readonly seed: number;
  /** Uniform in [0, 1), the next number of the stream called `name`. */
  next(name: string): number;
  /** The next GUID (lower case, version 4 in shape) of the stream called `name`. */
  uuid(name: string): string;
  /** `size` bytes as base64url text: access tokens, one-use links. */
  token(name: string, size: number): string;
}

export function createRandom(seed: number): SeededRandom {
  const counters = new Map<string, number>();
  const streams = new Map<string, () => number>();

  const digest = (name: string): Buffer => {
    const n = counters.get(name) ?? 0;
    counters.set(name, n + 1);
    return createHash('sha512').update(`${seed}/${name}/${n}`).digest();
  };

  return {
    seed,
    next(name) {
      let stream = streams.get(name);
      if (stream === undefined) {
        stream = mulberry32(createHash('sha256').update(`${seed}/${name}`).digest().readUInt32LE(0));
        streams.set(name, stream);
      }
      return stream();
    },
    uuid: (name) => asGuid(digest(name)),
    token(name, size) {
      const bytes = digest(name);
      const blocks = [bytes];
      for (let length = bytes.length; length < size; length += 64)
        blocks.push(createHash('sha512').update(bytes).update(`${length}`).digest());
      return Buffer.concat(blocks).subarray(0, size).toString('base64url');
    },
  };
}

function asGuid(bytes: Buffer): string {
  const hex = bytes.toString('hex');
  const variant = '89ab'[bytes.readUInt8(8) & 3] ?? '8';
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

/** Mulberry32 (Tommy Ettinger, public domain): 32 bits of state are plenty for faults and jitter. */
function mulberry32(start: number): () => number {
  let state = start;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}
