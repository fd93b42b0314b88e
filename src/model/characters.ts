/**
 * Which characters a text may have. What nobody sees makes two names of one, hides what an address says, or shows it in
 * another order; what scripts and emoji are written with stays.
 * @module
 */
import { characterName } from './character-names.ts';

/**
 * `LINE`: a name, a subject, a key. `ADDRESS`: the same without spaces. `PROSE`: what people read as a whole, with its
 * lines, tabs and the marks of its script. `ANY`: whatever can be stored.
 */
export type TextKind = 'LINE' | 'ADDRESS' | 'PROSE' | 'ANY';

export interface OddCharacter {
  /** Counted from 1, in characters as Unicode counts them. */
  readonly position: number;
  /** Such as `U+200B ZERO WIDTH SPACE`. */
  readonly name: string;
}

/** A letter of a script whose letters change their shape beside others, with its marks. */
const JOINING =
  '(?:[\\p{L}--[\\p{sc=Latn}\\p{sc=Grek}\\p{sc=Cyrl}\\p{sc=Hani}\\p{sc=Hira}\\p{sc=Kana}\\p{sc=Hang}\\p{scx=Zyyy}]]\\p{M}*)';

/** Sequences in which what can't be seen has a meaning. */
const SEQUENCES = [
  // Flags of England, Scotland, Wales.
  '\\u{1F3F4}[\\u{E0020}-\\u{E007E}]+\\u{E007F}',
  // One joiner beside a letter that joins: Persian, Hindi and others need it.
  `(?<![\\u200C\\u200D])[\\u200C\\u200D](?:(?<=${JOINING}[\\u200C\\u200D])|(?=${JOINING}))`,
  // Between emoji: families, professions.
  '(?<=[\\p{ExtPict}\\p{EMod}\\uFE0F\\u{E007F}])\\u200D(?=\\p{ExtPict})',
  // The look of an emoji or symbol, the form of a Han character: one behind each.
  '(?<=[\\p{Emoji}\\p{S}\\p{P}\\p{sc=Hani}\\p{sc=Mymr}\\p{sc=Phag}])[\\uFE00-\\uFE0F\\u{E0100}-\\u{E01EF}]',
  '(?<=\\p{sc=Mong})[\\u180B-\\u180F]',
].join('|');

const NEVER = '\\p{Cs}\\p{NChar}\\uFFF9-\\uFFFB';
const UNSEEN = `${NEVER}\\p{Cc}\\p{Zl}\\p{Zp}\\p{DI}`;
/** Overrides of the direction, tags, and controls but for lines and tabs. */
const NOT_IN_PROSE = `[${NEVER}\\p{Cc}\\u202A-\\u202E\\u206A-\\u206F\\uFEFF\\u{E0000}-\\u{E00FF}]--[\\t\\n\\r]`;

const ODD: Readonly<Record<TextKind, RegExp>> = {
  LINE: odd(`[${UNSEEN}]`),
  ADDRESS: odd(`[${UNSEEN}\\s]`),
  PROSE: odd(`[${NOT_IN_PROSE}]`),
  ANY: odd('[\\p{Cs}\\0]'),
};

/** Matches what is allowed as a sequence, or one character that isn't, as `odd`. */
function odd(characters: string): RegExp {
  return new RegExp(`${SEQUENCES}|(?<odd>${characters})`, 'gv');
}

/** The first character that such a text may not have, or null. */
export function oddCharacter(text: string, kind: TextKind): OddCharacter | null {
  for (const { groups, index } of text.matchAll(ODD[kind])) {
    const character = groups?.['odd'];
    if (character !== undefined) {
      return { position: Array.from(text.slice(0, index)).length + 1, name: characterName(character) };
    }
  }
  return null;
}

export function notTaken({ name, position }: OddCharacter): string {
  return `${name} at position ${position} is not taken here.`;
}

/** The text as it may be: without its odd characters, and with a space for a line's end or a tab. */
export function withoutOddCharacters(text: string, kind: TextKind): string {
  let clean = text;
  // What stands between two others may have kept them apart.
  while (oddCharacter(clean, kind)) {
    clean = clean.replaceAll(ODD[kind], (match, ...rest) => {
      const { odd: character }: { odd?: string } = rest.at(-1);
      if (character === undefined) return match;
      return kind === 'LINE' && /[\t-\r\x85\u2028\u2029]/.test(character) ? ' ' : '';
    });
  }
  return clean;
}
