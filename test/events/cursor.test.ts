import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkCursor, CursorExpired, decodeCursor, encodeCursor, InvalidCursor } from '../../src/events/cursor.ts';

const tenant = fc.uuid();
const sequence = fc.bigInt({ min: 0n, max: 2n ** 63n - 1n });

describe('a cursor', () => {
  it('comes back as the place it was made of', () => {
    fc.assert(fc.property(tenant, sequence, (id, n) => void expect(decodeCursor(id, encodeCursor(id, n))).toBe(n)));
  });

  it('is text that a URL takes as it is', () => {
    fc.assert(fc.property(tenant, sequence, (id, n) => void expect(encodeCursor(id, n)).toMatch(/^[\w-]+$/)));
  });

  it('is refused when a character that encoding never writes was put into it', () => {
    fc.assert(
      fc.property(tenant, sequence, fc.nat(16), fc.constantFrom(...' =%+/.\n'), (id, n, at, put) => {
        const made = encodeCursor(id, n);
        expect(() => decodeCursor(id, made.slice(0, at) + put + made.slice(at))).toThrow(InvalidCursor);
      }),
    );
  });

  it('is refused when it is garbage', () => {
    fc.assert(
      fc.property(tenant, fc.oneof(fc.string(), fc.base64String()), (id, text) => {
        expect(() => decodeCursor(id, text)).toThrow(InvalidCursor);
      }),
    );
  });

  it("is refused when it is another tenant's", () => {
    const cursor = encodeCursor(randomUUID(), 7n);
    expect(() => decodeCursor(randomUUID(), cursor)).toThrow(InvalidCursor);
  });

  it('is refused when it names a number that no log can reach', () => {
    const id = randomUUID();
    const bytes = Buffer.from(encodeCursor(id, 0n), 'base64url');
    bytes.writeBigUInt64BE(2n ** 63n, 4);
    expect(() => decodeCursor(id, bytes.toString('base64url'))).toThrow(InvalidCursor);
  });

  it('is refused beyond the head, and accepted at it', () => {
    const id = randomUUID();
    expect(() => checkCursor(id, 6n, { sequence: 5n, earliest: 1n })).toThrow(InvalidCursor);
    expect(() => checkCursor(id, 5n, { sequence: 5n, earliest: 1n })).not.toThrow();
  });

  it('has expired once an event after it is no longer kept, and says from where the log can be followed', () => {
    const id = randomUUID();
    const head = { sequence: 50n, earliest: 10n };
    expect(() => checkCursor(id, 9n, head)).not.toThrow();
    expect(() => checkCursor(id, 8n, head)).toThrow(
      expect.objectContaining({ code: 'CURSOR_EXPIRED', earliestCursor: encodeCursor(id, 9n) }),
    );
    expect(() => checkCursor(id, 8n, head)).toThrow(CursorExpired);
  });
});
