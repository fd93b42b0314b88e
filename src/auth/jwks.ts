/**
 * Keys of an identity provider, fetched from its key set. A key set that can't be fetched keeps the last good one for
 * hours and is asked again with growing pauses; an unknown key id is asked for once per cooldown, not once per token.
 * What a token's header says (`jku`, `x5u`, `kid`) never leads to another address.
 * @module
 */
import { createLocalJWKSet, errors, type JSONWebKeySet, type JWTVerifyGetKey } from 'jose';
import { z } from 'zod';
import type { World } from '../world.ts';

/** Milliseconds after which keys are fetched anew, in the background. */
export const FRESH_MS = 10 * 60_000;
/** How long keys are trusted while their source is silent. */
export const STALE_MS = 12 * 3_600_000;
/** No two fetches are nearer than this. */
export const COOLDOWN_MS = 30_000;
const LONGEST_PAUSE_MS = 5 * 60_000;
const TIMEOUT_MS = 5_000;

/** An empty set is taken for a fault of its server: it would refuse everyone. */
const KeySet = z.object({
  keys: z
    .array(z.looseObject({ kty: z.string() }))
    .min(1)
    .max(100),
});

/** There are no keys to judge by: the set was never fetched, or too long ago. Says nothing about the token. */
export class KeysUnavailable extends Error {
  constructor(options: { cause?: unknown }) {
    super('the key set can not be fetched', options);
    this.name = 'KeysUnavailable';
  }
}

interface Fetched {
  readonly find: ReturnType<typeof createLocalJWKSet>;
  /** On the monotonic clock. */
  readonly at: number;
}

/** `onError` is told of each fetch that failed: at most one in the pauses between them. */
export function remoteKeys(url: string, world: World, onError: (error: unknown) => void): JWTVerifyGetKey {
  let held: Fetched | null = null;
  let loading: Promise<void> | null = null;
  let lastFailure: unknown;
  let failures = 0;
  let nextTry = world.monotonic();

  const load = async (): Promise<void> => {
    try {
      held = { find: createLocalJWKSet(await fetchKeySet(url, world)), at: world.monotonic() };
      failures = 0;
      nextTry = world.monotonic() + COOLDOWN_MS;
    } catch (error) {
      // Tokens are judged by the last good set, or refused when there is none.
      lastFailure = error;
      onError(new KeysUnavailable({ cause: error }));
      failures += 1;
      nextTry = world.monotonic() + Math.min(LONGEST_PAUSE_MS, 1_000 * 2 ** Math.min(failures, 10));
    } finally {
      loading = null;
    }
  };
  /** One fetch at a time, and none before its pause is over. */
  const refresh = (): Promise<void> => {
    if (world.monotonic() < nextTry) return loading ?? Promise.resolve();
    loading ??= load();
    return loading;
  };
  const usable = (): Fetched | null => (held && world.monotonic() - held.at <= STALE_MS ? held : null);

  return async (header, token) => {
    const known = usable();
    if (!known) await refresh();
    else if (world.monotonic() - known.at > FRESH_MS) void refresh();
    const keys = usable();
    if (!keys) throw new KeysUnavailable({ cause: lastFailure });
    try {
      return await keys.find(header, token);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
      // A key that was added since: ask once, then judge by what there is.
      await refresh();
      return (usable() ?? keys).find(header, token);
    }
  };
}

async function fetchKeySet(url: string, world: World): Promise<JSONWebKeySet> {
  const ended = new AbortController();
  const timer = world.timer(TIMEOUT_MS, () => ended.abort());
  try {
    const response = await world.fetch(url, { signal: ended.signal, headers: { accept: 'application/json' } });
    if (response.status !== 200) {
      await response.body?.cancel();
      throw Object.assign(new Error(`the key set answered ${response.status}`), { code: `HTTP_${response.status}` });
    }
    return KeySet.parse(await response.json());
  } finally {
    timer.cancel();
  }
}
