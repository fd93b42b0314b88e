/**
 * Collects the faults of an input, so that all are answered together.
 * @module
 */
import { MAX_IDEMPOTENCY_KEY, MAX_WAIT_MS } from '../model/limits.ts';
import { InvalidInput, type InputIssue, type IssueCode } from '../model/problems.ts';
import { isStorable } from '../model/text.ts';

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
  text(name: string, value: string, max: number): void {
    if (value.trim() === '') this.add('REQUIRED', [name], 'This must not be empty.');
    this.length(name, value, max);
  }

  length(name: string, value: string | null, max: number): void {
    if (value === null) return;
    if (value.length > max) {
      this.add('TOO_LONG', [name], `At most ${max} characters are taken; these are ${value.length}.`);
    }
    if (!isStorable(value)) {
      this.add('INVALID_FORMAT', [name], 'NUL and halves of surrogate pairs are not allowed in text.');
    }
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
