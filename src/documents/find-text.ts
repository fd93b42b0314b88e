/**
 * Where a text stands on a page. Spaces don't count, on either side: how a PDF spaces its words is not known, and a
 * place too many is better than one that is missed.
 * @module
 */

/** A run of text, with its place in points from the top left of the page as it is displayed: where it begins, on its baseline. */
export interface TextRun {
  readonly text: string;
  readonly x: number;
  readonly y: number;
  /** From its begin to its end. */
  readonly dx: number;
  readonly dy: number;
}

export interface Point {
  readonly x: number;
  readonly y: number;
}

interface Letter extends Point {
  readonly text: string;
}

/** The letters of a page without its spaces, each with its place. */
export function lettersOf(runs: readonly TextRun[]): Letter[] {
  return runs.flatMap((run) => {
    const letters = [...run.text];
    return letters.flatMap((letter, index) =>
      [...squeezed(letter)].map((text) => ({
        text,
        x: run.x + (run.dx * index) / letters.length,
        y: run.y + (run.dy * index) / letters.length,
      })),
    );
  });
}

/** Where each occurrence begins; upper and lower case differ, as they do for providers. */
export function findText(letters: readonly Letter[], text: string): Point[] {
  const wanted = squeezed(text);
  if (wanted === '') return [];
  const places = letters.flatMap(({ text: letter, x, y }) => Array.from(letter, () => ({ x, y })));
  const page = letters.map((letter) => letter.text).join('');
  // Code points and code units differ: the letters before an index are counted.
  const found: Point[] = [];
  for (let at = page.indexOf(wanted); at !== -1; at = page.indexOf(wanted, at + wanted.length)) {
    const place = places[Array.from(page.slice(0, at)).length];
    if (place) found.push(place);
  }
  return found;
}

/** Ligatures and widths as plain letters, without spaces and soft hyphens. */
function squeezed(text: string): string {
  return text.normalize('NFKC').replace(/[\s\u00ad\u200b-\u200d\ufeff]/gu, '');
}

/** False for text that holds what no document says: controls, private or unassigned code points. */
export function isDecoded(text: string): boolean {
  return !/[\p{Co}\p{Cn}\ufffd]|(?![\t\n\v\f\r])\p{Cc}/u.test(text);
}
