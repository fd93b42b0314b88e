/**
 * What a resolver works with: who asks, and the services, bound to nothing else.
 * @module
 */
import type { Accounts } from '../accounts/accounts.ts';
import type { AccountChanges } from '../accounts/changes.ts';
import type { HealthChecks } from '../accounts/health.ts';
import type { Principal } from '../auth/principal.ts';
import type { SignedLinks } from '../auth/signed-links.ts';
import type { Envelopes } from '../envelopes/envelopes.ts';
import type { Staleness } from '../envelopes/reading/freshness.ts';
import type { EventPages } from '../events/pages.ts';
import type { EventStreams } from '../events/streams.ts';
import type { DeliveryPages } from '../webhooks/pages.ts';
import type { World } from '../world.ts';
import { createLoaders, type Loaders } from './loaders.ts';

export interface Services {
  readonly world: World;
  readonly accounts: Accounts;
  readonly accountChanges: AccountChanges;
  readonly health: HealthChecks;
  readonly envelopes: Envelopes;
  readonly events: EventPages;
  readonly streams: EventStreams;
  readonly deliveries: DeliveryPages;
  readonly links: SignedLinks;
  /** Where this gateway is reached from outside; no slash at the end. */
  readonly publicUrl: string;
}

export type AccountRow = Awaited<ReturnType<Accounts['connect']>>;

export interface Context {
  readonly principal: Principal | null;
  readonly requestId: string;
  readonly signal: AbortSignal;
  readonly services: Services;
  readonly loaders: Loaders;
  /** By envelope UUID: why it could not be made as fresh as this request asked. */
  readonly staleness: Map<string, Staleness>;
}

export interface ContextRequest {
  readonly principal: Principal | null;
  readonly requestId: string;
  readonly signal: AbortSignal;
}

/** Makes the context of each operation, and of each event of a stream. */
export function createContexts(services: Services): (request: ContextRequest) => Context {
  const loadersFor = createLoaders(services);
  return (request) => ({ ...request, services, loaders: loadersFor(request.principal), staleness: new Map() });
}
