/**
 * For what the database guarantees to be there.
 * @module
 */

/** The row, or an error that says what should have been there: a bug, so it leaves masked. */
export async function found<T>(row: Promise<T | null>, what: string): Promise<T> {
  const value = await row;
  if (value === null) throw new Error(`the ${what} of a row is missing`);
  return value;
}
