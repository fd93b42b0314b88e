/**
 * Where a text stands on a page.
 * @module
 */
import type { Glyph } from './glyph.ts';
import { normalForm } from './normal-form.ts';
import type { PageText } from './page-text.ts';

export interface Point {
  readonly x: number;
  readonly y: number;
}

/**
 * The left end of each occurrence, on its baseline, from the top of the page to its bottom. Upper and lower case differ, as
 * they do for providers. What is found in several orders is one occurrence.
 */
export function findText({ orders, seen }: PageText, text: string): Point[] {
  const wanted = normalForm([text]).text;
  if (wanted === '') return [];
  const taken = new Set<Glyph>();
  const starts: { readonly glyph: Glyph; readonly index: number }[] = [];
  for (const { text: page, owners, glyphs } of orders) {
    for (let at = page.indexOf(wanted); at !== -1; at = page.indexOf(wanted, at + wanted.length)) {
      const found = glyphs.slice(owners[at], (owners[at + wanted.length - 1] ?? 0) + 1);
      if (!found.some((glyph) => taken.has(glyph))) starts.push(...startOf(found, seen));
      for (const glyph of found) taken.add(glyph);
    }
  }
  return starts.toSorted((one, other) => one.index - other.index).map(({ glyph: { x, y } }) => ({ x, y }));
}

/** What is furthest to the left in the first line of what was found. */
function startOf(found: readonly Glyph[], seen: PageText['seen']): { glyph: Glyph; index: number }[] {
  const placed = found.flatMap((glyph) => {
    const place = seen.get(glyph);
    return place ? [{ glyph, ...place }] : [];
  });
  const line = placed[0]?.line;
  const inLine = placed.filter((one) => one.line === line);
  return inLine.toSorted((one, other) => one.index - other.index).slice(0, 1);
}
