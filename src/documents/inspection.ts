/**
 * What is asked of a PDF before it is sent, and what it says.
 * @module
 */
import type { Point } from './find-text.ts';

export interface InspectionRequest {
  readonly bytes: Uint8Array;
  /** To be looked for. */
  readonly texts: readonly string[];
  /** Whose sizes are wanted, from 1; those that aren't there are left out. */
  readonly pages: readonly number[];
}

export interface PageSize {
  readonly page: number;
  /** Points, as it is displayed: crop box, rotation applied. */
  readonly width: number;
  readonly height: number;
}

export interface TextPlace extends Point {
  readonly page: number;
}

export interface FoundText {
  readonly text: string;
  readonly count: number;
  /** The first of them, in the order of the pages, on each from its top to its bottom. */
  readonly places: readonly TextPlace[];
}

/** Why a PDF could not be read: it is damaged, took too long or too much memory, or too many wait. */
export type Unread = 'BROKEN' | 'OVERRUN' | 'BUSY';

export type Inspection =
  | { readonly kind: 'ENCRYPTED' }
  | { readonly kind: 'UNREAD'; readonly why: Unread }
  | {
      readonly kind: 'READ';
      readonly pageCount: number;
      readonly pages: readonly PageSize[];
      readonly texts: readonly FoundText[];
      /** False when not all of its text can be told for sure: what wasn't found may be there all the same. */
      readonly decoded: boolean;
    };
