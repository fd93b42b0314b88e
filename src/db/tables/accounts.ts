/**
 * A tenant's accounts at providers. `routes` has no row-level security: it holds ids alone and is read before a tenant is known.
 * @module
 */
import { foreignKey, index, integer, pgTable, primaryKey, text, uniqueIndex, uuid } from 'drizzle-orm/pg-core';
import type { Environment, ProviderName, WebhookMode } from '../../model/words.ts';
import { dbNow, instant, tenantId, tenantPolicy } from '../columns.ts';

/** A tenant's account at one provider. `credentials` and `webhookKeys` are sealed (JWE); nothing secret is in clear. */
export const accounts = pgTable(
  'accounts',
  {
    tenantId: tenantId(),
    id: uuid('id').notNull(),
    provider: text('provider').$type<ProviderName>().notNull(),
    environment: text('environment').$type<Environment>().notNull(),
    providerAccountId: text('provider_account_id').notNull(),
    name: text('name').notNull(),
    baseUri: text('base_uri').notNull(),
    credentials: text('credentials').notNull(),
    /** Sealed JSON list of HMAC keys, every one of them live: rotation adds one before it takes one away. */
    webhookKeys: text('webhook_keys').notNull(),
    webhookMode: text('webhook_mode').$type<WebhookMode>().notNull(),
    /** Sealed; the unguessable last part of the webhook address. Its hash stands in `routes`. */
    webhookPath: text('webhook_path').notNull(),
    createdAt: instant('created_at').notNull().default(dbNow),
    updatedAt: instant('updated_at').notNull().default(dbNow),
    disconnectedAt: instant('disconnected_at'),
    /** When the last sweep that heard the provider out began; null before the first. */
    sweptAt: instant('swept_at'),
  },
  (t) => [
    primaryKey({ columns: [t.tenantId, t.id] }),
    // Connecting the same account again changes this row: two rows would take each other's webhooks for their own.
    uniqueIndex('accounts_provider_account').on(t.tenantId, t.provider, t.environment, t.providerAccountId),
    index('accounts_created').on(t.tenantId, t.createdAt, t.id),
    tenantPolicy(),
  ],
).enableRLS();

/**
 * What the provider's rate limits leave an account, as the last answer to any replica told it. Apart from `accounts`, so
 * that it may be written while an account's row is held, and costs no new version of the sealed credentials.
 */
export const providerBudgets = pgTable(
  'provider_budgets',
  {
    tenantId: tenantId(),
    accountId: uuid('account_id').notNull(),
    /** Calls of the longer window, and of the shorter one; null where the provider tells none. */
    callLimit: integer('call_limit'),
    remaining: integer('remaining'),
    resetAt: instant('reset_at'),
    burstLimit: integer('burst_limit'),
    burstRemaining: integer('burst_remaining'),
    /** When that was told. */
    asOf: instant('as_of'),
    /** A limit was hit: nothing may be asked before. */
    blockedUntil: instant('blocked_until'),
  },
  (t) => [
    primaryKey({ columns: [t.tenantId, t.accountId] }),
    foreignKey({ columns: [t.tenantId, t.accountId], foreignColumns: [accounts.tenantId, accounts.id] }).onDelete(
      'cascade',
    ),
    tenantPolicy(),
  ],
).enableRLS();

/** From the hash of something unguessable to whose it is. No row-level security: it is read to learn the tenant. */
export const routes = pgTable('routes', {
  hash: text('hash').primaryKey(),
  kind: text('kind').$type<'WEBHOOK'>().notNull(),
  tenantId: tenantId(),
  accountId: uuid('account_id').notNull(),
});
