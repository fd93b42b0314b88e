/**
 * The log of a tenant: its events, and where it ends.
 * @module
 */
import { sql } from 'drizzle-orm';
import { bigint, index, pgTable, primaryKey, text, uuid } from 'drizzle-orm/pg-core';
import type { EnvelopeStatus, EventType, RecipientStatus, Source } from '../../model/words.ts';
import { dbNow, instant, tenantId, tenantPolicy } from '../columns.ts';

/** The log: dense within a tenant, in commit order, because the head row is the last lock taken. */
export const events = pgTable(
  'events',
  {
    tenantId: tenantId(),
    sequence: bigint('sequence', { mode: 'bigint' }).notNull(),
    id: uuid('id').notNull(),
    envelopeId: uuid('envelope_id').notNull(),
    accountId: uuid('account_id').notNull(),
    type: text('type').$type<EventType>().notNull(),
    occurredAt: instant('occurred_at').notNull(),
    recordedAt: instant('recorded_at').notNull().default(dbNow),
    source: text('source').$type<Source>().notNull(),
    status: text('status').$type<EnvelopeStatus>().notNull(),
    recipientId: uuid('recipient_id'),
    recipientStatus: text('recipient_status').$type<RecipientStatus>(),
  },
  (t) => [
    primaryKey({ columns: [t.tenantId, t.sequence] }),
    index('events_envelope').on(t.tenantId, t.envelopeId, t.sequence),
    index('events_id').on(t.tenantId, t.id),
    tenantPolicy(),
  ],
).enableRLS();

export const heads = pgTable(
  'heads',
  {
    tenantId: tenantId().primaryKey(),
    /** Of the last event; 0 when there is none. */
    sequence: bigint('sequence', { mode: 'bigint' }).notNull(),
    /** Of the oldest event kept. */
    earliest: bigint('earliest', { mode: 'bigint' })
      .notNull()
      .default(sql`1`),
  },
  () => [tenantPolicy()],
).enableRLS();
