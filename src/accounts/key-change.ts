/**
 * Keys that webhooks are signed with, added and removed: two are live while one takes the other's place.
 * @module
 */
import { notTaken, oddCharacter } from '../model/characters.ts';
import { type InputIssue, InvalidInput } from '../model/problems.ts';

export interface KeyChange {
  readonly add: readonly string[];
  readonly remove: readonly string[];
  /** Where `addHmacKeys` and `removeHmacKeys` stand in the input. */
  readonly path: readonly string[];
}

/** As many as DocuSign lets an account have; nobody needs more. */
const MAX_KEYS = 100;
const MAX_KEY = 1_000;

/** The keys after the change. Throws InvalidInput with every fault; no message repeats a key. */
export function keysAfter(live: readonly string[], { add, remove, path }: KeyChange): readonly string[] {
  const issues: InputIssue[] = [];
  const fault = (code: InputIssue['code'], message: string, ...at: (string | number)[]): void =>
    void issues.push({ code, message, path: [...path, ...at.map(String)], suggestion: null });
  for (const [index, key] of add.entries()) {
    const odd = oddCharacter(key, 'LINE');
    if (key.trim() === '') fault('REQUIRED', 'must not be empty', 'addHmacKeys', index);
    else if (odd) fault('INVALID_FORMAT', notTaken(odd), 'addHmacKeys', index);
    if (key.length > MAX_KEY) fault('TOO_LONG', `at most ${MAX_KEY} characters`, 'addHmacKeys', index);
  }
  for (const [index, key] of remove.entries()) {
    if (!live.includes(key)) fault('UNKNOWN_REFERENCE', 'is no key of this account', 'removeHmacKeys', index);
    if (add.includes(key)) fault('DUPLICATE', 'is to be added too', 'removeHmacKeys', index);
  }
  const after = [...new Set([...live.filter((key) => !remove.includes(key)), ...add])];
  if (after.length === 0) {
    fault('REQUIRED', 'one key must stay: webhooks are believed only when they are signed', 'removeHmacKeys');
  }
  if (after.length > MAX_KEYS) fault('TOO_MANY', `at most ${MAX_KEYS} keys`, 'addHmacKeys');
  if (issues.length > 0) throw new InvalidInput(issues);
  return after;
}
