/**
 * An error as it may be written down. Messages of libraries hold whatever they were given (a database error holds its
 * parameters), so only the messages of errors that are ours by name are kept; of the others kind, code and frames.
 * @module
 */

export interface RedactedError {
  readonly name: string;
  readonly code: string | null;
  readonly message: string | null;
  readonly frames: readonly string[];
  readonly cause: RedactedError | null;
}

/** Errors of the language and of node: their messages name things of the program, not of its users. */
const TELLING: ReadonlySet<string> = new Set(['TypeError', 'RangeError', 'ReferenceError', 'AssertionError']);

export function redactedError(error: unknown): RedactedError {
  if (!(error instanceof Error)) return { name: typeof error, code: null, message: null, frames: [], cause: null };
  const code =
    'code' in error && (typeof error.code === 'string' || typeof error.code === 'number') ? String(error.code) : null;
  return {
    name: error.name,
    code,
    message: TELLING.has(error.name) ? error.message : null,
    frames: (error.stack ?? '')
      .split('\n')
      .filter((line) => /^\s+at /.test(line))
      .slice(0, 8)
      .map((line) => line.trim()),
    cause: error.cause === undefined ? null : redactedError(error.cause),
  };
}
