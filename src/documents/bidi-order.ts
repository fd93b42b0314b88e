/**
 * From the order in which a line is seen to that in which it is read, where text runs from right to left. The levels of
 * Unicode's bidirectional algorithm are guessed from what is seen; its reversals lead from either order to the other.
 * @module
 */
import type { Glyph } from './glyph.ts';

const RIGHT_TO_LEFT = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]/u;

export function isRightToLeft(text: string): boolean {
  return text > '\u058f' && RIGHT_TO_LEFT.test(text);
}

/** `base` is 0 for a line that runs to the right as a whole, and 1 for one that runs to the left. */
export function asRead(line: readonly Glyph[], base: 0 | 1): readonly Glyph[] {
  const levels = levelsOf(line, base);
  if (levels.every((level) => level === 0)) return line;
  const seen = line.map((glyph, index) => ({ glyph, level: levels[index] ?? base }));
  return runsOf(seen, 1)
    .flatMap((run) => (isAtLeast(run, 1) ? runsOf(run.toReversed(), 2) : [run]))
    .flatMap((run) => (isAtLeast(run, 2) ? run.toReversed() : run))
    .map(({ glyph }) => glyph);
}

interface Leveled {
  readonly glyph: Glyph;
  readonly level: number;
}

function isAtLeast(run: readonly Leveled[], level: number): boolean {
  return (run[0]?.level ?? 0) >= level;
}

/** Cut where the levels rise to this one or fall below it. */
function runsOf(line: readonly Leveled[], level: number): Leveled[][] {
  const runs: Leveled[][] = [];
  for (const one of line) {
    const last = runs.at(-1);
    if (last && isAtLeast(last, level) === one.level >= level) last.push(one);
    else runs.push([one]);
  }
  return runs;
}

type Kind = 'LEFT' | 'RIGHT' | 'DIGIT' | 'NEUTRAL';

function kindOf({ text }: Glyph): Kind {
  if (isRightToLeft(text)) return 'RIGHT';
  if (/\p{N}/u.test(text)) return 'DIGIT';
  return /\p{L}/u.test(text) ? 'LEFT' : 'NEUTRAL';
}

function levelsOf(line: readonly Glyph[], base: 0 | 1): number[] {
  const seen = line.map(kindOf);
  const last = nearest(seen);
  // A number after a word of a left-to-right script is part of its run.
  const kinds = seen.map((kind, index) => (kind === 'DIGIT' && last[index] === 'LEFT' ? 'LEFT' : kind));
  const left = nearest(kinds);
  const right = nearest(kinds.toReversed()).toReversed();
  return kinds.map((kind, index) => {
    const [before, after] = [left[index], right[index]];
    if (kind === 'RIGHT') return 1;
    if (kind === 'LEFT') return base === 0 ? 0 : 2;
    if (kind === 'DIGIT') return base === 1 || (before === 'RIGHT' && after === 'RIGHT') ? 2 : 0;
    if (before === 'RIGHT' && after === 'RIGHT') return 1;
    return base === 1 && before === 'LEFT' && after === 'LEFT' ? 2 : base;
  });
}

/** For each of them, the nearest letter up to there. */
function nearest(kinds: readonly Kind[]): (Kind | null)[] {
  let last: Kind | null = null;
  return kinds.map((kind) => {
    if (kind === 'LEFT' || kind === 'RIGHT') last = kind;
    return last;
  });
}
