import {
  beginText,
  endText,
  PDFHexString,
  PDFName,
  type PDFPage,
  PDFString,
  setFontAndSize,
  showText,
} from '@cantoo/pdf-lib';
import { describe, expect, test } from 'vitest';
import { readPdf } from '../../src/documents/read-pdf.ts';
import { type Drawn, type DrawMore, type DrawnPage, pdfOfGlyphs } from '../kit/glyph-pdfs.ts';
import { PIXEL } from '../kit/pdfs.ts';

/** On one line, a glyph for each letter. */
function written(text: string, x = 72): Drawn[] {
  return Array.from(text, (letter, index) => ({ text: letter, x: x + index * 7, y: 700, width: 7 }));
}

async function missed(given: DrawnPage): Promise<unknown> {
  const inspection = await readPdf({ bytes: await pdfOfGlyphs(given), texts: ['/s1/'], pages: [] });
  return inspection.kind === 'READ' ? { ...inspection.texts[0], decoded: inspection.decoded } : inspection;
}

const lease = written('Lease');
const picture =
  (width: number, height: number): DrawMore =>
  async (page, pdf) =>
    page.drawImage(await pdf.embedPng(PIXEL), { x: 0, y: 0, width, height });
const annotated =
  (annotation: Record<string, string | number[] | PDFString>): DrawMore =>
  (page, { context }) =>
    page.node.addAnnot(context.register(context.obj({ Type: 'Annot', Rect: [10, 10, 90, 30], ...annotation })));
const field =
  (value: string): DrawMore =>
  (page, pdf) => {
    const text = pdf.getForm().createTextField('tenant');
    text.setText(value);
    text.addToPage(page, { x: 72, y: 300, width: 200, height: 20 });
  };

describe('a text that is not found', () => {
  test.each<[string, DrawnPage]>([
    ['plain text', { glyphs: lease }],
    ['text with marks and ligatures', { glyphs: written('Mietverträge, ﬁnal') }],
    ['text of two columns, the right one drawn first', { glyphs: [...written('right', 300), ...lease] }],
    ['spaces drawn over it', { glyphs: [...lease, ...written('     ')] }],
    ['a logo', { glyphs: lease, more: picture(150, 50) }],
    ['a link', { glyphs: lease, more: annotated({ Subtype: 'Link', Contents: PDFString.of('a page') }) }],
    ['an empty form field', { glyphs: lease, more: field('') }],
    ['lines and boxes alone', { glyphs: [], more: (page) => page.drawRectangle({ width: 100, height: 100 }) }],
  ])('is missing from a page with %s', async (_what, given) => {
    expect(await missed(given)).toEqual({ text: '/s1/', count: 0, places: [], decoded: true });
  });

  test.each<[string, DrawnPage]>([
    ['a picture under its text', { glyphs: lease, more: picture(612, 792) }],
    [
      'a picture in stripes',
      {
        glyphs: lease,
        more: async (page, pdf) => {
          const image = await pdf.embedPng(PIXEL);
          for (let y = 0; y < 792; y += 8) page.drawImage(image, { x: 0, y, width: 612, height: 8 });
        },
      },
    ],
    ['a form field with a value', { glyphs: lease, more: field('/s1/') }],
    [
      'a form field whose value is not drawn',
      {
        glyphs: lease,
        more: annotated({ Subtype: 'Widget', FT: 'Tx', T: PDFString.of('a'), V: PDFString.of('/s1/') }),
      },
    ],
    ['a note on it', { glyphs: lease, more: annotated({ Subtype: 'FreeText', Contents: PDFString.of('/s1/') }) }],
    ['text from right to left', { glyphs: written('חתימה') }],
    ['text whose glyphs need not come in its order', { glyphs: written('हस्ताक्षर') }],
    ['text drawn twice', { glyphs: [...lease, ...written('Lease', 72.3)] }],
    ['text drawn in another order than it reads', { glyphs: lease.toReversed() }],
    ['text that is turned', { glyphs: [{ text: 'L', x: 72, y: 700, width: 7, degrees: 90 }] }],
    ['text on a page that is turned', { glyphs: lease, rotate: 90 }],
    ['text beside the page', { glyphs: [...lease, ...written('cut', 700)] }],
    ['text in private letters', { glyphs: written('\ue001') }],
    ['a glyph that stands for no letter', { glyphs: [...lease, { text: '', x: 200, y: 700, width: 7 }] }],
    ['text in a font that is not there', { glyphs: lease, more: withoutFonts }],
    ['a font whose glyphs are drawings', { glyphs: lease, more: withDrawnFont }],
    ['letters drawn as lines', { glyphs: [], more: (page) => page.drawSvgPath('M 0 0 C 1 1 2 2 3 3 '.repeat(40)) }],
  ])('may be there all the same on a page with %s', async (_what, given) => {
    expect(await missed(given)).toEqual({ text: '/s1/', count: 0, places: [], decoded: false });
  });
});

function withDrawnFont(page: PDFPage): void {
  const { context } = page.doc;
  const square = context.register(context.stream('500 0 d0 0 0 400 400 re f'));
  const font = context.obj({
    Type: 'Font',
    Subtype: 'Type3',
    FontBBox: [0, 0, 1, 1],
    FontMatrix: [0.001, 0, 0, 0.001, 0, 0],
    CharProcs: { a: square },
    Encoding: { Differences: [97, 'a'] },
    FirstChar: 97,
    LastChar: 97,
    Widths: [500],
    Resources: {},
  });
  page.node.setFontDictionary(PDFName.of('Drawn'), context.register(font));
  page.pushOperators(beginText(), setFontAndSize('Drawn', 12), showText(PDFHexString.of('61')), endText());
}

function withoutFonts(page: PDFPage): void {
  page.node.set(PDFName.of('Resources'), page.doc.context.obj({ Font: {} }));
}
