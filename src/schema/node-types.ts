/**
 * Tells `Node` which type a row is; rows themselves don't know.
 * @module
 */

const TYPES = new WeakMap<object, string>();

export function tagged<T extends object>(type: string, row: T | null): T | null {
  if (row) TYPES.set(row, type);
  return row;
}

export function typeOfNode(row: object): string | undefined {
  return TYPES.get(row);
}
