/**
 * The text of a body that says itself how it is encoded, or whose Content-Type does, or neither, or wrongly.
 * Source: XML 1.0, appendix F; RFC 7303 section 3: a byte order mark first, then the Content-Type, then the declaration.
 * @module
 */

const MARKS: readonly (readonly [encoding: string, begin: Buffer])[] = [
  ['utf-8', Buffer.from([0xef, 0xbb, 0xbf])],
  ['utf-16le', Buffer.from([0xff, 0xfe])],
  ['utf-16be', Buffer.from([0xfe, 0xff])],
  // Without a mark: how every tag begins.
  ['utf-16le', Buffer.from([0x3c, 0])],
  ['utf-16be', Buffer.from([0, 0x3c])],
];
const CHARSET = /;\s*charset\s*=\s*"?([\w.:-]+)/i;
const DECLARED = /^(?:\xef\xbb\xbf)?\s*<\?xml[^>]{0,200}?\sencoding\s*=\s*["']([\w.:-]+)/;
/** How far into a body its declaration is looked for, in bytes. */
const DECLARATION_BYTES = 512;

/** Without a byte order mark. Throws when the bytes are text in none of the encodings that are named, nor in UTF-8. */
export function readText(raw: Buffer, contentType: string): string {
  const marked = MARKS.find(([, begin]) => raw.subarray(0, begin.length).equals(begin));
  if (marked) return decoded(raw, marked[0]);
  const declared = DECLARED.exec(raw.toString('latin1', 0, DECLARATION_BYTES))?.[1];
  // Some writers declare UTF-16 and write UTF-8: what begins with single bytes is of an encoding that has them.
  const named = [CHARSET.exec(contentType)?.[1], declared].filter((name) => name && !/^utf-?16/i.test(name));
  for (const name of named) {
    try {
      return decoded(raw, name ?? '');
    } catch {
      // An unknown encoding, or one that does not fit these bytes.
    }
  }
  return decoded(raw, 'utf-8');
}

function decoded(raw: Buffer, encoding: string): string {
  return new TextDecoder(encoding, { fatal: true }).decode(raw);
}
