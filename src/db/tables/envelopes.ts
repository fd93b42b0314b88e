/**
 * Envelopes and what they are made of. Lock order everywhere: dedupe and idempotency keys → envelopes → commands → heads.
 * @module
 */
import { sql } from 'drizzle-orm';
import {
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
import type { EvidenceHashes, Failure, FieldPlace, ProviderOptions } from '../../model/envelope.ts';
import type { EnvelopeState } from '../../model/reduce.ts';
import type {
  EnvelopeStatus,
  FieldKind,
  ProviderName,
  RecipientRole,
  RecipientStatus,
  Source,
} from '../../model/words.ts';
import { dbNow, instant, tenantId, tenantPolicy } from '../columns.ts';
import { documents } from './documents.ts';

/** A query by metadata must say it too, or the index is not used. */
export const HAS_METADATA = sql`metadata <> '{}'::jsonb`;

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
