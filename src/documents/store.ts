/**
 * The document store: bytes in the database, in pieces, in the transaction that needs them. So a send that is stored
 * has its documents on every replica, and a document is hidden from other tenants as any row is.
 * @module
 */
import { and, asc, eq, inArray, sql } from 'drizzle-orm';
import type { Tx } from '../db/client.ts';
import { documentChunks, documents } from '../db/tables/documents.ts';
import { due } from '../db/tables/due.ts';
import { envelopeDocuments } from '../db/tables/envelopes.ts';
import { PIECE_BYTES } from './pieces.ts';

export type StoredDocument = typeof documents.$inferSelect;

export interface NewDocument {
  readonly tenantId: string;
  readonly id: string;
  readonly filename: string;
  readonly contentType: string;
  /** Lower-case hex of the bytes' SHA-256. */
  readonly sha256: string;
  readonly bytes: Buffer;
}

export async function storeDocument(tx: Tx, { bytes, ...document }: NewDocument): Promise<void> {
  await tx.insert(documents).values({ ...document, size: bytes.length });
  for (let position = 0; position * PIECE_BYTES < bytes.length; position += 1) {
    await tx.insert(documentChunks).values({
      tenantId: document.tenantId,
      documentId: document.id,
      position,
      bytes: bytes.subarray(position * PIECE_BYTES, (position + 1) * PIECE_BYTES),
    });
  }
}

/** Those of these that are whole; one that is still being uploaded isn't there. */
export async function findDocuments(tx: Tx, tenantId: string, ids: readonly string[]): Promise<StoredDocument[]> {
  if (ids.length === 0) return [];
  return tx
    .select()
    .from(documents)
    .where(and(eq(documents.tenantId, tenantId), inArray(documents.id, [...ids]), eq(documents.state, 'READY')));
}

/** Keeps the document from being deleted until this transaction ends; false when there is none. */
export async function holdDocument(tx: Tx, tenantId: string, id: string): Promise<boolean> {
  const held = await tx
    .select({ id: documents.id })
    .from(documents)
    .where(and(eq(documents.tenantId, tenantId), eq(documents.id, id), eq(documents.state, 'READY')))
    .for('key share');
  return held.length > 0;
}

/** Deletes those of these documents that no envelope holds any more; an upload only when its day is over. */
export async function deleteUnheld(tx: Tx, tenantId: string, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return;
  const these = and(eq(documents.tenantId, tenantId), inArray(documents.id, [...ids]));
  // Locked first: an envelope that is taking one of them right now is waited for, and seen by the next statement.
  await tx.select({ id: documents.id }).from(documents).where(these).orderBy(documents.id).for('update');
  const isHeld = sql`EXISTS (SELECT 1 FROM ${envelopeDocuments}
    WHERE ${envelopeDocuments.tenantId} = ${documents.tenantId} AND ${envelopeDocuments.documentId} = ${documents.id})`;
  // An upload has its day: it may be meant for another envelope.
  const isUpload = sql`EXISTS (SELECT 1 FROM ${due}
    WHERE ${due.tenantId} = ${documents.tenantId} AND ${due.kind} = 'DOCUMENT' AND ${due.id} = ${documents.id})`;
  await tx.delete(documents).where(and(these, sql`NOT ${isHeld} AND NOT ${isUpload}`));
}

/** One piece of the bytes, or null past the end: a reader holds no transaction between pieces. */
export async function readChunk(
  tx: Tx,
  tenantId: string,
  documentId: string,
  position: number,
): Promise<Buffer | null> {
  const [chunk] = await tx
    .select({ bytes: documentChunks.bytes })
    .from(documentChunks)
    .where(
      and(
        eq(documentChunks.tenantId, tenantId),
        eq(documentChunks.documentId, documentId),
        eq(documentChunks.position, position),
      ),
    );
  return chunk?.bytes ?? null;
}

/** The whole document; for what must be sent in one piece. */
export async function readWhole(tx: Tx, tenantId: string, documentId: string): Promise<Buffer> {
  const chunks = await tx
    .select({ bytes: documentChunks.bytes })
    .from(documentChunks)
    .where(and(eq(documentChunks.tenantId, tenantId), eq(documentChunks.documentId, documentId)))
    .orderBy(asc(documentChunks.position));
  return Buffer.concat(chunks.map(({ bytes }) => bytes));
}
