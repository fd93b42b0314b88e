/**
 * The text of a page, to find others in it: in the order in which it is drawn, and in the order in which it is read, which
 * need not be the same. Says as well when it may be read otherwise than here.
 * @module
 */
import { asRead, isRightToLeft } from './bidi-order.ts';
import type { Glyph } from './glyph.ts';
import { isOutOfOrder, isTurned, linesOf, withMarks, withoutRepeats } from './glyph-order.ts';
import { isMark, normalForm, type NormalText } from './normal-form.ts';
import type { PageContent } from './page-content.ts';

export interface PageText {
  readonly orders: readonly Order[];
  /** By glyph: its place in the order in which lines are seen, and its line. */
  readonly seen: ReadonlyMap<Glyph, { readonly index: number; readonly line: number }>;
  /** False when some of the text may say something else than is told here: what isn't found may be there all the same. */
  readonly isPlain: boolean;
}

export interface Order extends NormalText {
  readonly glyphs: readonly Glyph[];
}

/** Numbers for lines and curves on a page without text: more may be letters that are drawn. */
const MAX_LINES = 200;

export function pageTextOf(content: PageContent): PageText {
  const inked = content.glyphs.filter(({ text }) => text === '' || text.trim() !== '');
  const single = withoutRepeats(inked.filter((glyph) => isOnPage(glyph, content)));
  const drawn = withMarks(single);
  const lines = linesOf(drawn);
  const seen = new Map<Glyph, { index: number; line: number }>();
  lines.forEach((line, number) => line.forEach((glyph) => seen.set(glyph, { index: seen.size, line: number })));

  const orders = [drawn, lines.flat()];
  if (drawn.some(({ text }) => isRightToLeft(text)))
    for (const base of [0, 1] as const) orders.push(lines.flatMap((line) => asRead(line, base)));
  const drawnAs = new Map(drawn.map((glyph, index) => [glyph, index]));
  const isPlain =
    content.hasAllFonts &&
    single.length === inked.length &&
    (drawn.length > 0 ? drawn.every(isPlainGlyph) : content.lines <= MAX_LINES) &&
    !lines.some((line) => isOutOfOrder(line, drawnAs));
  return { orders: withoutSame(orders).map(orderOf), seen, isPlain };
}

/** Most pages are drawn in the order in which they are read. */
function withoutSame(orders: readonly (readonly Glyph[])[]): (readonly Glyph[])[] {
  return orders.filter(
    (order, index) => !orders.slice(0, index).some((other) => order.every((glyph, at) => glyph === other[at])),
  );
}

function orderOf(glyphs: readonly Glyph[]): Order {
  return { glyphs, ...normalForm(glyphs.map(({ text }) => text)) };
}

function isOnPage({ x, y, ux, uy, width }: Glyph, page: PageContent): boolean {
  return isWithin(x, ux * width, page.width) && isWithin(y, uy * width, page.height);
}

function isWithin(from: number, length: number, end: number): boolean {
  return Math.max(from, from + length) >= 0 && Math.min(from, from + length) <= end;
}

/** Scripts whose glyphs need not come in the order of their letters, or not one for each: from Hebrew to Khmer, and the like. */
const SHAPED =
  /[\u0590-\u109f\u1700-\u18af\u1900-\u1cff\ua800-\ua8ff\ua930-\uabff\ufb1d-\ufdff\ufe70-\ufefc\u{10800}-\u{11fff}\u{1e800}-\u{1efff}]/u;

function isPlainGlyph(glyph: Glyph): boolean {
  return (
    glyph.text !== '' &&
    !isMark(glyph.text) &&
    isDecoded(glyph.text) &&
    !isTurned(glyph) &&
    !(glyph.text > '\u058f' && SHAPED.test(glyph.text))
  );
}

/** False for text that holds what no document says: controls, private or unassigned code points. */
export function isDecoded(text: string): boolean {
  return !/[\p{Co}\p{Cn}\ufffd]|(?![\t\n\v\f\r])\p{Cc}/u.test(text);
}
