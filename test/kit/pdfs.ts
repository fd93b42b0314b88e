/**
 * PDFs of every kind that matters before a send.
 * @module
 */
import { degrees, PDFDocument, PDFName, StandardFonts } from '@cantoo/pdf-lib';

export interface PageOf {
  readonly text?: string;
  /** Points; a US letter when left out. */
  readonly size?: readonly [number, number];
  /** Where the crop box begins and how large it is. */
  readonly crop?: readonly [number, number, number, number];
  readonly rotate?: 0 | 90 | 180 | 270;
  /** True for a page that is nothing but a picture. */
  readonly scan?: boolean;
}

/** A picture, as PNG. */
export const PIXEL = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==';

/** Texts begin 72 points from the left and 100 from the bottom of the page as it is not rotated. */
export async function pdfOf(
  pages: readonly PageOf[],
  passwords: { user?: string; owner?: string } = {},
): Promise<Buffer> {
  const pdf = await PDFDocument.create();
  const font = await pdf.embedFont(StandardFonts.Helvetica);
  for (const { text, size = [612, 792], crop, rotate = 0, scan } of pages) {
    const page = pdf.addPage([size[0], size[1]]);
    page.setRotation(degrees(rotate));
    if (crop) page.setCropBox(...crop);
    if (text !== undefined) page.drawText(text, { x: 72, y: 100, size: 12, font });
    if (scan) page.drawImage(await pdf.embedPng(PIXEL), { x: 0, y: 0, width: size[0], height: size[1] });
  }
  if (passwords.user !== undefined || passwords.owner !== undefined) {
    pdf.encrypt({
      ...(passwords.user !== undefined && { userPassword: passwords.user }),
      ...(passwords.owner !== undefined && { ownerPassword: passwords.owner }),
    });
  }
  return Buffer.from(await pdf.save());
}

/** One page whose glyphs have numbers, and nothing says which letters these are. */
export function pdfWithoutLetters(): Buffer {
  const content = 'BT /F1 12 Tf 72 100 Td <002400250026> Tj ET';
  const objects = [
    '<</Type/Catalog/Pages 2 0 R>>',
    '<</Type/Pages/Kids[3 0 R]/Count 1>>',
    '<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>',
    `<</Length ${content.length}>>stream\n${content}\nendstream`,
    '<</Type/Font/Subtype/Type0/BaseFont/ABCDEF+Some/Encoding/Identity-H/DescendantFonts[6 0 R]>>',
    '<</Type/Font/Subtype/CIDFontType2/BaseFont/ABCDEF+Some/CIDSystemInfo<</Registry(Adobe)/Ordering(Identity)/Supplement 0>>/FontDescriptor 7 0 R>>',
    '<</Type/FontDescriptor/FontName/ABCDEF+Some/Flags 4/FontBBox[0 0 1 1]/ItalicAngle 0/Ascent 1/Descent 0/CapHeight 1/StemV 1>>',
  ];
  let text = '%PDF-1.4\n';
  const offsets = objects.map((object, index) => {
    const offset = text.length;
    text += `${index + 1} 0 obj${object}endobj\n`;
    return offset;
  });
  const start = text.length;
  text += `xref\n0 ${objects.length + 1}\n0000000000 65535 f \n`;
  for (const offset of offsets) text += `${String(offset).padStart(10, '0')} 00000 n \n`;
  return Buffer.from(`${text}trailer<</Size ${objects.length + 1}/Root 1 0 R>>\nstartxref\n${start}\n%%EOF\n`);
}

/** One page whose content takes a reader for ever: forms that draw each other, ten at a time. */
export async function pdfWithoutEnd(): Promise<Buffer> {
  const pdf = await PDFDocument.create();
  const page = pdf.addPage();
  const { context } = pdf;
  let inner = context.register(context.flateStream('BT ET', { Type: 'XObject', Subtype: 'Form', BBox: [0, 0, 1, 1] }));
  for (let depth = 0; depth < 12; depth += 1) {
    const resources = { XObject: { X: inner } };
    const stream = context.flateStream('/X Do '.repeat(10), {
      Type: 'XObject',
      Subtype: 'Form',
      BBox: [0, 0, 1, 1],
      Resources: resources,
    });
    inner = context.register(stream);
  }
  page.node.set(PDFName.of('Contents'), inner);
  return Buffer.from(await pdf.save());
}

/** One page with so many short texts, side by side, in a small file: what a reader makes of them is large. */
export async function pdfOfTexts(count: number): Promise<Buffer> {
  const pdf = await PDFDocument.create();
  const page = pdf.addPage();
  const { context } = pdf;
  const font = { Type: 'Font', Subtype: 'Type1', BaseFont: 'Helvetica' };
  const texts = Array.from({ length: count }, (_, index) => {
    const [x, y] = [9 + 10 * (index % 50), 9 + 10 * Math.floor(index / 50)];
    return `1 0 0 1 ${x} ${y} Tm (a) Tj `;
  });
  page.node.set(PDFName.of('Contents'), context.register(context.flateStream(`BT /F1 9 Tf ${texts.join('')}ET`)));
  page.node.set(PDFName.of('Resources'), context.obj({ Font: { F1: font } }));
  return Buffer.from(await pdf.save());
}
