/**
 * What was asked of providers, and the keys that tell a repetition.
 * @module
 */
import { sql } from 'drizzle-orm';
import { index, integer, jsonb, pgTable, primaryKey, text, uniqueIndex, uuid } from 'drizzle-orm/pg-core';
import type { CommandRequest, Failure } from '../../model/envelope.ts';
import type { CommandKind, CommandState } from '../../model/words.ts';
import { dbNow, instant, tenantId, tenantPolicy } from '../columns.ts';

/**
 * Something will still be tried of the command. One whose doubt nobody can end, with no next try, stands in the way of
 * nothing. `isOver` says the opposite of a row that was read.
 */
export const IS_OPEN = sql`state in ('INTENDED', 'ATTEMPTED') or state = 'UNCERTAIN' and next_try_at is not null`;

/** Wishes to change something at a provider, durable until their outcome is known. */
export const commands = pgTable(
  'commands',
  {
    tenantId: tenantId(),
    id: uuid('id').notNull(),
    envelopeId: uuid('envelope_id').notNull(),
    accountId: uuid('account_id').notNull(),
    kind: text('kind').$type<CommandKind>().notNull(),
    state: text('state').$type<CommandState>().notNull(),
    request: jsonb('request').$type<CommandRequest>().notNull(),
    /** Subject of the token that asked; null when none did. */
    askedBy: text('asked_by'),
    attempt: integer('attempt').notNull().default(0),
    /** Whoever holds it may write the outcome; it is written before the socket opens. */
    fence: uuid('fence'),
    leaseUntil: instant('lease_until'),
    nextTryAt: instant('next_try_at'),
    /** When the first attempt that may have reached the provider began. */
    doubtSince: instant('doubt_since'),
    failure: jsonb('failure').$type<Failure>(),
    createdAt: instant('created_at').notNull().default(dbNow),
    updatedAt: instant('updated_at').notNull().default(dbNow),
  },
  (t) => [
    primaryKey({ columns: [t.tenantId, t.id] }),
    index('commands_envelope').on(t.tenantId, t.envelopeId),
    // A second void joins the first.
    uniqueIndex('commands_one_open').on(t.tenantId, t.envelopeId, t.kind).where(IS_OPEN),
    tenantPolicy(),
  ],
).enableRLS();

/** What a mutation's key was used for: the row is the claim, the hash tells another input apart. */
export const idempotencyKeys = pgTable(
  'idempotency_keys',
  {
    tenantId: tenantId(),
    operation: text('operation').notNull(),
    key: text('key').notNull(),
    requestHash: text('request_hash').notNull(),
    /** The row the mutation made or changed: an envelope, command or account. */
    resultId: uuid('result_id').notNull(),
    createdAt: instant('created_at').notNull().default(dbNow),
    expiresAt: instant('expires_at').notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.tenantId, t.operation, t.key] }),
    index('idempotency_expiry').on(t.tenantId, t.expiresAt),
    tenantPolicy(),
  ],
).enableRLS();
