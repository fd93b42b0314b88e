/**
 * The header that names a file to be saved (RFC 6266): by `filename*` for those who know it, and beside it by `filename`
 * in ASCII for those who don't, curl among them.
 * @module
 */
import { encodeExtended, format } from 'content-disposition';

/** The value of Content-Disposition. */
export function attachment(filename: string): string {
  const parameters = { filename: asciiName(filename), 'filename*': encodeExtended(filename) };
  return format({ type: 'attachment', parameters }, { extended: false });
}

/** Letters without their marks, `_` for what ASCII lacks and for what readers of this header stumble over. */
function asciiName(filename: string): string {
  const letters = filename.normalize('NFKD').replaceAll(/\p{M}/gu, '');
  const name = letters.replaceAll(/[^\x20-\x7e]|["\\/]/gu, '_');
  // Of a name in another script nothing would be left.
  return name === filename ? name : name.replace(/^[_ ]+(?=\.\w+$|$)/, 'document');
}
