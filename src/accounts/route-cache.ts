/**
 * Whose a webhook address is, remembered for a moment: a burst of webhooks costs one look-up, and a flood of made-up
 * addresses a bounded memory.
 * @module
 */
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

type Load = (provider: string, secret: string) => Promise<WebhookRoute | null>;

const REMEMBER_MS = 30_000;
const MOST = 10_000;

export function createRouteCache(world: World, load: Load): Load {
  const held = new Map<string, { readonly route: Promise<WebhookRoute | null>; readonly until: number }>();
  return (provider, secret) => {
    const key = `${provider} ${secret}`;
    const known = held.get(key);
    if (known && known.until > world.monotonic()) return known.route;
    // The oldest goes first: a Map keeps the order of insertion.
    if (held.size >= MOST) for (const oldest of held.keys()) if (held.delete(oldest)) break;
    const route = load(provider, secret);
    held.delete(key);
    held.set(key, { route, until: world.monotonic() + REMEMBER_MS });
    route.catch(() => held.delete(key));
    return route;
  };
}
