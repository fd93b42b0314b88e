/**
 * An error as it may be written down. Messages of libraries hold whatever they were given (a database error holds its
 * parameters, a parser's the text), so only those of the language's own errors are kept, cleaned; of the others kind,
 * code and frames.
 * @module
 */
import { cleanedText } from './cleaned-text.ts';

export interface RedactedError {
  readonly name: string;
  readonly code: string | null;
  readonly message: string | null;
  readonly frames: readonly string[];
  readonly cause: RedactedError | null;
}

/** Errors of the language: their messages name things of the program, not of its users. */
const TELLING: ReadonlySet<string> = new Set(['TypeError', 'RangeError', 'ReferenceError', 'AssertionError']);
const MAX_FRAMES = 8;
/** Causes may be nested without end, or in a ring. */
const MAX_CAUSES = 5;

export function redactedError(error: unknown, depth = 0): RedactedError {
  if (!(error instanceof Error)) return { name: typeof error, code: null, message: null, frames: [], cause: null };
  const name = nameOf(error);
  return {
    name,
    code: codeOf(error),
    message: TELLING.has(name) ? cleanedText(error.message) : null,
    frames: framesOf(error),
    cause: error.cause === undefined || depth === MAX_CAUSES ? null : redactedError(error.cause, depth + 1),
  };
}

/** Many classes never set their name. */
function nameOf(error: Error): string {
  return error.name === 'Error' ? error.constructor.name : error.name;
}

function codeOf(error: Error): string | null {
  const code: unknown = Reflect.get(error, 'code');
  return typeof code === 'string' || typeof code === 'number' ? cleanedText(String(code)) : null;
}

/** A stack begins with the message, which may itself have lines that look like frames. */
function framesOf({ stack = '', message }: Error): string[] {
  const at = message === '' ? 0 : stack.indexOf(message);
  // Where the message was changed after the stack was taken, nothing tells them apart.
  if (at < 0) return [];
  return stack
    .slice(at + message.length)
    .split('\n')
    .filter((line) => /^\s+at /.test(line))
    .slice(0, MAX_FRAMES)
    .map((line) => line.trim());
}
