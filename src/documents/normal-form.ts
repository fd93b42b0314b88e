/**
 * The one form in which texts are compared, a page's and an anchor's alike: NFKC of the whole, without spaces and without
 * what is not seen. How a PDF spaces its words is not known, and a place too many is better than one that is missed.
 * @module
 */

export interface NormalText {
  readonly text: string;
  /** For each code unit of `text`, the index of the part that it comes from. */
  readonly owners: readonly number[];
}

const IGNORED = /[\s\p{Default_Ignorable_Code_Point}]/u;
/** What may become one letter with what stands before it: marks, and the later parts of Hangul syllables. */
const CONTINUES = /[\p{M}\u1160-\u11ff]/u;
/** Unicode's own bound (Stream-Safe Text Format): without it, sorting the marks of one letter takes quadratic time. */
const MAX_CLUSTER = 31;

/**
 * A letter and its marks may come from several parts, so the parts are decomposed one by one and composed together.
 * What is composed belongs to the part that the letter comes from.
 */
export function normalForm(parts: readonly string[]): NormalText {
  const pieces: string[] = [];
  const owners: number[] = [];
  let cluster = '';
  let length = 0;
  let owner = 0;
  const flush = (): void => {
    const piece = length > 1 ? cluster.normalize('NFC') : cluster;
    pieces.push(piece);
    for (let unit = 0; unit < piece.length; unit += 1) owners.push(owner);
  };
  parts.forEach((part, index) => {
    for (const letter of decomposed(part)) {
      if (length < MAX_CLUSTER && letter > '\u007f' && CONTINUES.test(letter)) {
        if (length === 0) owner = index;
        cluster += letter;
        length += 1;
      } else {
        flush();
        [cluster, length, owner] = [letter, 1, index];
      }
    }
  });
  flush();
  return { text: pieces.join(''), owners };
}

/** True when a text is nothing but marks that belong to a letter beside it, accents that have a width among them. */
export function isMark(text: string): boolean {
  return text > '\u007f' && /^\p{M}+$/u.test([...decomposed(text)].join(''));
}

/** Letter by letter, so that the marks of a long text are not sorted here. */
function* decomposed(text: string): Generator<string> {
  for (const letter of text) {
    if (letter > ' ' && letter <= '~') yield letter;
    else for (const part of letter.normalize('NFKD')) if (!IGNORED.test(part)) yield part;
  }
}
