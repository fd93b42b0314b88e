/**
 * A glyph as it is drawn on a page. Places and lengths are points from the top left of the page as it is displayed.
 * @module
 */
export interface Glyph {
  /** Its letters, as its font tells them. */
  readonly text: string;
  /** Where it begins, on its baseline. */
  readonly x: number;
  readonly y: number;
  /** The direction in which its text runs, of length one. */
  readonly ux: number;
  readonly uy: number;
  /** In that direction. */
  readonly width: number;
  /** Of an em of its font. */
  readonly size: number;
}
