/**
 * A tenant's accounts at providers: connected once, sealed, and opened when they are needed.
 * @module
 */
import { and, asc, eq, gt, isNull, or } from 'drizzle-orm';
import type { Sealer } from '../auth/sealer.ts';
import { anyOf } from '../db/any-of.ts';
import type { Database } from '../db/client.ts';
import { accounts, providerBudgets, routes } from '../db/tables/accounts.ts';
import { InvalidInput, NotFound } from '../model/problems.ts';
import type { Environment, ProviderName, WebhookMode } from '../model/words.ts';
import type { Capabilities, KnownLimits, Provider, ProviderClient } from '../providers/provider.ts';
import { type Metrics, noMetrics } from '../telemetry/metrics.ts';
import type { World } from '../world.ts';
import { tellOfAccounts } from './account-hints.ts';
import { noteAsked } from './asked.ts';
import { createBudgets, limitsOf } from './budgets.ts';
import { createClientCache } from './client-cache.ts';
import { storeAccount } from './connect.ts';
import { observed, observedClient, type Observing } from './observed-client.ts';
import { createRouteCache, type WebhookRoute } from './route-cache.ts';
import {
  type AccountRow,
  hashOf,
  isPathSecret,
  openCredentials,
  openWebhookKeys,
  openWebhookUrl,
  pathOf,
} from './secrets.ts';

export type { AccountRow } from './secrets.ts';

export interface ConnectRequest {
  readonly provider: ProviderName;
  readonly environment: Environment;
  /** As the caller gave them; the provider parses them. */
  readonly credentials: unknown;
  /** ACCOUNT begins with `registerWebhook`; until then the account is, or stays, as it was. */
  readonly webhook: WebhookMode;
  /** The UUID a new row gets, for an account that a script must know beforehand; chance decides without. */
  readonly id?: string;
}

export interface AccountPage {
  readonly first: number;
  readonly after: { readonly at: Date; readonly id: string } | null;
}

export interface Accounts {
  /**
   * Signs in to prove the credentials, then stores them sealed. The same account again is the same row, renewed.
   * Throws InvalidInput, and what the provider throws.
   */
  connect(principal: { readonly tenantId: string }, request: ConnectRequest): Promise<AccountRow>;
  /** Those that are the tenant's, disconnected ones too: envelopes go on naming them. */
  get(tenantId: string, ids: readonly string[]): Promise<Map<string, AccountRow>>;
  list(tenantId: string, page: AccountPage): Promise<AccountRow[]>;
  /** Opened once per process, and anew when the account was connected again. Throws NotFound. */
  client(tenantId: string, accountId: string): Promise<ProviderClient>;
  capabilities(account: AccountRow): Capabilities;
  /** What the provider's rate limits leave, as any replica has heard. */
  limits(tenantId: string, accountIds: readonly string[]): Promise<ReadonlyMap<string, KnownLimits>>;
  /** The same, as this process knows it without asking. */
  knownLimits(tenantId: string, accountId: string): KnownLimits;
  /** Where the provider sends this account's webhooks. Whoever knows it can post there: a secret. */
  webhookUrl(account: AccountRow): Promise<string>;
  /** Whose webhook this address is, or null when nobody's. */
  webhookRoute(provider: string, secret: string): Promise<WebhookRoute | null>;
  /** Forgets whose which webhook address is: another process has changed an account. */
  forgetRoutes(): void;
  /** After the commit of a change: forgets it here, and has the others forget it. */
  changed(): void;
  /** Writes what waits to be written. */
  close(): Promise<void>;
}

export interface AccountDeps {
  readonly database: Database;
  readonly world: World;
  readonly sealer: Sealer;
  readonly providers: (name: ProviderName) => Provider;
  readonly publicUrl: string;
  readonly allowSandbox: boolean;
  readonly metrics?: Metrics;
  /** Told of what failed in the background. */
  readonly onError?: (error: unknown) => void;
}

