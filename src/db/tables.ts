/**
 * The tables. `tenant_id` leads every key, row-level security is on for all but `routes` and `due`, which hold ids
 * alone and are read before a tenant is known. Lock order everywhere: dedupe keys → envelopes → commands → heads.
 * @module
 */
import { sql } from 'drizzle-orm';
import {
  bigint,
  boolean,
  foreignKey,
  index,
  integer,
  jsonb,
  pgTable,
  primaryKey,
  text,
  uniqueIndex,
  uuid,
} from 'drizzle-orm/pg-core';
import type { Sighting } from '../model/observation.ts';
import type { EnvelopeState } from '../model/reduce.ts';
import type {
  CommandKind,
  CommandState,
  DeliveryEffect,
  DeliveryVerdict,
  DocumentState,
  EnvelopeStatus,
  Environment,
  EventType,
  FieldKind,
  ProviderName,
  RecipientRole,
  RecipientStatus,
  Source,
  WebhookMode,
} from '../model/words.ts';
import type { CommandRequest, EvidenceHashes, Failure, FieldPlace, ProviderOptions } from '../model/envelope.ts';
import { bytea, dbNow, instant, tenantId, tenantPolicy } from './columns.ts';

/** A query by metadata must say it too, or the index is not used. */
export const HAS_METADATA = sql`metadata <> '{}'::jsonb`;

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

export const envelopes = pgTable(
  'envelopes',
  {
    tenantId: tenantId(),
    id: uuid('id').notNull(),
    accountId: uuid('account_id').notNull(),
    provider: text('provider').$type<ProviderName>().notNull(),
    providerId: text('provider_id'),
    status: text('status').$type<EnvelopeStatus>().notNull(),
    providerStatus: text('provider_status'),
    /** Why the provider says it ended. */
    reason: text('reason'),
    subject: text('subject').notNull(),
    message: text('message'),
    externalId: text('external_id'),
    metadata: jsonb('metadata').$type<Record<string, string>>().notNull().default({}),
    expiresAt: instant('expires_at'),
    /** What only its provider has; null for nothing of the kind. */
    providerOptions: jsonb('provider_options').$type<ProviderOptions>(),
    /** The registers that `status` is derived from. */
    state: jsonb('state').$type<EnvelopeState>().notNull(),
    failure: jsonb('failure').$type<Failure>(),
    /** Counts changes of `state`. */
    version: integer('version').notNull().default(1),
    createdAt: instant('created_at').notNull().default(dbNow),
    updatedAt: instant('updated_at').notNull().default(dbNow),
    /** When the provider last told us anything, and how. */
    syncedAt: instant('synced_at'),
    syncSource: text('sync_source').$type<Source>(),
    /** When a read of the provider last began: the polling rule counts from here. */
    polledAt: instant('polled_at'),
    /** SHA-256 of each piece of evidence, in hexadecimal, from the first time that it streamed whole from here. */
    evidenceHashes: jsonb('evidence_hashes').$type<EvidenceHashes>().notNull().default({}),
  },
  (t) => [
    primaryKey({ columns: [t.tenantId, t.id] }),
    uniqueIndex('envelopes_provider_id').on(t.tenantId, t.accountId, t.providerId),
    index('envelopes_created').on(t.tenantId, t.createdAt, t.id),
    index('envelopes_updated').on(t.tenantId, t.updatedAt, t.id),
    // Only those that have any: every change of an envelope writes to all its indexes.
    index('envelopes_external')
      .on(t.tenantId, t.externalId)
      .where(sql`${t.externalId} IS NOT NULL`),
    index('envelopes_metadata').using('gin', t.metadata).where(HAS_METADATA),
    tenantPolicy(),
  ],
).enableRLS();

export const recipients = pgTable(
  'recipients',
  {
    tenantId: tenantId(),
    id: uuid('id').notNull(),
    envelopeId: uuid('envelope_id').notNull(),
    /** The caller's own name for it; null for one that was added at the provider. */
    key: text('key'),
    position: integer('position').notNull(),
    /** The provider's id within the envelope. */
    providerRef: text('provider_ref').notNull(),
    role: text('role').$type<RecipientRole>().notNull(),
    name: text('name').notNull(),
    email: text('email').notNull(),
    routingOrder: integer('routing_order').notNull(),
    embedded: boolean('embedded').notNull(),
    status: text('status').$type<RecipientStatus>().notNull(),
    providerStatus: text('provider_status'),
    reason: text('reason'),
    statusAt: instant('status_at'),
  },
  (t) => [
    primaryKey({ columns: [t.tenantId, t.id] }),
    uniqueIndex('recipients_envelope_ref').on(t.tenantId, t.envelopeId, t.providerRef),
    foreignKey({ columns: [t.tenantId, t.envelopeId], foreignColumns: [envelopes.tenantId, envelopes.id] }).onDelete(
      'cascade',
    ),
    tenantPolicy(),
  ],
).enableRLS();

