/**
 * Are the documents of an input documents? Judged by content, never by name or claimed type.
 * @module
 */
import { createHash } from 'node:crypto';
import { MAX_BASE64_BYTES } from '../../model/limits.ts';
import type { Fetched } from '../../documents/fetch-url.ts';
import { looksLikePdf } from '../../documents/pieces.ts';
import type { StoredDocument } from '../../documents/store.ts';
import { uuidOf } from '../../model/ids.ts';
import type { DocumentInput } from './input.ts';
import type { Issues } from './issues.ts';

/** A document of an input that is fit to be stored or is stored already. */
export interface CheckedDocument {
  readonly key: string;
  readonly filename: string;
  readonly size: number;
  readonly sha256: string;
  readonly content: { readonly documentId: string } | { readonly bytes: Buffer };
}

export const MAX_DOCUMENTS = 50;
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;

export interface DocumentLimits {
  readonly maxDocumentBytes: number;
  readonly maxTotalBytes: number;
}

export function checkDocuments(
  documents: readonly DocumentInput[],
  stored: ReadonlyMap<string, StoredDocument>,
  fetched: ReadonlyMap<string, Fetched>,
  limits: DocumentLimits | null,
  issues: Issues,
): CheckedDocument[] {
  if (documents.length === 0) issues.add('REQUIRED', ['documents'], 'An envelope needs at least one document.');
  if (documents.length > MAX_DOCUMENTS) {
    issues.add(
      'TOO_MANY',
      ['documents'],
      `At most ${MAX_DOCUMENTS} documents are taken; these are ${documents.length}.`,
    );
  }
  issues.unique(
    'documents',
    'key',
    documents.map(({ key }) => key),
    (key) => `Another document has the key "${key}".`,
  );
  issues.unique(
    'documents',
    'filename',
    documents.map(({ filename }) => filename),
    (name) => `Another document has the name "${name}".`,
  );
  const checked = documents.flatMap((document, index) => {
    const at = issues.under('documents', index);
    at.text('key', document.key, 64);
    at.text('filename', document.filename, 200);
    return checkDocument(document, stored, fetched, limits, at) ?? [];
  });
  const total = checked.reduce((sum, { size }) => sum + size, 0);
  if (limits && total > limits.maxTotalBytes) {
    issues.add(
      'FILE_TOO_LARGE',
      ['documents'],
      `Together the documents have ${total} bytes; this provider takes ${limits.maxTotalBytes}.`,
    );
  }
  return checked;
}

function checkDocument(
  { key, filename, source }: DocumentInput,
  stored: ReadonlyMap<string, StoredDocument>,
  fetched: ReadonlyMap<string, Fetched>,
  limits: DocumentLimits | null,
  issues: Issues,
): CheckedDocument | null {
  if ('documentId' in source) {
    const document = stored.get(uuidOf('Document', source.documentId) ?? '');
    if (!document) {
      issues.add('UNKNOWN_REFERENCE', ['source', 'documentId'], `There is no document ${source.documentId}.`);
      return null;
    }
    tooLarge(document.size, limits?.maxDocumentBytes ?? Infinity, ['source', 'documentId'], issues);
    return { key, filename, size: document.size, sha256: document.sha256, content: { documentId: document.id } };
  }
  if ('url' in source) return checkFetched(key, filename, fetched.get(source.url), limits, issues);
  const path = ['source', 'base64'];
  const bytes = decodeBase64(source.base64);
  if (!bytes) {
    issues.add(
      'NOT_BASE64',
      path,
      'This is not base64: use the standard alphabet with padding, without line breaks or a data: prefix.',
    );
    return null;
  }
  const max = Math.min(MAX_BASE64_BYTES, limits?.maxDocumentBytes ?? Infinity);
  return checkBytes(key, filename, bytes, max, path, issues);
}

function checkFetched(
  key: string,
  filename: string,
  fetched: Fetched | undefined,
  limits: DocumentLimits | null,
  issues: Issues,
): CheckedDocument | null {
  const path = ['source', 'url'];
  // Not fetched: a fault of the whole envelope came before.
  if (!fetched) return null;
  if ('code' in fetched) {
    issues.add(fetched.code, path, fetched.message);
    return null;
  }
  return checkBytes(key, filename, fetched.bytes, limits?.maxDocumentBytes ?? Infinity, path, issues);
}

function checkBytes(
  key: string,
  filename: string,
  bytes: Buffer,
  max: number,
  path: readonly string[],
  issues: Issues,
): CheckedDocument | null {
  if (bytes.length === 0) {
    issues.add('FILE_EMPTY', path, 'The file is empty.');
    return null;
  }
  if (tooLarge(bytes.length, max, path, issues)) return null;
  if (!looksLikePdf(bytes)) {
    issues.add('FILE_NOT_PDF', path, 'This is not a PDF: it lacks the header that every PDF begins with.');
    return null;
  }
  return {
    key,
    filename,
    size: bytes.length,
    sha256: createHash('sha256').update(bytes).digest('hex'),
    content: { bytes },
  };
}

function tooLarge(size: number, max: number, path: readonly string[], issues: Issues): boolean {
  if (size <= max) return false;
  issues.add('FILE_TOO_LARGE', path, `The file has ${size} bytes; at most ${max} are taken here.`);
  return true;
}

/** Strict: Buffer.from would skip whatever it doesn't know. */
function decodeBase64(text: string): Buffer | null {
  return text.length % 4 === 0 && BASE64.test(text) ? Buffer.from(text, 'base64') : null;
}
