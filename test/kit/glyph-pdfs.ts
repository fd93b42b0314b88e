/**
 * PDFs whose pages are drawn glyph by glyph, in any script, order, place and direction.
 * @module
 */
import { degrees, PDFDocument, PDFName, type PDFPage, PDFString } from '@cantoo/pdf-lib';

/** One glyph, in the page's own units from its bottom left. */
export interface Drawn {
  /** The letters that its font says it is. */
  readonly text: string;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  /** Counterclockwise. */
  readonly degrees?: number;
}

/** Draws more on a page than its glyphs. */
export type DrawMore = (page: PDFPage, pdf: PDFDocument) => unknown;

export interface DrawnPage {
  readonly glyphs: readonly Drawn[];
  readonly rotate?: 0 | 90 | 180 | 270;
  readonly more?: DrawMore;
}

const GLYPH_SIZE = 12;

export async function pdfOfGlyphs({ glyphs, rotate = 0, more }: DrawnPage): Promise<Buffer> {
  const pdf = await PDFDocument.create();
  const page = pdf.addPage([612, 792]);
  page.setRotation(degrees(rotate));
  const kinds = new Map(glyphs.map((glyph) => [kindOf(glyph), glyph]));
  const codes = new Map([...kinds.keys()].map((kind, index) => [kind, index + 1]));
  const drawn = glyphs.map((glyph) => {
    const angle = ((glyph.degrees ?? 0) * Math.PI) / 180;
    const [cos, sin] = [Math.cos(angle).toFixed(6), Math.sin(angle).toFixed(6)];
    const minusSin = (-Math.sin(angle)).toFixed(6);
    return `${cos} ${sin} ${minusSin} ${cos} ${glyph.x} ${glyph.y} Tm <${hex(codes.get(kindOf(glyph)) ?? 0)}> Tj`;
  });
  const { context } = pdf;
  page.node.set(
    PDFName.of('Contents'),
    context.register(context.stream(`BT /F1 ${GLYPH_SIZE} Tf ${drawn.join('\n')} ET`)),
  );
  const font = {
    Type: 'Font',
    Subtype: 'Type0',
    BaseFont: 'Some',
    Encoding: 'Identity-H',
    ToUnicode: context.register(context.stream(unicodeOf([...kinds.values()]))),
    DescendantFonts: [
      {
        FontDescriptor: context.register(context.obj({ Type: 'FontDescriptor', FontName: 'Some', Flags: 4 })),
        Type: 'Font',
        Subtype: 'CIDFontType2',
        BaseFont: 'Some',
        CIDSystemInfo: { Registry: PDFString.of('Adobe'), Ordering: PDFString.of('Identity'), Supplement: 0 },
        W: [1, [...kinds.values()].map(({ width }) => (width * 1000) / GLYPH_SIZE)],
      },
    ],
  };
  page.node.set(PDFName.of('Resources'), context.obj({ Font: { F1: context.register(context.obj(font)) } }));
  await more?.(page, pdf);
  return Buffer.from(await pdf.save());
}

/** Which code says which letters. */
function unicodeOf(glyphs: readonly Drawn[]): string {
  const lines = glyphs.map(({ text }, index) => {
    const units = Array.from({ length: text.length }, (_, unit) => hex(text.charCodeAt(unit)));
    return `1 beginbfchar\n<${hex(index + 1)}> <${units.join('')}>\nendbfchar`;
  });
  return `/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapName /X def /CMapType 2 def
1 begincodespacerange <0000> <FFFF> endcodespacerange
${lines.join('\n')}
endcmap end end`;
}

function kindOf({ text, width }: Drawn): string {
  return `${width} ${text}`;
}

function hex(code: number): string {
  return code.toString(16).padStart(4, '0');
}
