/**
 * The real world, with what is asked of it noted down.
 * @module
 */
import { systemWorld, type World } from '../../src/world.ts';

export interface WatchedWorld {
  readonly world: World;
  /** What the network was asked for about this envelope of the provider's, as `PUT https://…`. */
  askedAbout(envelope: { readonly providerId: string }): string[];
  /** How long was waited each time, in milliseconds. */
  readonly waits: readonly number[];
}

export function watchedWorld(): WatchedWorld {
  const real = systemWorld();
  const asked: string[] = [];
  const waits: number[] = [];
  return {
    waits,
    askedAbout: ({ providerId }) => asked.filter((call) => call.includes(providerId)),
    world: {
      ...real,
      fetch: (url, init) => {
        asked.push(`${init?.method ?? 'GET'} ${url}`);
        return real.fetch(url, init);
      },
      sleep: (ms, signal) => {
        waits.push(ms);
        return real.sleep(ms, signal);
      },
    },
  };
}
