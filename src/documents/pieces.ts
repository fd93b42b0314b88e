/**
 * Bytes as they are stored: in pieces of one size, whatever the sizes they came in.
 * @module
 */

/** Bytes of one piece. */
export const PIECE_BYTES = 256 * 1024;

/** The same bytes in pieces of `size`, the last one with what is left. Holds one piece, and asks for more when it is gone. */
export async function* inPieces(
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  size: number = PIECE_BYTES,
): AsyncGenerator<Buffer, void, void> {
  let piece = Buffer.allocUnsafe(size);
  let filled = 0;
  for await (const chunk of chunks) {
    for (let taken = 0; taken < chunk.length;) {
      const part = chunk.subarray(taken, taken + size - filled);
      piece.set(part, filled);
      filled += part.length;
      taken += part.length;
      if (filled < size) continue;
      yield piece;
      piece = Buffer.allocUnsafe(size);
      filled = 0;
    }
  }
  if (filled > 0) yield piece.subarray(0, filled);
}

/** ISO 32000 asks for the header in the first line; readers accept it within the first 1,024 bytes. */
export function looksLikePdf(beginning: Uint8Array): boolean {
  return Buffer.from(beginning.buffer, beginning.byteOffset, Math.min(1024, beginning.length)).includes('%PDF-');
}
