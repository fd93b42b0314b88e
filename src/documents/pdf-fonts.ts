/**
 * Fonts whose text can't be told: their glyphs have numbers and nothing says which letters these are.
 * @module
 */
import { PDFArray, PDFDict, type PDFDocument, PDFName, type PDFObject, PDFStream } from '@cantoo/pdf-lib';

/** True when some font of the PDF is one of these. */
export function hasUndecodableFonts({ context }: PDFDocument): boolean {
  const look = (dict: PDFDict, name: string): PDFObject | undefined => context.lookup(dict.get(PDFName.of(name)));
  return context
    .enumerateIndirectObjects()
    .some(([, object]) => object instanceof PDFDict && isUndecodable(object, look));
}

type Look = (dict: PDFDict, name: string) => PDFObject | undefined;

function isUndecodable(font: PDFDict, look: Look): boolean {
  if (nameOf(look(font, 'Type')) !== 'Font' || look(font, 'ToUnicode') instanceof PDFStream) return false;
  const subtype = nameOf(look(font, 'Subtype'));
  // Its parts are fonts too, and their text is that of the whole.
  if (subtype === 'CIDFontType0' || subtype === 'CIDFontType2') return false;
  // The glyphs of a Type 3 font are drawings, and their names are whatever its maker called them.
  if (subtype === 'Type0' || subtype === 'Type3') return true;
  const encoding = look(font, 'Encoding');
  if (encoding instanceof PDFDict) {
    const differences = look(encoding, 'Differences');
    // `g12`, `cid34` and the like are numbers of glyphs; `A` and `space` are names.
    return (
      differences instanceof PDFArray &&
      differences.asArray().some((name) => /^[A-Za-z]{1,5}\d+$/.test(nameOf(name) ?? ''))
    );
  }
  return encoding === undefined && /^[A-Z]{6}\+/.test(nameOf(look(font, 'BaseFont')) ?? '');
}

function nameOf(object: PDFObject | undefined): string | null {
  return object instanceof PDFName ? object.decodeText() : null;
}
