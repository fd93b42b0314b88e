/**
 * What a page draws: each glyph with its letters and its place, and how much of the page pictures cover. The reader gives
 * the operators of a page, of its forms and of its annotations as one list; it is gone through once.
 * @module
 */
import { OPS, type PDFPageProxy } from 'unpdf/pdfjs';
import { z } from 'zod';
import type { Glyph } from './glyph.ts';
import { chain, type Matrix, matrixOf, numberOf } from './matrix.ts';
import { changed, type Font, FONT, type Fonts, show, type Shown, START, type TextState } from './text-state.ts';

export interface PageContent {
  readonly width: number;
  readonly height: number;
  /** In the order in which they are drawn; those of annotations and form fields are left out. */
  readonly glyphs: readonly Glyph[];
  /** False when the text of a font could not be read at all: it is not among the glyphs. */
  readonly hasAllFonts: boolean;
  readonly hasTextInAnnotations: boolean;
  /** Square points of all pictures together. */
  readonly pictures: number;
  /** True when something is filled with pictures or with text. */
  readonly hasRichPattern: boolean;
  /** How many numbers its lines and curves take: letters may be drawn as these. */
  readonly lines: number;
}

/** `annotationMode` as the reader counts: 0 leaves annotations out, 1 draws them. */
export async function contentOf(page: PDFPageProxy, annotationMode: 0 | 1): Promise<PageContent> {
  const { fnArray, argsArray } = await page.getOperatorList({ annotationMode });
  const operators: Operators = { fnArray, argsArray };
  const viewport = page.getViewport({ scale: 1 });
  const fonts = await fontsOf(page, operators);
  const hasAllFonts = [...fonts.values()].every((one) => one !== null);
  return { ...walk(operators, fonts, matrixOf(viewport.transform), viewport), hasAllFonts };
}

interface Operators {
  readonly fnArray: readonly number[];
  readonly argsArray: readonly unknown[];
}

interface State {
  readonly toPage: Matrix;
  readonly text: TextState;
}

function walk(
  { fnArray, argsArray }: Operators,
  fonts: Fonts,
  toPage: Matrix,
  { width, height }: { readonly width: number; readonly height: number },
): Omit<PageContent, 'hasAllFonts'> {
  const glyphs: Glyph[] = [];
  const content = { hasTextInAnnotations: false, pictures: 0, hasRichPattern: false, lines: 0 };
  const saved: State[] = [];
  let state: State = { toPage, text: START };
  let annotations = 0;
  const enter = (outer: Matrix, inner: Matrix): void => {
    saved.push(state);
    state = { ...state, toPage: chain(outer, inner) };
  };
  const leave = (): void => {
    state = saved.pop() ?? state;
  };
  fnArray.forEach((operator, index) => {
    const args = listOf(argsArray[index]);
    switch (operator) {
      case OPS.save:
        return void saved.push(state);
      case OPS.restore:
      case OPS.paintFormXObjectEnd:
        return leave();
      case OPS.transform:
        state = { ...state, toPage: chain(state.toPage, matrixOf(args)) };
        return;
      case OPS.paintFormXObjectBegin:
        return enter(state.toPage, matrixOf(args[0]));
      case OPS.beginAnnotation:
        annotations += 1;
        return enter(toPage, chain(matrixOf(args[2]), matrixOf(args[3])));
      case OPS.endAnnotation:
        annotations -= 1;
        return leave();
      case OPS.showText: {
        const run = show(state.text, shownOf(args[0]), state.toPage);
        state = { ...state, text: run.state };
        if (annotations > 0) content.hasTextInAnnotations ||= run.glyphs.some(({ text }) => text.trim() !== '');
        else for (const glyph of run.glyphs) glyphs.push(glyph);
        return;
      }
      case OPS.constructPath:
        if (args[0] !== OPS.endPath) content.lines += lengthOf(listOf(args[1])[0]);
        return;
      case OPS.setFillColorN:
        content.hasRichPattern ||= isRichPattern(args);
        return;
      case OPS.setGState:
        for (const set of fontsIn(args)) state = { ...state, text: changed(state.text, OPS.setFont, set, fonts) };
        return;
      default:
        if (PICTURES.has(operator)) content.pictures += areaOf(state.toPage, width, height);
        else state = { ...state, text: changed(state.text, operator, args, fonts) };
    }
  });
  return { ...content, width, height, glyphs };
}

