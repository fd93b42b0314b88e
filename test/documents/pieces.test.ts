import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { inPieces, looksLikePdf } from '../../src/documents/pieces.ts';

async function collect(chunks: Iterable<Uint8Array>, size: number): Promise<Buffer[]> {
  const pieces: Buffer[] = [];
  for await (const piece of inPieces(chunks, size)) pieces.push(piece);
  return pieces;
}

describe('bytes in pieces', () => {
  test('are the same bytes, in pieces of one size but for the last, whatever the sizes they came in', async () => {
    const chunks = fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(chunks, fc.integer({ min: 1, max: 16 }), async (given, size) => {
        const pieces = await collect(given, size);
        const whole = Buffer.concat(given);
        expect(createHash('sha256').update(Buffer.concat(pieces)).digest('hex')).toBe(
          createHash('sha256').update(whole).digest('hex'),
        );
        expect(pieces.slice(0, -1).every(({ length }) => length === size)).toBe(true);
        expect(pieces.length).toBe(Math.ceil(whole.length / size));
      }),
    );
  });

  test('are asked for only when the piece before is gone', async () => {
    let given = 0;
    function* source(): Generator<Uint8Array> {
      for (; given < 100; given += 1) yield Buffer.alloc(10);
    }
    const pieces = inPieces(source(), 20);
    await pieces.next();
    expect(given).toBeLessThan(3);
    await pieces.return();
  });
});

describe('a PDF', () => {
  test.each([
    ['with its header first', Buffer.from('%PDF-1.7'), true],
    ['with its header at the end of the first 1,024 bytes', Buffer.from(`${' '.repeat(1_019)}%PDF-`), true],
    ['with its header past them', Buffer.from(`${' '.repeat(1_020)}%PDF-`), false],
    ['without a header', Buffer.from('PK\u0003\u0004'), false],
    ['of no bytes', Buffer.alloc(0), false],
    ['in the middle of other memory', Buffer.from('xx%PDF-1.7').subarray(3), false],
  ])('%s', (_what, bytes, is) => {
    expect(looksLikePdf(bytes)).toBe(is);
  });
});
