/**
 * From the glyphs that a page draws to those that are read: text drawn twice counts once, marks go to their letters, and
 * glyphs stand in lines, in the direction of their text. Each step takes time in proportion to the glyphs, sorting aside.
 * @module
 */
import type { Glyph } from './glyph.ts';
import { isMark } from './normal-form.ts';

/**
 * Without those that repeat one beside them: text is drawn twice or more often, a little apart, to look bold or raised.
 * Apart means less than half of the letter's own width, so the same letter twice in a word stays.
 */
export function withoutRepeats(glyphs: readonly Glyph[]): Glyph[] {
  // Squares as large as two repeats may be apart: one square holds one glyph of a kind, and its neighbours are looked at.
  const drawn = new Map<string, Map<number, Glyph>>();
  return glyphs.filter((glyph) => {
    const apart = Math.min(glyph.width > 0 ? glyph.width / 2 : glyph.size / 10, glyph.size / 6);
    const exponent = Math.floor(Math.log2(Math.max(apart, 0.01)));
    const side = 2 ** exponent;
    const kind = `${exponent} ${glyph.text}`;
    const squares = drawn.get(kind) ?? new Map<number, Glyph>();
    drawn.set(kind, squares);
    const [column, row] = [Math.floor(glyph.x / side), Math.floor(glyph.y / side)];
    const isRepeat = NEIGHBOURS.some(([right, down]) => {
      const near = squares.get(squareAt(column + right, row + down));
      return near !== undefined && Math.abs(near.x - glyph.x) < side && Math.abs(near.y - glyph.y) < side;
    });
    const square = squareAt(column, row);
    if (!squares.has(square)) squares.set(square, glyph);
    return !isRepeat;
  });
}

const NEIGHBOURS = [-1, 0, 1].flatMap((right) => [-1, 0, 1].map((down): [number, number] => [right, down]));

function squareAt(column: number, row: number): number {
  return column * 2 ** 26 + row;
}

/**
 * With each mark as part of the glyph that it stands on: the one drawn before it, or the one after it where it is in the
 * middle of that. Marks whose letter is drawn at another time stay glyphs of their own.
 */
export function withMarks(glyphs: readonly Glyph[]): Glyph[] {
  const read: Glyph[] = [];
  let waiting = '';
  glyphs.forEach((glyph, index) => {
    const [before, after] = [read.at(-1), glyphs[index + 1]];
    const isOnBefore = (slack: number): boolean =>
      before !== undefined && waiting === '' && standsOn(glyph, before, slack);
    if (!isMark(glyph.text)) {
      read.push(waiting === '' ? glyph : { ...glyph, text: glyph.text + waiting });
      waiting = '';
    } else if (!isOnBefore(0) && after && !isMark(after.text) && standsOn(glyph, after, -after.width / 4)) {
      waiting += glyph.text;
    } else if (before && isOnBefore(glyph.size / 10)) {
      read[read.length - 1] = { ...before, text: before.text + glyph.text };
    } else read.push(glyph);
  });
  return read;
}

/** True when the middle of a mark is above or below a letter, or at most that far beside it. */
function standsOn(mark: Glyph, { x, y, ux, uy, width, size }: Glyph, beside: number): boolean {
  const [right, down] = [mark.x - x, mark.y - y];
  const middle = right * ux + down * uy + mark.width / 2;
  return middle >= -beside && middle <= width + beside && Math.abs(down * ux - right * uy) <= size;
}

/** The glyphs of each line, from the left to the right as they are displayed; of text that is turned, in its direction. */
export function linesOf(glyphs: readonly Glyph[]): Glyph[][] {
  const directions = new Map<number, Glyph[]>();
  for (const glyph of glyphs) {
    const direction = directionOf(glyph);
    const group = directions.get(direction);
    if (group) group.push(glyph);
    else directions.set(direction, [glyph]);
  }
  return [...directions].toSorted(([one], [other]) => one - other).flatMap(([, group]) => linesOfGroup(group));
}

/** Degrees clockwise, from 0 to 359. */
function directionOf({ ux, uy }: Glyph): number {
  return (Math.round((Math.atan2(uy, ux) * 180) / Math.PI) + 360) % 360;
}

export function isTurned(glyph: Glyph): boolean {
  return directionOf(glyph) !== 0;
}

function linesOfGroup(group: readonly Glyph[]): Glyph[][] {
  const { ux = 1, uy = 0 } = group[0] ?? {};
  const along = ({ x, y }: Glyph): number => x * ux + y * uy;
  const across = ({ x, y }: Glyph): number => y * ux - x * uy;
  const lines: Glyph[][] = [];
  let start: Glyph | undefined;
  for (const glyph of group.toSorted((one, other) => across(one) - across(other))) {
    // Less than a line is high, and more than letters are raised or lowered in one.
    const line = start && across(glyph) - across(start) < 0.4 * glyph.size ? lines.at(-1) : undefined;
    if (line) line.push(glyph);
    else {
      lines.push([glyph]);
      start = glyph;
    }
  }
  return lines.map((line) => line.toSorted((one, other) => along(one) - along(other)));
}

/** True when words of a line are drawn in another order than they are read. */
export function isOutOfOrder(line: readonly Glyph[], drawnAs: ReadonlyMap<Glyph, number>): boolean {
  return line.some((glyph, index) => {
    const before = line[index - 1];
    if (!before || (drawnAs.get(before) ?? 0) <= (drawnAs.get(glyph) ?? 0)) return false;
    // What is further apart are columns, in whatever order they come.
    const gap = (glyph.x - before.x) * glyph.ux + (glyph.y - before.y) * glyph.uy - before.width;
    return gap < 1.5 * glyph.size;
  });
}
