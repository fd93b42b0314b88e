import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { oddCharacter, type TextKind, withoutOddCharacters } from '../../src/model/characters.ts';

const KINDS: readonly TextKind[] = ['LINE', 'ADDRESS', 'PROSE', 'ANY'];
const kind = fc.constantFrom(...KINDS);
/** Characters that are seldom typed and often pasted, and some that only a program makes. */
const unseen = fc.constantFrom(
  ...'\0\b\t\n\r\x1b\x7f\x85\xad\u034f\u061c\u115f\u180e\u200b\u200c\u200d\u200e\u200f\u2028\u202a\u202e\u2060\u2066\u2069\u3164\ufeff\ufe0f\ufff9\ufffe',
  '\u{e0041}',
  '\u{e007f}',
  '\u{e0100}',
  '\ud83d',
  '\udc00',
);
const anything = fc
  .array(
    fc.oneof(
      unseen,
      fc.string({ unit: 'binary', maxLength: 3 }),
      fc.constantFrom('👩', '🏴', 'ی', 'क्', '葛', 'a', ' '),
    ),
  )
  .map((pieces) => pieces.join(''));

/** Graphemes but for those that nobody sees: separators of lines and paragraphs, fillers. */
const seen = fc
  .string({ unit: 'grapheme' })
  .map((text) => text.replaceAll(/[\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu, ''));

describe('the characters of a text', () => {
  it('are all taken once the odd ones are taken out, and none of the others is touched', () => {
    fc.assert(
      fc.property(anything, kind, (text, of) => {
        const clean = withoutOddCharacters(text, of);
        expect(oddCharacter(clean, of)).toBeNull();
        expect(withoutOddCharacters(clean, of)).toBe(clean);
        expect(clean === text).toBe(oddCharacter(text, of) === null);
      }),
      { numRuns: 2_000 },
    );
  });

  it('name the first odd one by its code and its place, wherever it stands among letters', () => {
    const letters = fc.stringMatching(/^[a-z]{1,9}$/);
    fc.assert(
      fc.property(fc.array(fc.constantFrom('x', '🏡')), letters, unseen, (before, after, character) => {
        const hex = (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
        const odd = oddCharacter([...before, 'x', character, after].join(''), 'LINE');
        expect(odd?.position).toBe(before.length + 2);
        expect(odd?.name).toMatch(new RegExp(`^U\\+${hex} [A-Z -]+[0-9]*$`));
      }),
    );
  });

  it('that can be seen are taken everywhere, whatever the script', () => {
    fc.assert(
      fc.property(seen, fc.constantFrom('LINE' as const, 'PROSE' as const), (text, of) => {
        expect(oddCharacter(text, of)).toBeNull();
      }),
      { numRuns: process.env['LONG'] ? 300_000 : 1_000 },
    );
  });

  // Found by chance among the graphemes: seed -1984895101, path 25:16.
  it.each([
    ['\u2028', 'U+2028 LINE SEPARATOR'],
    ['\u2029', 'U+2029 PARAGRAPH SEPARATOR'],
    ['\u3164', 'U+3164 HANGUL FILLER'],
    ['\uffa0', 'U+FFA0 HALFWIDTH HANGUL FILLER'],
  ])('that are graphemes and can not be seen are refused in a line: %j', (text, name) => {
    expect(oddCharacter(text, 'LINE')).toEqual({ position: 1, name });
  });

  it.each([
    ['a Persian name', 'علی\u200cرضا'],
    ['a Persian plural of a Latin word', 'PDF\u200cهای'],
    ['a plural behind a bracket', '(علی)\u200cها'],
    ['a final form', 'ه\u200d'],
    ['a Hindi half form', 'क्\u200dष'],
    ['a Hindi form without ligature', 'क्\u200cष'],
    ['a Sinhala name', 'ශ්\u200dරී'],
    ['a family', '👩\u200d👩\u200d👧'],
    ['a profession with a colour of skin', '🧑🏽\u200d🚀'],
    ['the rainbow flag', '🏳\ufe0f\u200d🌈'],
    ['the flag of Scotland', '🏴\u{e0067}\u{e0062}\u{e0073}\u{e0063}\u{e0074}\u{e007f}'],
    ['a keycap', '1\ufe0f\u20e3'],
    ['a Japanese place in its own form', '葛\u{e0100}城市'],
    ['a Mongolian word', 'ᠠ\u180bᠳ'],
    ['a name in decomposed letters', 'Zoe\u0308 Mu\u0308ller'],
    ['an apostrophe', 'Siobhán O’Brien-D\u0027Arcy'],
    ['a Japanese space', '山田\u3000太郎'],
    ['a French space', 'Prix\u202f: 5\u00a0€'],
    ['Hebrew and Arabic', 'שלום مرحبا'],
  ])('of %s are taken: %s', (_what, text) => {
    expect([oddCharacter(text, 'LINE'), oddCharacter(text, 'PROSE')]).toEqual([null, null]);
  });

  it.each([
    ['Bo\u200b Tenant', 'U+200B ZERO WIDTH SPACE', 3, 'Bo Tenant'],
    ['\ufeffBo', 'U+FEFF ZERO WIDTH NO-BREAK SPACE', 1, 'Bo'],
    ['Pa\u200dul', 'U+200D ZERO WIDTH JOINER', 3, 'Paul'],
    ['علی\u200c\u200cرضا', 'U+200C ZERO WIDTH NON-JOINER', 5, 'علی\u200cرضا'],
    ['👩\u200d', 'U+200D ZERO WIDTH JOINER', 2, '👩'],
    ['Bo\ufe0f', 'U+FE0F VARIATION SELECTOR-16', 3, 'Bo'],
    ['x\u{e0041}y', 'U+E0041 TAG CHARACTER', 2, 'xy'],
    ['\u202efdp.exe', 'U+202E RIGHT-TO-LEFT OVERRIDE', 1, 'fdp.exe'],
    ['שלום\u200f', 'U+200F RIGHT-TO-LEFT MARK', 5, 'שלום'],
    ['So\u00adphie', 'U+00AD SOFT HYPHEN', 3, 'Sophie'],
    ['Lease\nBcc: x', 'U+000A LINE FEED', 6, 'Lease Bcc: x'],
    ['a\u0085b', 'U+0085 NEXT LINE', 2, 'a b'],
    ['a\u0007b', 'U+0007 ALERT', 2, 'ab'],
    ['🏡\0', 'U+0000 NULL', 2, '🏡'],
    ['x\ud800', 'U+D800 HALF OF A SURROGATE PAIR', 2, 'x'],
    ['x\uffff', 'U+FFFF NONCHARACTER', 2, 'x'],
  ])('of a name are refused by name: %j has %s', (text, name, position, clean) => {
    expect(oddCharacter(text, 'LINE')).toEqual({ name, position });
    expect(withoutOddCharacters(text, 'LINE')).toBe(clean);
  });

  it.each([
    ['lines and tabs', 'Dear Bo,\r\n\tplease sign.\n'],
    ['the marks of its direction', 'חוזה \u200f(2026)\u200e'],
    ['names set apart, as programs do', 'Dear \u2068علی\u2069'],
    ['places where a Thai line may break', 'กรุณา\u200bลงนาม'],
  ])('of a message may be %s', (_what, text) => {
    expect(oddCharacter(text, 'PROSE')).toBeNull();
  });

  it.each([
    ['pay \u202e001\u202c euro', 'U+202E RIGHT-TO-LEFT OVERRIDE'],
    ['x\u{e0049}\u{e0067}', 'U+E0049 TAG CHARACTER'],
    ['x\u001b[2J', 'U+001B ESCAPE'],
  ])('of a message are refused that show another text: %j', (text, name) => {
    expect(oddCharacter(text, 'PROSE')?.name).toBe(name);
  });

  it.each([
    ['bo @tenant.example', 'U+0020 SPACE'],
    ['bo@tenant.example\u00a0', 'U+00A0 NO-BREAK SPACE'],
    ['bo@tenant.example\u2003', 'U+2003 SPACE OF ANOTHER WIDTH'],
  ])('of an address are no spaces: %j', (text, name) => {
    expect(oddCharacter(text, 'ADDRESS')?.name).toBe(name);
  });
});
