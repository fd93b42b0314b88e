/**
 * Documents that come by a PUT of their own: declared first, then received in pieces, hashed on the way, and a document
 * only when all of it is as declared. No transaction is open while bytes are waited for.
 * @module
 */
import { createHash } from 'node:crypto';
import { and, eq } from 'drizzle-orm';
import { type Database, type Tx } from '../db/client.ts';
import { documentChunks, documents } from '../db/tables/documents.ts';
import { due } from '../db/tables/due.ts';
import { InvalidInput, type IssueCode, NotFound, Problem } from '../model/problems.ts';
import type { DocumentState } from '../model/words.ts';
import { inPieces, looksLikePdf } from './pieces.ts';
import type { StoredDocument } from './store.ts';
import { unusedUntil } from './unused.ts';

export interface DeclaredUpload {
  readonly tenantId: string;
  readonly id: string;
  readonly filename: string;
  /** Bytes. */
  readonly size: number;
  /** Lower-case hex. */
  readonly sha256: string;
}

/** The address of an upload takes one PUT, whatever comes of it. */
export class UploadUsed extends Problem {
  readonly code = 'WRONG_STATE';
  readonly retryable = false;

  constructor() {
    super('This upload address was used before: it takes one PUT, whatever came of it.', {
      fix: 'Ask `createUpload` for another address, or use the document if the first PUT was answered with it.',
    });
  }
}

/** Waits for its bytes from now on; gone after a day that nobody used it. */
export async function declareUpload(tx: Tx, upload: DeclaredUpload): Promise<StoredDocument> {
  const { tenantId, id } = upload;
  const [document] = await tx
    .insert(documents)
    .values({ ...upload, contentType: 'application/pdf', state: 'WAITING' })
    .returning();
  if (!document) throw new Error('an insert answered no row');
  await tx.insert(due).values({ tenantId, kind: 'DOCUMENT', id, dueAt: unusedUntil });
  return document;
}

/**
 * Takes the bytes and answers the document. Throws UploadUsed, NotFound, InvalidInput with paths in the input of
 * `createUpload` (`body` for the bytes themselves), and what `body` throws; nothing usable is left then.
 */
export async function receiveUpload(
  database: Database,
  tenantId: string,
  id: string,
  body: AsyncIterable<Uint8Array>,
): Promise<StoredDocument> {
  const upload = await database.withTenants([tenantId], (tx) => takeUpload(tx, tenantId, id));
  try {
    await storeAsDeclared(database, upload, body);
  } catch (error) {
    await database.withTenants([tenantId], (tx) => dropUpload(tx, tenantId, id));
    throw error;
  }
  return database.withTenants([tenantId], (tx) => advance(tx, tenantId, id, 'RECEIVING', 'READY'));
}

/** One of several that come at once gets it. */
async function takeUpload(tx: Tx, tenantId: string, id: string): Promise<StoredDocument> {
  return advance(tx, tenantId, id, 'WAITING', 'RECEIVING');
}

async function advance(
  tx: Tx,
  tenantId: string,
  id: string,
  from: DocumentState,
  to: DocumentState,
): Promise<StoredDocument> {
  const isIt = and(eq(documents.tenantId, tenantId), eq(documents.id, id));
  const [document] = await tx
    .update(documents)
    .set({ state: to })
    .where(and(isIt, eq(documents.state, from)))
    .returning();
  if (document) return document;
  const [other] = await tx.select({ id: documents.id }).from(documents).where(isIt);
  throw other ? new UploadUsed() : new NotFound('upload');
}

async function dropUpload(tx: Tx, tenantId: string, id: string): Promise<void> {
  await advance(tx, tenantId, id, 'RECEIVING', 'FAILED');
  await tx.delete(documentChunks).where(and(eq(documentChunks.tenantId, tenantId), eq(documentChunks.documentId, id)));
}

async function storeAsDeclared(
  database: Database,
  { tenantId, id, size, sha256 }: StoredDocument,
  body: AsyncIterable<Uint8Array>,
): Promise<void> {
  const hash = createHash('sha256');
  let received = 0;
  let position = 0;
  for await (const bytes of inPieces(body)) {
    received += bytes.length;
    if (received > size) throw refused('SIZE_DIFFERS', 'size', `More bytes came than the ${size} that were declared.`);
    if (position === 0 && !looksLikePdf(bytes)) {
      throw refused('FILE_NOT_PDF', 'body', 'This is not a PDF: it lacks the header that every PDF begins with.');
    }
    hash.update(bytes);
    const piece = { tenantId, documentId: id, position, bytes };
    await database.withTenants([tenantId], async (tx) => void (await tx.insert(documentChunks).values(piece)));
    position += 1;
  }
  if (received === 0) throw refused('FILE_EMPTY', 'body', 'The file is empty.');
  if (received < size) {
    throw refused('SIZE_DIFFERS', 'size', `${received} bytes came, and ${size} were declared.`);
  }
  const found = hash.digest('hex');
  if (found !== sha256) {
    throw refused('HASH_DIFFERS', 'sha256', `The SHA-256 of what came is ${found}, and not the one that was declared.`);
  }
}

function refused(code: IssueCode, name: string, message: string): InvalidInput {
  return new InvalidInput([{ code, message, path: [name], suggestion: null }]);
}
