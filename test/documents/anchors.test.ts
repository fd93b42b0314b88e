import { readFile } from 'node:fs/promises';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Inspection } from '../../src/documents/inspection.ts';
import { readPdf } from '../../src/documents/read-pdf.ts';
import { type Drawn, pdfOfGlyphs } from '../kit/glyph-pdfs.ts';

const near = (value: number): unknown => expect.closeTo(value, 0);
const FORMS = ['NFC', 'NFD', 'NFKC', 'NFKD'] as const;

function readCase(name: string): Promise<Buffer> {
  return readFile(new URL(`cases/${name}`, import.meta.url));
}

async function find(bytes: Uint8Array, ...texts: string[]): Promise<Inspection> {
  return readPdf({ bytes, texts, pages: [] });
}

describe.each([
  ['anchor-nfd/nfd-one-code', 'anchor-nfd'],
  ['anchor-nfd/nfd-separate', 'anchor-nfd'],
  ['anchor-fake-bold/per-glyph', 'anchor-fake-bold'],
  ['anchor-fake-bold/per-word', 'anchor-fake-bold'],
])('%s', (file, folder) => {
  test.each(FORMS)('is found in one place, asked for in %s', async (form) => {
    const anchor = (await readCase(`${folder}/anchor.txt`)).toString().trim().normalize(form);
    expect(await find(await readCase(`${file}.pdf`), anchor)).toMatchObject({
      texts: [{ text: anchor, count: 1, places: [{ page: 1, x: near(72), y: near(92) }] }],
      decoded: true,
    });
  });
});

/** Letters with their marks. */
const SCRIPTS = {
  latin: ['S', 'i', 'ä', 'é', 'ő', 'ệ', 'ﬁ', '\u1e9b\u0323'],
  wide: ['Ａ', 'ｂ', 'ｶﾞ', '①', '㎏'],
  hangul: ['가', '각', '힣', '서', '명'],
  han: ['署', '名', '欄'],
  devanagari: ['ह', 'स्', 'ता', 'क्ष', 'रि', 'क़'],
  thai: ['ล', 'ง', 'ชื่', 'น้ำ'],
  hebrew: ['ח', 'ת', 'י', 'שׁ', '\ufb31'],
  arabic: ['ت', 'و', 'قِ', '\ufefb', 'ﺽ'],
} as const;
type Script = keyof typeof SCRIPTS;
const RIGHT_TO_LEFT: ReadonlySet<Script> = new Set(['hebrew', 'arabic']);

const line = fc.array(fc.constantFrom('q', 'z', '-'), { minLength: 1, maxLength: 6 });
const page = fc.constantFrom(...(Object.keys(SCRIPTS) as Script[])).chain((script) =>
  fc.record({
    script: fc.constant(script),
    anchor: fc.array(fc.constantFrom(...SCRIPTS[script]), { minLength: 2, maxLength: 6 }),
    before: line,
    after: line,
    lines: fc.tuple(line, line),
    width: fc.integer({ min: 3, max: 11 }),
    space: fc.constantFrom(0, 3),
    drawnForm: fc.constantFrom(...FORMS),
    askedForm: fc.constantFrom(...FORMS),
    /** Each mark a glyph of its own, above the letter that was drawn before. */
    marks: fc.constantFrom('JOINED', 'APART'),
    twice: fc.constantFrom('NOT', 'LETTERS', 'LINES'),
    apart: fc.double({ min: 0.05, max: 0.45, noNaN: true }),
    order: fc.constantFrom('READ', 'SEEN', 'SHUFFLED'),
    shuffle: fc.infiniteStream(fc.nat()),
    angle: fc.constantFrom(0, 0, 90, 180, 270, 33),
    rotate: fc.constantFrom(0 as const, 90 as const, 180 as const, 270 as const),
  }),
);
type Page = typeof page extends fc.Arbitrary<infer T> ? T : never;

interface Placed extends Drawn {
  /** That the anchor begins with, at its left end. */
  readonly isStart: boolean;
}

interface Letter {
  readonly text: string;
  readonly isAnchor: boolean;
}

