/**
 * Keys of an identity provider, fetched from its key set. A key set that can't be fetched keeps the last good one for
 * hours and is asked again with growing pauses; an unknown key id is asked for once per cooldown, not once per token.
 * @module
 */
import { createLocalJWKSet, errors, type JSONWebKeySet, type JWTVerifyGetKey } from 'jose';
import { z } from 'zod';
import type { World } from '../world.ts';

const FRESH_MS = 10 * 60_000;
/** How long keys are trusted while their source is silent. */
const STALE_MS = 12 * 3_600_000;
const COOLDOWN_MS = 30_000;
const LONGEST_PAUSE_MS = 5 * 60_000;
const TIMEOUT_MS = 5_000;

const KeySet = z.object({ keys: z.array(z.looseObject({ kty: z.string() })).max(100) });

interface Fetched {
  readonly find: ReturnType<typeof createLocalJWKSet>;
  readonly at: number;
}

export function remoteKeys(url: string, world: World): JWTVerifyGetKey {
  let held: Fetched | null = null;
  let loading: Promise<void> | null = null;
  let failures = 0;
  let nextTry = 0;

  const load = async (): Promise<void> => {
    try {
      const response = await world.fetch(url, {
        signal: AbortSignal.timeout(TIMEOUT_MS),
        headers: { accept: 'application/json' },
      });
      if (response.status !== 200) throw new Error(`the key set answered ${response.status}`);
      const keys: JSONWebKeySet = KeySet.parse(await response.json());
      held = { find: createLocalJWKSet(keys), at: world.monotonic() };
      failures = 0;
      nextTry = world.monotonic() + COOLDOWN_MS;
    } catch {
      // Told by what follows: tokens are judged by the last good set, or refused when there is none.
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

  return async (header, token) => {
    if (!held || world.monotonic() - held.at > STALE_MS) await refresh();
    else if (world.monotonic() - held.at > FRESH_MS) void refresh();
    if (!held || world.monotonic() - held.at > STALE_MS) throw new errors.JWKSNoMatchingKey();
    try {
      return await held.find(header, token);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
      // A key that was added since: ask once, then judge by what there is.
      await refresh();
      return held.find(header, token);
    }
  };
}