export function createAccounts(deps: AccountDeps): Accounts {
  const { database, world, sealer, providers, publicUrl, metrics = noMetrics, onError = () => undefined } = deps;
  const budgets = createBudgets({ database, world, onError });
  const observing = (provider: ProviderName, called = (): void => undefined): Observing => ({
    provider,
    world,
    metrics,
    called,
  });

  const webhookUrl = (row: AccountRow): Promise<string> => openWebhookUrl(sealer, row, publicUrl);

  const clients = createClientCache(async (row) => {
    const { environment, providerAccountId, baseUri } = row;
    const credentials = await openCredentials(sealer, row);
    const url = row.webhookMode === 'PER_ENVELOPE' ? await webhookUrl(row) : null;
    const client = providers(row.provider).open(
      { environment, providerAccountId, baseUri, credentials, webhookUrl: url },
      world,
    );
    const { limits } = client;
    return observedClient(
      client,
      observing(row.provider, () => limits && budgets.called(row, limits)),
    );
  });

  const get = async (tenantId: string, ids: readonly string[]): Promise<Map<string, AccountRow>> => {
    if (ids.length === 0) return new Map();
    const rows = await database.withTenants([tenantId], (tx) =>
      tx
        .select()
        .from(accounts)
        .where(and(eq(accounts.tenantId, tenantId), anyOf(accounts.id, ids))),
    );
    return new Map(rows.map((row) => [row.id, row]));
  };

  const connectedRow = async (tenantId: string, id: string): Promise<AccountRow | null> => {
    const row = (await get(tenantId, [id])).get(id);
    return row && row.disconnectedAt === null ? row : null;
  };

  /** The tenant isn't known before: the hash is looked up where ids alone stand, then the row in its tenant. */
  const routeCache = createRouteCache(world, async (provider, hash) => {
    const [route] = await database.withTenants([], (tx) => tx.select().from(routes).where(eq(routes.hash, hash)));
    const row = route && (await connectedRow(route.tenantId, route.accountId));
    if (!row || pathOf(row.provider) !== provider) return null;
    const { tenantId, id: accountId, providerAccountId } = row;
    const keys = await openWebhookKeys(sealer, row);
    return { tenantId, accountId, provider: providers(row.provider), providerAccountId, keys };
  });

  const changed = (): void => {
    routeCache.clear();
    tellOfAccounts(database, onError);
  };

  return {
    get,
    webhookUrl,
    capabilities: (row) => providers(row.provider).capabilities,
    connect: async ({ tenantId }, { provider, environment, credentials, webhook, id = world.uuid() }) => {
      checkEnvironment(environment, deps.allowSandbox);
      const connected = await observed('connect', observing(provider), () =>
        providers(provider).connect({ credentials, environment }, world),
      );
      const row = await database.withTenants([tenantId], (tx) =>
        storeAccount(tx, deps, { tenantId, id, provider, environment, webhook, connected }),
      );
      changed();
      return row;
    },
    list: (tenantId, { first, after }) =>
      database.withTenants([tenantId], (tx) => {
        const { createdAt, id } = accounts;
        const beyond = after && or(gt(createdAt, after.at), and(eq(createdAt, after.at), gt(id, after.id)));
        return tx
          .select()
          .from(accounts)
          .where(and(eq(accounts.tenantId, tenantId), beyond ?? undefined))
          .orderBy(asc(createdAt), asc(id))
          .limit(first);
      }),
    client: async (tenantId, accountId) => {
      noteAsked(accountId);
      // What other replicas have learned comes along in the same statement.
      const [found] = await database.withTenants([tenantId], (tx) =>
        tx
          .select({ row: accounts, budget: providerBudgets })
          .from(accounts)
          .leftJoin(
            providerBudgets,
            and(eq(providerBudgets.tenantId, accounts.tenantId), eq(providerBudgets.accountId, accounts.id)),
          )
          .where(and(eq(accounts.tenantId, tenantId), eq(accounts.id, accountId), isNull(accounts.disconnectedAt))),
      );
      if (!found) throw new NotFound('account');
      const client = await clients(found.row);
      if (found.budget) client.limits?.learn(limitsOf(found.budget));
      return client;
    },
    limits: budgets.read,
    knownLimits: (tenantId, id) => budgets.known({ tenantId, id }),
    forgetRoutes: routeCache.clear,
    changed,
    close: budgets.close,
    webhookRoute: async (provider, secret) => (isPathSecret(secret) ? routeCache.find(provider, hashOf(secret)) : null),
  };
}

function checkEnvironment(environment: Environment, allowSandbox: boolean): void {
  if (environment !== 'SANDBOX' || allowSandbox) return;
  const message = 'The SANDBOX environment is off here: it may be loopback and plain HTTP.';
  throw new InvalidInput([{ code: 'NOT_SUPPORTED', message, path: ['environment'], suggestion: 'DEMO' }]);
}
