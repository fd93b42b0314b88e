import fc from 'fast-check';
import { expect, test } from 'vitest';
import { findText, isDecoded, lettersOf, type TextRun } from '../../src/documents/find-text.ts';

/** A text on one line from x = 0, each letter one point wide, in runs of these lengths. */
function line(text: string, lengths: readonly number[]): TextRun[] {
  const runs: TextRun[] = [];
  const letters = [...text];
  for (let x = 0, index = 0; x < letters.length; index += 1) {
    const part = letters.slice(x, x + (lengths[index] ?? letters.length));
    runs.push({ text: part.join(''), x, y: 5, dx: part.length, dy: 0 });
    x += part.length;
  }
  return runs;
}

test('a text is found where it stands, in whatever runs a PDF writes it', () => {
  const before = fc.string({ unit: fc.constantFrom('a', 'b', ' ', 'é', '𝒳'), maxLength: 12 });
  fc.assert(
    fc.property(fc.array(before, { maxLength: 4 }), fc.array(fc.integer({ min: 1, max: 5 })), (parts, lengths) => {
      const text = parts.map((part) => `${part}/s1/`).join('');
      const expected = parts.map((_part, index) => {
        const lead = parts.slice(0, index + 1).map((part) => [...part].length);
        return { x: lead.reduce((sum, length) => sum + length, 0) + 4 * index, y: 5 };
      });
      expect(findText(lettersOf(line(text, lengths)), '/ s1/')).toEqual(expected);
    }),
  );
});

test.each([
  ['a ligature', 'oﬃce', 'office', 1],
  ['a space that does not break', 'Sign\u00a0here', 'Sign here', 1],
  ['a soft hyphen', 'signa\u00adture', 'signature', 1],
  ['another case', 'Sign', 'sign', 0],
  ['spaces alone', 'a b', ' ', 0],
])('%s', (_what, text, wanted, count) => {
  expect(findText(lettersOf(line(text, [])), wanted)).toHaveLength(count);
});

test.each([
  ['Grüße, 東京 – 12 €\n\t', true],
  ['\u0001\u0002', false],
  ['\ue000', false],
  ['\ufffd', false],
])('%j is text that says something: %s', (text, is) => {
  expect(isDecoded(text)).toBe(is);
});
