import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { findText, type Point } from '../../src/documents/find-text.ts';
import type { Glyph } from '../../src/documents/glyph.ts';
import { isDecoded, type PageText, pageTextOf } from '../../src/documents/page-text.ts';

const SIGN: Glyph = { text: 'a', x: 9, y: 100, ux: 1, uy: 0, width: 8, size: 10 };

function pageOf(glyphs: readonly Glyph[]): PageText {
  return pageTextOf({
    width: 612,
    height: 792,
    glyphs,
    hasAllFonts: true,
    hasTextInAnnotations: false,
    pictures: 0,
    hasRichPattern: false,
    lines: 0,
  });
}

/** A line from x = 0, each glyph as wide. */
function line(texts: readonly string[], y = 100, width = 8): Glyph[] {
  return texts.map((text, index) => ({ text, x: index * width, y, ux: 1, uy: 0, width, size: 10 }));
}

function placesIn(glyphs: readonly Glyph[], text: string): Point[] {
  return findText(pageOf(glyphs), text);
}

test('a text is found where it stands, as often as it is there', () => {
  const before = fc.array(fc.constantFrom('a', 'b', ' ', 'é', '𝒳'), { maxLength: 6 });
  fc.assert(
    fc.property(fc.array(before, { maxLength: 4 }), (parts) => {
      const letters = parts.flatMap((part) => [...part, ...'/s1/']);
      const expected = parts.map((_part, index) => ({
        x: 8 * parts.slice(0, index + 1).reduce((sum, part) => sum + part.length, 4 * index),
        y: 100,
      }));
      expect(placesIn(line(letters), '/ s1/')).toEqual(expected);
    }),
  );
});

test.each([
  ['a ligature', ['o', 'ﬃ', 'c', 'e'], 'office', 1],
  ['a space that does not break', [...'Sign\u00a0here'], 'Sign here', 1],
  ['a soft hyphen', [...'signa\u00adture'], 'signature', 1],
  ['a mark for the direction of text', [...'\u200eSign'], 'Si\u200fgn', 1],
  ['another case', [...'Sign'], 'sign', 0],
  ['spaces alone', [...'a b'], ' ', 0],
  ['a letter without the mark that follows', [...'Ka\u0308ufer'], 'Ka', 0],
  ['a syllable without its last letter', ['각'], '가', 0],
  ['a syllable in the letters of keyboards', ['ㅅ', 'ㅓ'], '서', 1],
])('%s', (_what, glyphs, wanted, count) => {
  expect(placesIn(line(glyphs), wanted)).toHaveLength(count);
});

describe('an accent that is drawn', () => {
  const [k, u, f] = line(['K', 'u', 'f']);
  if (!k || !u || !f) throw new Error('three glyphs');
  const accent = { ...u, text: '¨', x: u.x + 2, width: 3 };
  const wide = { ...accent, x: u.x - 1, y: 94, width: 10 };

  test.each([
    ['before its letter', [k, accent, u, f]],
    ['before it, and begins further to the left and higher', [k, wide, u, f]],
    ['after it', [k, u, accent, f]],
    ['after it, and begins further to the left and higher', [k, u, wide, f]],
  ])('%s belongs to it', (_when, glyphs) => {
    expect(placesIn(glyphs, 'Küf')).toEqual([{ x: 0, y: 100 }]);
  });
});

test('a page whose marks are drawn far from their letters may say something else than is read', () => {
  const [teno, r] = [line([...'Teno']), { ...SIGN, text: 'r', x: 32 }];
  const mark = { ...SIGN, text: '\u030b', x: 27, width: 0 };
  const elsewhere = { ...SIGN, x: 27, y: 200 };
  expect(pageOf([...teno, mark, elsewhere, r]).isPlain).toBe(true);
  expect(pageOf([...teno, elsewhere, mark, r]).isPlain).toBe(false);
});

describe('a line that runs from right to left', () => {
  const seen = line([...'םולש s2/ 123/ :המיתח']);

  test.each(['חתימה: /s2/ 123 שלום', '/s2/', '123 שלום'])('is read by its words and numbers: %s', (text) => {
    expect(placesIn(seen, text)).toHaveLength(1);
  });

  test('tells the left end of what is found', () => {
    expect(placesIn(seen, 'שלום')).toEqual([{ x: 0, y: 100 }]);
  });
});

describe('a text over two lines', () => {
  const lines = [...line([...'Sign'], 100), ...line([...'here'], 115)];

  test('is found at its first line', () => {
    expect(placesIn(lines, 'Sign here')).toEqual([{ x: 0, y: 100 }]);
  });

  test('is found where the second line is drawn first', () => {
    expect(placesIn([...lines.slice(4), ...lines.slice(0, 4)], 'Sign here')).toEqual([{ x: 0, y: 100 }]);
  });
});

test('places come from the top of the page to its bottom', () => {
  const glyphs = [300, 100, 200].flatMap((y) => line([...'/s1/'], y));
  expect(placesIn(glyphs, '/s1/').map(({ y }) => y)).toEqual([100, 200, 300]);
});

test('the same letter twice in a word is not one drawn twice', () => {
  expect(placesIn(line([...'illicit'], 100, 2.2), 'illicit')).toHaveLength(1);
});

test.each([
  ['Grüße, 東京 – 12 €\n\t', true],
  ['\u0001\u0002', false],
  ['\ue000', false],
  ['\ufffd', false],
])('%j is text that says something: %s', (text, is) => {
  expect(isDecoded(text)).toBe(is);
});

const COUNT = 200_000;

// In time that grows with the square, each of these takes minutes.
test.each<[string, (index: number) => Partial<Glyph>]>([
  ['on one spot', () => ({ x: 9 })],
  ['a hair apart', (index) => ({ x: index / 1000 })],
  ['on one line', (index) => ({ x: (index * 600) / COUNT, width: 0.001 })],
  ['on lines of their own', (index) => ({ y: (index * 700) / COUNT, size: 0.001, width: 0.001 })],
  ['in directions of their own', (index) => ({ ux: Math.cos(index), uy: Math.sin(index), x: index / 1000 })],
  ['as marks of one letter', (index) => ({ text: index % 2 === 0 ? '\u0301' : '\u0323', x: index / 1000 })],
  ['from right to left', (index) => ({ text: index % 2 === 0 ? 'א' : '(', x: (index * 600) / COUNT, width: 0.001 })],
])('a page of very many glyphs is read: %s', { timeout: 60_000 }, (_where, changes) => {
  const glyphs = Array.from({ length: COUNT }, (_, index) => ({ ...SIGN, ...changes(index) }));
  expect(placesIn(glyphs, 'Signature')).toEqual([]);
});