/** A line around x = 0, in the order in which it is read. */
function lineOf(given: Page, letters: readonly Letter[], y: number): Placed[] {
  const step = given.width + given.space;
  const xOf = (index: number): number => {
    const from = (index - letters.length / 2) * step;
    return RIGHT_TO_LEFT.has(given.script) ? -from - step : from;
  };
  const leftmost = Math.min(...letters.flatMap(({ isAnchor }, index) => (isAnchor ? [xOf(index)] : [])));
  return letters.flatMap(({ text, isAnchor }, index) => {
    const [x, drawn] = [xOf(index), text.normalize(given.drawnForm)];
    const [base = '', ...marks] = given.marks === 'JOINED' ? [drawn] : drawn.split(/(?=\p{M})/u);
    const glyphs: Placed[] = [{ text: base, x, y, width: given.width, isStart: isAnchor && x === leftmost }];
    for (const mark of marks) glyphs.push({ text: mark, x: x + given.width * 0.7, y, width: 0, isStart: false });
    return glyphs;
  });
}

const around = (text: string): Letter => ({ text, isAnchor: false });
const ofAnchor = (text: string): Letter => ({ text, isAnchor: true });

/** The page's glyphs in the order in which they are drawn, the anchor in the middle of the page. */
function glyphsOf(given: Page): Placed[] {
  const { before, anchor, after, apart, twice } = given;
  const lines = [
    lineOf(given, given.lines[0].map(around), 20),
    lineOf(given, [...before.map(around), ...anchor.map(ofAnchor), ...after.map(around)], 0),
    lineOf(given, given.lines[1].map(around), -20),
  ];
  const again = (glyph: Placed): Placed => ({ ...glyph, x: glyph.x + apart, isStart: false });
  const glyphs = lines.flatMap((line) => {
    if (twice === 'LINES') return line.concat(line.map(again));
    return twice === 'LETTERS' ? line.flatMap((glyph) => [glyph, again(glyph)]) : line;
  });
  const drawn = {
    READ: () => glyphs,
    SEEN: () => glyphs.toSorted((one, other) => one.x - other.x),
    SHUFFLED: shuffled,
  };
  return drawn[given.order](glyphs, given.shuffle).map((glyph) => turned(glyph, given.angle));
}

function shuffled(glyphs: readonly Placed[], chance: Page['shuffle']): Placed[] {
  const ranked = glyphs.map((glyph) => ({ glyph, rank: chance.next().value ?? 0 }));
  return ranked.toSorted((one, other) => one.rank - other.rank).map(({ glyph }) => glyph);
}

/** Around the middle of the page. */
function turned(glyph: Placed, angle: number): Placed {
  const [cos, sin] = [Math.cos((angle * Math.PI) / 180), Math.sin((angle * Math.PI) / 180)];
  return { ...glyph, degrees: angle, x: 306 + glyph.x * cos - glyph.y * sin, y: 396 + glyph.x * sin + glyph.y * cos };
}

function displayed({ x, y }: Drawn, rotate: Page['rotate']): unknown {
  const places = { 0: [x, 792 - y], 90: [y, x], 180: [612 - x, y], 270: [792 - y, 612 - x] } as const;
  const [right, down] = places[rotate];
  return { page: 1, x: near(right), y: near(down) };
}

/** Marks that are drawn far from their letters may be warned of. */
function isTold({ marks, order }: Page): boolean {
  return marks === 'JOINED' || order === 'READ';
}

describe('a text that is on the page', () => {
  test('is never missed, and is found in one place in whatever script, order and direction', async () => {
    let told = 0;
    await fc.assert(
      fc.asyncProperty(page, async (given) => {
        const glyphs = glyphsOf(given);
        const bytes = await pdfOfGlyphs({ glyphs, rotate: given.rotate });
        const inspection = await find(bytes, given.anchor.join('').normalize(given.askedForm));
        const start = glyphs.find(({ isStart }) => isStart);
        if (inspection.kind !== 'READ') throw new Error(inspection.kind);
        const [found] = inspection.texts;
        expect(found?.count === 0 && inspection.decoded).toBe(false);
        if (!isTold(given)) return;
        told += 1;
        expect(found).toMatchObject({ count: 1, places: start ? [displayed(start, given.rotate)] : [] });
      }),
      { numRuns: process.env.LONG === undefined ? 200 : 5_000 },
    );
    expect(told).toBeGreaterThan(0);
  }, 300_000);
});
