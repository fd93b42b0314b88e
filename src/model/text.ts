/**
 * Text as the database can hold it.
 * @module
 */

/** False for text with NUL or half of a surrogate pair: Postgres takes neither, and nothing stored has them. */
export function isStorable(text: string): boolean {
  return !text.includes('\u0000') && text.isWellFormed();
}
