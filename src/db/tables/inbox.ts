/**
 * Webhook calls as they came, and what is known of them.
 * @module
 */
import { sql } from 'drizzle-orm';
import { index, jsonb, pgTable, primaryKey, text, uuid } from 'drizzle-orm/pg-core';
import type { Sighting } from '../../model/observation.ts';
import type { DeliveryEffect, DeliveryVerdict } from '../../model/words.ts';
import { bytea, dbNow, instant, tenantId, tenantPolicy } from '../columns.ts';

/** The inbox: every webhook call, its body as the bytes that came. A refused one has none. */
export const deliveries = pgTable(
  'deliveries',
  {
    tenantId: tenantId(),
    id: uuid('id').notNull(),
    accountId: uuid('account_id').notNull(),
    receivedAt: instant('received_at').notNull().default(dbNow),
    verdict: text('verdict').$type<DeliveryVerdict>().notNull(),
    effect: text('effect').$type<DeliveryEffect>().notNull(),
    /** Why it was refused or couldn't be parsed. */
    reason: text('reason'),
    contentType: text('content_type'),
    body: bytea('body'),
    envelopeId: uuid('envelope_id'),
  },
  (t) => [
    primaryKey({ columns: [t.tenantId, t.id] }),
    index('deliveries_account').on(t.tenantId, t.accountId, t.id),
    index('deliveries_envelope')
      .on(t.tenantId, t.envelopeId, t.id)
      .where(sql`envelope_id is not null`),
    index('deliveries_refused')
      .on(t.tenantId, t.accountId, t.id)
      .where(sql`verdict = 'REFUSED'`),
    tenantPolicy(),
  ],
).enableRLS();

/** What makes a delivery a repetition. A table of its own: kept longer than the longest retry, whatever becomes of bodies. */
export const dedupeKeys = pgTable(
  'dedupe_keys',
  {
    tenantId: tenantId(),
    accountId: uuid('account_id').notNull(),
    key: text('key').notNull(),
    deliveryId: uuid('delivery_id').notNull(),
    createdAt: instant('created_at').notNull().default(dbNow),
  },
  (t) => [primaryKey({ columns: [t.tenantId, t.accountId, t.key] }), tenantPolicy()],
).enableRLS();

/** Observations that overtook the answer to their own send, until the envelope's provider id is learned. */
export const parkedObservations = pgTable(
  'parked_observations',
  {
    tenantId: tenantId(),
    id: uuid('id').notNull(),
    accountId: uuid('account_id').notNull(),
    providerId: text('provider_id').notNull(),
    deliveryId: uuid('delivery_id'),
    sighting: jsonb('sighting').$type<Sighting>().notNull(),
    createdAt: instant('created_at').notNull().default(dbNow),
  },
  (t) => [
    primaryKey({ columns: [t.tenantId, t.id] }),
    index('parked_provider_id').on(t.tenantId, t.accountId, t.providerId),
    tenantPolicy(),
  ],
).enableRLS();
