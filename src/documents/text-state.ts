/**
 * Where a PDF's program writes next: what its text operators set, and how its glyphs move it (ISO 32000-1, 9.3 and 9.4).
 * @module
 */
import { OPS } from 'unpdf/pdfjs';
import type { Glyph } from './glyph.ts';
import { chain, IDENTITY, type Matrix, matrixOf, moved, numberOf } from './matrix.ts';

/** What of a font decides about places. */
export interface Font {
  readonly isVertical: boolean;
  /** Its units of width in an em. */
  readonly unit: number;
  /** The height of its letters in an em; other than 1 for fonts that are made of drawings. */
  readonly em: number;
}

/** By the reader's names. */
export type Fonts = ReadonlyMap<string, Font | null>;

export interface TextState {
  readonly font: Font;
  readonly size: number;
  readonly letterSpacing: number;
  readonly wordSpacing: number;
  readonly stretch: number;
  readonly leading: number;
  readonly rise: number;
  readonly line: Matrix;
  readonly pen: Matrix;
}

/** A glyph of a text to show, or a number: thousandths of an em to go back. */
export type Shown = number | GlyphOfFont;

export interface GlyphOfFont {
  readonly text: string;
  readonly isSpace: boolean;
  readonly width: number;
  /** In fonts that run downwards; negative. */
  readonly height: number;
}

export const FONT: Font = { isVertical: false, unit: 0.001, em: 1 };

export const START: TextState = {
  font: FONT,
  size: 0,
  letterSpacing: 0,
  wordSpacing: 0,
  stretch: 1,
  leading: 0,
  rise: 0,
  line: IDENTITY,
  pen: IDENTITY,
};

function at(line: Matrix): Pick<TextState, 'line' | 'pen'> {
  return { line, pen: line };
}

/** The state after an operator; operators of other kinds leave it as it is. */
export function changed(state: TextState, operator: number, args: readonly unknown[], fonts: Fonts): TextState {
  const [x, y] = [numberOf(args[0]), numberOf(args[1])];
  const nextLine = (right: number, up: number): Matrix => moved(state.line, right, up);
  switch (operator) {
    case OPS.beginText:
      return { ...state, ...at(IDENTITY) };
    case OPS.setFont:
      return { ...state, font: fonts.get(String(args[0])) ?? FONT, size: y };
    case OPS.setCharSpacing:
      return { ...state, letterSpacing: x };
    case OPS.setWordSpacing:
      return { ...state, wordSpacing: x };
    case OPS.setHScale:
      return { ...state, stretch: x / 100 };
    case OPS.setLeading:
      return { ...state, leading: x };
    case OPS.setTextRise:
      return { ...state, rise: x };
    case OPS.setTextMatrix:
      return { ...state, ...at(matrixOf(args[0])) };
    case OPS.moveText:
      return { ...state, ...at(nextLine(x, y)) };
    case OPS.setLeadingMoveText:
      return { ...state, leading: -y, ...at(nextLine(x, y)) };
    case OPS.nextLine:
      return { ...state, ...at(nextLine(0, -state.leading)) };
    default:
      return state;
  }
}

/** The glyphs of a text with their places, and the state after it. */
export function show(
  state: TextState,
  text: readonly Shown[],
  toPage: Matrix,
): { readonly state: TextState; readonly glyphs: readonly Glyph[] } {
  const { font, size, stretch } = state;
  const glyphs: Glyph[] = [];
  // The axes of the text on the page: they are the same for all glyphs of it.
  const [a, b, c, d] = chain(toPage, state.pen);
  const em = Math.hypot(c, d) * Math.abs(size) * font.em;
  const [alongX, alongY] = font.isVertical ? [-c, -d] : [a, b];
  const along = Math.hypot(alongX, alongY) || 1;
  const sign = (size < 0 ? -1 : 1) * (stretch < 0 && !font.isVertical ? -1 : 1);
  let gone = 0;
  for (const one of text) {
    if (typeof one === 'number') {
      gone -= (one / 1000) * size;
      continue;
    }
    const length = (font.isVertical ? one.height : one.width) * font.unit * size;
    const pen = font.isVertical ? moved(state.pen, 0, gone) : moved(state.pen, gone * stretch, 0);
    const [, , , , x, y] = chain(toPage, moved(pen, 0, state.rise));
    if (Number.isFinite(x) && Number.isFinite(y)) {
      const width = Math.abs(length * (font.isVertical ? 1 : stretch)) * along;
      glyphs.push({ text: one.text, x, y, ux: (alongX / along) * sign, uy: (alongY / along) * sign, width, size: em });
    }
    gone += length + state.letterSpacing + (one.isSpace ? state.wordSpacing : 0);
  }
  const pen = font.isVertical ? moved(state.pen, 0, gone) : moved(state.pen, gone * stretch, 0);
  return { state: { ...state, pen }, glyphs };
}
