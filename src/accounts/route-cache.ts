/**
 * Whose a webhook address is, remembered for a moment: a burst of webhooks costs one look-up, and a flood of made-up
 * addresses a bounded memory that takes none from the addresses that are real.
 * @module
 */
import { remember } from '../model/remember.ts';
import type { Provider } from '../providers/provider.ts';
import type { World } from '../world.ts';

export interface WebhookRoute {
  readonly tenantId: string;
  readonly accountId: string;
  readonly provider: Provider;
  readonly providerAccountId: string;
  /** All that are live: one of them must have signed. */
  readonly keys: readonly string[];
}

/** By the provider's name in the address, and the hash of the address's secret. */
type Load = (provider: string, hash: string) => Promise<WebhookRoute | null>;

export interface RouteCache {
  readonly find: Load;
  /** Forgets everything: an account has changed, here or as another replica tells. */
  clear(): void;
}

export const REMEMBER_MS = 30_000;
const MOST = 10_000;

interface Remembered {
  readonly route: WebhookRoute | null;
  readonly until: number;
}

export function createRouteCache(world: World, load: Load): RouteCache {
  const routes = new Map<string, Remembered>();
  const nobodys = new Map<string, Remembered>();
  let flying = new Map<string, Promise<WebhookRoute | null>>();

  const fetchRoute = async (key: string, provider: string, hash: string): Promise<WebhookRoute | null> => {
    const mine = flying;
    try {
      const route = await load(provider, hash);
      // What was cleared meanwhile may have read the account as it was.
      if (mine === flying) {
        remember(route ? routes : nobodys, key, { route, until: world.monotonic() + REMEMBER_MS }, MOST);
      }
      return route;
    } finally {
      mine.delete(key);
    }
  };

  return {
    find: async (provider, hash) => {
      const key = `${provider} ${hash}`;
      const known = routes.get(key) ?? nobodys.get(key);
      if (known && known.until > world.monotonic()) return known.route;
      routes.delete(key);
      nobodys.delete(key);
      const inFlight = flying.get(key) ?? fetchRoute(key, provider, hash);
      flying.set(key, inFlight);
      return inFlight;
    },
    clear: () => {
      routes.clear();
      nobodys.clear();
      flying = new Map();
    },
  };
}