export const documents = pgTable(
  'documents',
  {
    tenantId: tenantId(),
    id: uuid('id').notNull(),
    filename: text('filename').notNull(),
    contentType: text('content_type').notNull(),
    /** As declared, until an upload is READY. */
    size: integer('size').notNull(),
    sha256: text('sha256').notNull(),
    /** Only a READY one is a document to anyone but its upload. */
    state: text('state').$type<DocumentState>().notNull().default('READY'),
    createdAt: instant('created_at').notNull().default(dbNow),
  },
  (t) => [primaryKey({ columns: [t.tenantId, t.id] }), tenantPolicy()],
).enableRLS();

/** The bytes of a document in pieces, so that none is held whole to be streamed. */
export const documentChunks = pgTable(
  'document_chunks',
  {
    tenantId: tenantId(),
    documentId: uuid('document_id').notNull(),
    position: integer('position').notNull(),
    bytes: bytea('bytes').notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.tenantId, t.documentId, t.position] }),
    foreignKey({ columns: [t.tenantId, t.documentId], foreignColumns: [documents.tenantId, documents.id] }).onDelete(
      'cascade',
    ),
    tenantPolicy(),
  ],
).enableRLS();

export const envelopeDocuments = pgTable(
  'envelope_documents',
  {
    tenantId: tenantId(),
    envelopeId: uuid('envelope_id').notNull(),
    position: integer('position').notNull(),
    documentId: uuid('document_id').notNull(),
    key: text('key').notNull(),
    name: text('name').notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.tenantId, t.envelopeId, t.position] }),
    foreignKey({ columns: [t.tenantId, t.envelopeId], foreignColumns: [envelopes.tenantId, envelopes.id] }).onDelete(
      'cascade',
    ),
    index('envelope_documents_document').on(t.tenantId, t.documentId),
    foreignKey({ columns: [t.tenantId, t.documentId], foreignColumns: [documents.tenantId, documents.id] }),
    tenantPolicy(),
  ],
).enableRLS();

export const fields = pgTable(
  'fields',
  {
    tenantId: tenantId(),
    id: uuid('id').notNull(),
    envelopeId: uuid('envelope_id').notNull(),
    recipientId: uuid('recipient_id').notNull(),
    position: integer('position').notNull(),
    kind: text('kind').$type<FieldKind>().notNull(),
    label: text('label'),
    required: boolean('required').notNull(),
    /** What it held when the envelope was sent. */
    value: text('value'),
    /** What the signer left in it, as the provider tells it; null until it was read. */
    signedValue: text('signed_value'),
    place: jsonb('place').$type<FieldPlace>().notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.tenantId, t.id] }),
    index('fields_envelope').on(t.tenantId, t.envelopeId),
    foreignKey({ columns: [t.tenantId, t.envelopeId], foreignColumns: [envelopes.tenantId, envelopes.id] }).onDelete(
      'cascade',
    ),
    tenantPolicy(),
  ],
).enableRLS();

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
    // One unsettled command of a kind per envelope: a second void joins the first. One whose doubt nobody can end, with
    // no next try, stands in the way of none.
    uniqueIndex('commands_one_open')
      .on(t.tenantId, t.envelopeId, t.kind)
      .where(sql`state in ('INTENDED', 'ATTEMPTED') or state = 'UNCERTAIN' and next_try_at is not null`),
    tenantPolicy(),
  ],
).enableRLS();

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

/** From the hash of something unguessable to whose it is. No row-level security: it is read to learn the tenant. */
export const routes = pgTable('routes', {
  hash: text('hash').primaryKey(),
  kind: text('kind').$type<'WEBHOOK'>().notNull(),
  tenantId: tenantId(),
  accountId: uuid('account_id').notNull(),
});

/** What is to be done and when, ids alone: the runner reads it before it opens a transaction for the tenant. */
export const due = pgTable(
  'due',
  {
    tenantId: tenantId(),
    kind: text('kind').$type<'COMMAND' | 'READ' | 'DOCUMENT' | 'SWEEP'>().notNull(),
    id: uuid('id').notNull(),
    dueAt: instant('due_at').notNull(),
  },
  (t) => [primaryKey({ columns: [t.tenantId, t.kind, t.id] }), index('due_at').on(t.dueAt)],
);
