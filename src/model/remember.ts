/**
 * Memories with a bound.
 * @module
 */

/** Keeps the value, and at most so many: the oldest goes first, since a Map keeps the order of insertion. */
export function remember<Key, Value>(memory: Map<Key, Value>, key: Key, value: Value, most: number): void {
  memory.set(key, value);
  const [oldest] = memory.keys();
  if (memory.size > most && oldest !== undefined) memory.delete(oldest);
}
