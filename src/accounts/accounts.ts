/**
 * A tenant's accounts at providers: connected once, sealed, and opened when they are needed.
 * @module
 */
import { createHash } from 'node:crypto';
import { and, asc, eq, gt, inArray, or, sql } from 'drizzle-orm';
import { z } from 'zod';
import type { Sealer } from '../auth/sealer.ts';
import type { Database } from '../db/client.ts';
import { dbNow } from '../db/columns.ts';
import { accounts, routes } from '../db/tables.ts';
import { InvalidInput, NotFound } from '../model/problems.ts';
import type { Environment, ProviderName } from '../model/words.ts';
import type { Capabilities, Provider, ProviderClient } from '../providers/provider.ts';
import type { World } from '../world.ts';
import { createRouteCache, type WebhookRoute } from './route-cache.ts';

export type AccountRow = typeof accounts.$inferSelect;

export interface ConnectRequest {
  readonly provider: ProviderName;
  readonly environment: Environment;
  readonly credentials: unknown;
  readonly webhook: 'PER_ENVELOPE';
  /** UUID that a new account is to have; a fresh one when left out. An account that is connected already keeps its own. */
  readonly id?: string;
}

export interface AccountPage {
  readonly first: number;
  readonly after: { readonly at: Date; readonly id: string } | null;
}

