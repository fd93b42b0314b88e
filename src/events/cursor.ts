/**
 * Cursors: a place in one tenant's log, as opaque text. The same for query and subscription, any filter, any replica.
 * @module
 */
import { createHash } from 'node:crypto';

/** It was never made here, or for another tenant, or names a place that the log has not reached. */
export class InvalidCursor extends Error {
  readonly code = 'INVALID_CURSOR';

  constructor() {
    super(
      "This cursor is none of this tenant's log: give one that `events` or a `logCursor` answered, unchanged, or leave `after` out.",
    );
    this.name = 'InvalidCursor';
  }
}

/** What came after it is no longer kept. */
export class CursorExpired extends Error {
  readonly code = 'CURSOR_EXPIRED';
  readonly earliestCursor: string;

  constructor(earliestCursor: string) {
    super(
      'The events after this cursor are no longer kept: query the envelopes again, then follow from `earliestCursor`.',
    );
    this.name = 'CursorExpired';
    this.earliestCursor = earliestCursor;
  }
}

const LENGTH = 12;
/** What a `bigint` column holds. */
const LARGEST = 2n ** 63n - 1n;

/** 4 bytes that tell tenants apart, then the sequence after which to go on. */
export function encodeCursor(tenantId: string, sequence: bigint): string {
  return cursorsOf(tenantId)(sequence);
}

/** `encodeCursor` for many places of one tenant's log. */
export function cursorsOf(tenantId: string): (sequence: bigint) => string {
  const marked = Buffer.alloc(LENGTH);
  mark(tenantId).copy(marked);
  return (sequence) => {
    marked.writeBigUInt64BE(sequence, 4);
    return marked.toString('base64url');
  };
}

/** The sequence after which to go on. Throws InvalidCursor for text that `encodeCursor` never answers for this tenant. */
export function decodeCursor(tenantId: string, cursor: string): bigint {
  const bytes = Buffer.from(cursor, 'base64url');
  // Decoding skips what is no base64url; only the exact text that encoding gives back was made here.
  const made = bytes.length === LENGTH && bytes.toString('base64url') === cursor;
  if (!made || !bytes.subarray(0, 4).equals(mark(tenantId))) throw new InvalidCursor();
  const sequence = bytes.readBigUInt64BE(4);
  if (sequence > LARGEST) throw new InvalidCursor();
  return sequence;
}

/** Throws when the log has not reached the place yet, or no longer reaches back to it. */
export function checkCursor(tenantId: string, sequence: bigint, head: { sequence: bigint; earliest: bigint }): void {
  if (sequence > head.sequence) throw new InvalidCursor();
  if (sequence < head.earliest - 1n) throw new CursorExpired(encodeCursor(tenantId, head.earliest - 1n));
}

/** No secret: it catches a cursor that was carried into another tenant by mistake. */
function mark(tenantId: string): Buffer {
  return createHash('sha256').update(tenantId).digest().subarray(0, 4);
}
