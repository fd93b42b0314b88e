/**
 * Collects the faults of an input, so that all are answered together.
 * @module
 */
import { MAX_IDEMPOTENCY_KEY, MAX_WAIT_MS } from '../../model/limits.ts';
import { InvalidInput, type InputIssue, type IssueCode } from '../../model/problems.ts';
import { notTaken, oddCharacter, type TextKind, withoutOddCharacters } from '../../model/characters.ts';

export class Issues {
  readonly list: InputIssue[] = [];
  /** Where this collection stands: every path goes on from here. */
  readonly path: readonly string[];

  constructor(path: readonly string[] = [], list: InputIssue[] = []) {
    this.path = path;
    this.list = list;
  }

  /** The same collection, with paths that go on from here. */
  under(...path: (string | number)[]): Issues {
    return new Issues([...this.path, ...path.map(String)], this.list);
  }

  add(code: IssueCode, path: readonly (string | number)[], message: string, suggestion: string | null = null): void {
    this.list.push({ code, message, path: [...this.path, ...path.map(String)], suggestion });
  }

  /** Text that must be there, in at most `max` characters. */
  text(name: string, value: string, max: number, kind: TextKind = 'LINE'): void {
    // What is invisible is nothing, such as the pattern of Braille that has no dots.
    if (/^[\s\u2800\p{Cc}\p{Default_Ignorable_Code_Point}]*$/u.test(value))
      this.add('REQUIRED', [name], 'This must not be empty.');
    else this.optional(name, value, max, kind);
  }

  /** Text that may be empty or, as null, not be there. */
  optional(name: string, value: string | null, max: number, kind: TextKind = 'LINE'): void {
    if (value === null) return;
    this.length(name, value, max);
    this.characters(name, value, kind);
  }

  length(name: string, value: string, max: number): void {
    if (value.length <= max) return;
    this.add('TOO_LONG', [name], `At most ${max} characters are taken; these are ${value.length}.`);
  }

  /** Names the first character that such a text may not have; true when it has none. */
  characters(name: string, value: string, kind: TextKind): boolean {
    const odd = oddCharacter(value, kind);
    if (odd) this.add('INVALID_FORMAT', [name], notTaken(odd), suggestedText(value, kind));
    return odd === null;
  }

  /** `idempotencyKey`, null where none was given. */
  key(value: string | null): void {
    if (value !== null) this.text('idempotencyKey', value, MAX_IDEMPOTENCY_KEY);
  }

  /** `waitMs`. */
  wait(milliseconds: number): void {
    if (milliseconds >= 0 && milliseconds <= MAX_WAIT_MS) return;
    this.add('OUT_OF_RANGE', ['waitMs'], `From 0 to ${MAX_WAIT_MS} milliseconds.`);
  }

  /** Throws InvalidInput with all that was collected, if anything was. */
  raise(): void {
    if (this.list.length > 0) throw new InvalidInput(this.list);
  }

  /** Every value that occurs a second time, reported where it does. */
  unique(path: string, name: string, values: readonly string[], message: (value: string) => string): void {
    const seen = new Set<string>();
    for (const [index, value] of values.entries()) {
      if (seen.has(value)) this.add('DUPLICATE', [path, index, name], message(value));
      seen.add(value);
    }
  }
}

/** Longer texts are not repeated. */
export const MAX_SUGGESTION = 200;

function suggestedText(value: string, kind: TextKind): string | null {
  const clean = value.length > MAX_SUGGESTION ? '' : withoutOddCharacters(value, kind).trim();
  return clean === '' ? null : clean;
}