export interface Accounts {
  /** Signs in to prove the credentials, then stores them sealed. The same account again is the same row, renewed. */
  connect(principal: { readonly tenantId: string }, request: ConnectRequest): Promise<AccountRow>;
  get(tenantId: string, ids: readonly string[]): Promise<Map<string, AccountRow>>;
  list(tenantId: string, page: AccountPage): Promise<AccountRow[]>;
  /** Opened once per process, and anew when the account has changed. Throws NotFound. */
  client(tenantId: string, accountId: string): Promise<ProviderClient>;
  capabilities(account: AccountRow): Capabilities;
  /** Where the provider sends this account's webhooks. */
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

const Keys = z.array(z.string()).min(1);

export function createAccounts(deps: AccountDeps): Accounts {
  const { database, world, sealer, providers, publicUrl } = deps;
  const clients = new Map<string, { readonly updatedAt: number; readonly client: Promise<ProviderClient> }>();

  const webhookUrl = async (row: AccountRow): Promise<string> => {
    const secret = await sealer.open(row.webhookPath, contextOf(row, 'webhook-path'));
    return `${publicUrl}/webhooks/${pathOf(row.provider)}/${secret}`;
  };

  const open = async (row: AccountRow): Promise<ProviderClient> => {
    const credentials: unknown = JSON.parse(await sealer.open(row.credentials, contextOf(row, 'credentials')));
    const { environment, providerAccountId, baseUri } = row;
    return providers(row.provider).open(
      {
        environment,
        providerAccountId,
        baseUri,
        credentials,
        webhookUrl: row.webhookMode === 'PER_ENVELOPE' ? await webhookUrl(row) : null,
      },
      world,
    );
  };

  const get = (tenantId: string, ids: readonly string[]): Promise<Map<string, AccountRow>> =>
    database.withTenants([tenantId], async (tx) => {
      if (ids.length === 0) return new Map<string, AccountRow>();
      const rows = await tx
        .select()
        .from(accounts)
        .where(and(eq(accounts.tenantId, tenantId), inArray(accounts.id, [...ids])));
      return new Map(rows.map((row) => [row.id, row]));
    });

  const loadRoute = async (provider: string, secret: string): Promise<WebhookRoute | null> => {
    const [route] = await database.withTenants([], (tx) =>
      tx
        .select()
        .from(routes)
        .where(eq(routes.hash, hashOf(secret))),
    );
    if (!route) return null;
    const row = (await get(route.tenantId, [route.accountId])).get(route.accountId);
    if (!row || row.disconnectedAt || pathOf(row.provider) !== provider) return null;
    const keys = Keys.parse(JSON.parse(await sealer.open(row.webhookKeys, contextOf(row, 'webhook-keys'))));
    const { tenantId, accountId } = route;
    return { tenantId, accountId, provider: providers(row.provider), providerAccountId: row.providerAccountId, keys };
  };

  return {
    get,
    webhookUrl,
    webhookRoute: createRouteCache(world, loadRoute),
    capabilities: (row) => providers(row.provider).capabilities,
    connect: async ({ tenantId }, request) => {
      checkEnvironment(request.environment, deps.allowSandbox);
      const { provider, environment, webhook } = request;
      const connected = await providers(provider).connect({ credentials: request.credentials, environment }, world);
      const { providerAccountId } = connected;
      const isThis = and(
        eq(accounts.tenantId, tenantId),
        eq(accounts.provider, provider),
        eq(accounts.environment, environment),
        eq(accounts.providerAccountId, providerAccountId),
      );
      const secret = world.randomBytes(32).toString('base64url');
      return database.withTenants([tenantId], async (tx) => {
        // One at a time for one provider account: the id must be known before anything is sealed for it.
        await tx.execute(
          sql`SELECT pg_advisory_xact_lock(hashtextextended(${`${tenantId} ${provider} ${environment} ${providerAccountId}`}, 1))`,
        );
        const [held] = await tx.select().from(accounts).where(isThis);
        const id = held?.id ?? request.id ?? world.uuid();
        const seal = (text: string, purpose: Purpose): Promise<string> =>
          sealer.seal(text, contextOf({ tenantId, id }, purpose));
        const values = {
          name: connected.name,
          baseUri: connected.baseUri,
          credentials: await seal(JSON.stringify(connected.credentials), 'credentials'),
          webhookKeys: await seal(JSON.stringify(connected.webhookKeys), 'webhook-keys'),
          webhookMode: webhook,
          updatedAt: dbNow,
          disconnectedAt: null,
        };
        if (held) {
          const [renewed] = await tx
            .update(accounts)
            .set(values)
            .where(and(eq(accounts.tenantId, tenantId), eq(accounts.id, id)))
            .returning();
          if (renewed) return renewed;
        }
        const [made] = await tx
          .insert(accounts)
          .values({
            ...values,
            tenantId,
            id,
            provider,
            environment,
            providerAccountId,
            webhookPath: await seal(secret, 'webhook-path'),
          })
          .returning();
        await tx.insert(routes).values({ hash: hashOf(secret), kind: 'WEBHOOK', tenantId, accountId: id });
        if (!made) throw new NotFound('account');
        return made;
      });
    },
    list: (tenantId, { first, after }) =>
      database.withTenants([tenantId], (tx) =>
        tx
          .select()
          .from(accounts)
          .where(
            and(
              eq(accounts.tenantId, tenantId),
              after
                ? or(gt(accounts.createdAt, after.at), and(eq(accounts.createdAt, after.at), gt(accounts.id, after.id)))
                : undefined,
            ),
          )
          .orderBy(asc(accounts.createdAt), asc(accounts.id))
          .limit(first),
      ),
    client: async (tenantId, accountId) => {
      const row = (await get(tenantId, [accountId])).get(accountId);
      if (!row || row.disconnectedAt) throw new NotFound('account');
      const held = clients.get(`${tenantId} ${accountId}`);
      if (held && held.updatedAt === row.updatedAt.getTime()) return held.client;
      const opened = { updatedAt: row.updatedAt.getTime(), client: open(row) };
      clients.set(`${tenantId} ${accountId}`, opened);
      opened.client.catch(() => clients.delete(`${tenantId} ${accountId}`));
      return opened.client;
    },
  };
}

type Purpose = 'credentials' | 'webhook-keys' | 'webhook-path';

function contextOf({ tenantId, id }: { readonly tenantId: string; readonly id: string }, purpose: Purpose) {
  return { tenantId, purpose, id };
}

/** The secret itself is stored nowhere in clear; its hash finds the account. */
function hashOf(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}

function pathOf(provider: ProviderName): string {
  return provider.toLowerCase().replaceAll('_', '-');
}

function checkEnvironment(environment: Environment, allowSandbox: boolean): void {
  if (environment !== 'SANDBOX' || allowSandbox) return;
  const message = 'The SANDBOX environment is off here: it may be loopback and plain HTTP.';
  throw new InvalidInput([{ code: 'NOT_SUPPORTED', message, path: ['environment'], suggestion: 'DEMO' }]);
}
