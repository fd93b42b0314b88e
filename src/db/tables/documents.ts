/**
 * Files, and their bytes in pieces.
 * @module
 */
import { foreignKey, integer, pgTable, primaryKey, text, uuid } from 'drizzle-orm/pg-core';
import type { DocumentState } from '../../model/words.ts';
import { bytea, dbNow, instant, tenantId, tenantPolicy } from '../columns.ts';

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