const PICTURES: ReadonlySet<number> = new Set([
  OPS.paintImageXObject,
  OPS.paintInlineImageXObject,
  OPS.paintImageMaskXObject,
  OPS.paintSolidColorImageMask,
]);

/** Of the box around a picture, which fills the unit square; what is outside of the page doesn't count. */
function areaOf([a, b, c, d, e, f]: Matrix, width: number, height: number): number {
  return sideOf(e, a, c, width) * sideOf(f, b, d, height);
}

function sideOf(from: number, one: number, other: number, end: number): number {
  const corners = [from, from + one, from + other, from + one + other];
  return Math.max(0, Math.min(end, Math.max(...corners)) - Math.max(0, Math.min(...corners)));
}

const tiling = z.tuple([z.literal('TilingPattern'), z.unknown(), z.object({ fnArray: z.array(z.number()) })]);

function isRichPattern(args: readonly unknown[]): boolean {
  const pattern = tiling.safeParse(args.slice(0, 3));
  return pattern.success && pattern.data[2].fnArray.some((one) => one === OPS.showText || PICTURES.has(one));
}

/** Of a text to show: glyphs as the reader tells them, and numbers. */
function shownOf(values: unknown): Shown[] {
  return listOf(values).flatMap((value): Shown[] => {
    if (typeof value === 'number') return [value];
    if (typeof value !== 'object' || value === null || !('unicode' in value) || typeof value.unicode !== 'string')
      return [];
    const width = 'width' in value ? numberOf(value.width) : 0;
    const height = 'vmetric' in value && Array.isArray(value.vmetric) ? numberOf(value.vmetric[0]) : -width;
    return [{ text: value.unicode, width, height, isSpace: 'isSpace' in value && value.isSpace === true }];
  });
}

const readFont = z.object({
  vertical: z.boolean().catch(false),
  isType3Font: z.boolean().catch(false),
  fontMatrix: z.array(z.number()).length(6).nullish().catch(null),
  bbox: z.array(z.number()).length(4).nullish().catch(null),
});

/** The fonts that the operators set; null for what could not be read. The reader may still be making them. */
async function fontsOf(page: PDFPageProxy, { fnArray, argsArray }: Operators): Promise<Fonts> {
  const names = new Set<string>();
  fnArray.forEach((operator, index) => {
    const args = listOf(argsArray[index]);
    if (operator === OPS.setFont) names.add(String(args[0]));
    else if (operator === OPS.setGState) for (const set of fontsIn(args)) names.add(String(set[0]));
  });
  const fonts = new Map<string, Font | null>();
  for (const name of names) {
    const data = readFont.safeParse(await new Promise((done) => page.commonObjs.get(name, done)));
    fonts.set(name, data.success ? fontOf(data.data) : null);
  }
  return fonts;
}

/** The names and sizes of fonts that a graphics state sets. */
function fontsIn(args: readonly unknown[]): readonly (readonly unknown[])[] {
  return listOf(args[0]).flatMap((entry) => (listOf(entry)[0] === 'Font' ? [listOf(listOf(entry)[1])] : []));
}

function fontOf({ vertical, isType3Font, fontMatrix, bbox }: z.infer<typeof readFont>): Font {
  const [a = FONT.unit, , , d = FONT.unit] = fontMatrix ?? [];
  const [, bottom = 0, , top = 0] = bbox ?? [];
  const em = isType3Font && top > bottom ? (top - bottom) * Math.abs(d) : FONT.em;
  return { isVertical: vertical, unit: Math.abs(a) || FONT.unit, em };
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function lengthOf(value: unknown): number {
  return value instanceof Float32Array ? value.length : 0;
}
