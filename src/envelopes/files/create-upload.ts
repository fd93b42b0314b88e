/**
 * Declaring a document that is about to be uploaded.
 * @module
 */
import type { StoredDocument } from '../../documents/store.ts';
import { declareUpload } from '../../documents/uploads.ts';
import { MAX_DOCUMENT_BYTES } from '../../model/limits.ts';
import type { CommandDeps } from '../deps.ts';
import { Issues } from '../input/issues.ts';

export interface UploadRequest {
  readonly filename: string;
  /** Bytes. */
  readonly size: number;
  /** Hexadecimal. */
  readonly sha256: string;
}

/** The document, WAITING for its bytes. Throws InvalidInput. */
export async function createUpload(
  { database, world }: Pick<CommandDeps, 'database' | 'world'>,
  tenantId: string,
  { filename, size, sha256 }: UploadRequest,
): Promise<StoredDocument> {
  const issues = new Issues();
  issues.text('filename', filename, 200);
  if (size < 1) issues.add('FILE_EMPTY', ['size'], 'The file is empty.');
  if (size > MAX_DOCUMENT_BYTES) {
    issues.add('FILE_TOO_LARGE', ['size'], `The file has ${size} bytes; at most ${MAX_DOCUMENT_BYTES} are taken here.`);
  }
  if (!/^[0-9a-f]{64}$/i.test(sha256)) {
    issues.add('INVALID_FORMAT', ['sha256'], 'A SHA-256 is 64 hexadecimal digits.');
  }
  issues.raise();
  const upload = { tenantId, id: world.uuid(), filename, size, sha256: sha256.toLowerCase() };
  return database.withTenants([tenantId], (tx) => declareUpload(tx, upload));
}
