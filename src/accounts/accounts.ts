/**
 * A tenant's accounts at providers: connected once, sealed, and opened when they are needed.
 * @module
 */
import { and, asc, eq, gt, inArray, or } from 'drizzle-orm';
import type { Sealer } from '../auth/sealer.ts';
import type { Database } from '../db/client.ts';
import { accounts, routes } from '../db/tables.ts';
import { InvalidInput, NotFound } from '../model/problems.ts';
import type { Environment, ProviderName } from '../model/words.ts';
import type { Capabilities, Provider, ProviderClient } from '../providers/provider.ts';
import type { World } from '../world.ts';
import { createClientCache } from './client-cache.ts';
import { storeAccount } from './connect.ts';
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
  readonly webhook: 'PER_ENVELOPE';
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
  /** Where the provider sends this account's webhooks. Whoever knows it can post there: a secret. */
  webhookUrl(account: AccountRow): Promise<string>;
  /** Whose webhook this address is, or null when nobody's. */
  webhookRoute(provider: string, secret: string): Promise<WebhookRoute | null>;
}

export interface AccountDeps {
  readonly database: Database;
  readonly world: World;
  readonly sealer: Sealer;
  readonly providers: (name: ProviderName) => Provider;
  readonly publicUrl: string;
  readonly allowSandbox: boolean;
}

export function createAccounts(deps: AccountDeps): Accounts {
  const { database, world, sealer, providers, publicUrl } = deps;

  const webhookUrl = (row: AccountRow): Promise<string> => openWebhookUrl(sealer, row, publicUrl);

  const clients = createClientCache(async (row) => {
    const { environment, providerAccountId, baseUri } = row;
    const credentials = await openCredentials(sealer, row);
    const url = row.webhookMode === 'PER_ENVELOPE' ? await webhookUrl(row) : null;
    return providers(row.provider).open(
      { environment, providerAccountId, baseUri, credentials, webhookUrl: url },
      world,
    );
  });

  const get = async (tenantId: string, ids: readonly string[]): Promise<Map<string, AccountRow>> => {
    if (ids.length === 0) return new Map();
    const rows = await database.withTenants([tenantId], (tx) =>
      tx
        .select()
        .from(accounts)
        .where(and(eq(accounts.tenantId, tenantId), inArray(accounts.id, [...ids]))),
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

  return {
    get,
    webhookUrl,
    capabilities: (row) => providers(row.provider).capabilities,
    connect: async ({ tenantId }, { provider, environment, credentials, webhook, id = world.uuid() }) => {
      checkEnvironment(environment, deps.allowSandbox);
      const connected = await providers(provider).connect({ credentials, environment }, world);
      const row = await database.withTenants([tenantId], (tx) =>
        storeAccount(tx, deps, { tenantId, id, provider, environment, webhook, connected }),
      );
      routeCache.clear();
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
      const row = await connectedRow(tenantId, accountId);
      if (!row) throw new NotFound('account');
      return clients(row);
    },
    webhookRoute: async (provider, secret) => (isPathSecret(secret) ? routeCache.find(provider, hashOf(secret)) : null),
  };
}

function checkEnvironment(environment: Environment, allowSandbox: boolean): void {
  if (environment !== 'SANDBOX' || allowSandbox) return;
  const message = 'The SANDBOX environment is off here: it may be loopback and plain HTTP.';
  throw new InvalidInput([{ code: 'NOT_SUPPORTED', message, path: ['environment'], suggestion: 'DEMO' }]);
}
