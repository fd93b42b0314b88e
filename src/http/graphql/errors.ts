/**
 * What of an error a client gets to see. Whatever isn't known here leaves as INTERNAL with the request's id and nothing
 * else, and is logged once.
 * @module
 */
import { GraphQLError } from 'graphql';
import { Problem } from '../../model/problems.ts';

export interface Logger {
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** Errors by code that any folder may throw: their message is written for clients, and so are the fields below. */
const PUBLIC_CODES: ReadonlySet<unknown> = new Set([
  'UNAUTHENTICATED',
  'FORBIDDEN',
  'BAD_USER_INPUT',
  'INVALID_CURSOR',
  'CURSOR_EXPIRED',
  'SLOW_CONSUMER',
  'DRAINING',
  'TOKEN_EXPIRED',
]);
const PUBLIC_FIELDS = ['cursor', 'earliestCursor', 'retryAfterMs', 'requiredScope', 'claims'] as const;

export function refusal(code: string, message: string, extensions: Record<string, unknown> = {}): GraphQLError {
  return new GraphQLError(message, { extensions: { ...extensions, code } });
}

/**
 * `fallback` is the code of a GraphQL error without one: the stage that found it. Suggestions ("Did you mean …?") are
 * for those who may read the schema.
 */
export function toPublicError(
  error: unknown,
  requestId: string,
  fallback: string,
  logger: Logger,
  { suggestions = false }: { readonly suggestions?: boolean } = {},
): GraphQLError {
  const root = rootOf(error);
  if (root instanceof GraphQLError) {
    return withCode(error instanceof GraphQLError ? error : root, fallback, suggestions);
  }
  const known = knownExtensions(root);
  if (known && root instanceof Error) return at(error, root.message, known);
  logger.error(
    { err: root, requestId, path: error instanceof GraphQLError ? error.path : undefined },
    'unexpected error',
  );
  return at(error, 'Something went wrong here. Name the request id when you report it.', {
    code: 'INTERNAL',
    requestId,
  });
}

/** The error that was thrown, below what graphql wraps around it. */
function rootOf(error: unknown): unknown {
  let root = error;
  while (root instanceof GraphQLError && root.originalError) root = root.originalError;
  return root;
}

function knownExtensions(error: unknown): Record<string, unknown> | null {
  // thrown where no union could answer it
  if (error instanceof Problem) return { code: error.code };
  if (!(error instanceof Error) || !('code' in error) || !PUBLIC_CODES.has(error.code)) return null;
  const fields = new Map<string, unknown>(Object.entries(error));
  return {
    code: error.code,
    ...Object.fromEntries(PUBLIC_FIELDS.filter((name) => fields.has(name)).map((name) => [name, fields.get(name)])),
  };
}

/** As graphql writes it. Bounded, since a message may repeat a value of the caller's, of any length. */
const SUGGESTION = / Did you mean [^?]{0,500}\?/g;

/** Drops what only the HTTP layer of the engine reads (`http`), and suggestions where they would tell the schema. */
function withCode(error: GraphQLError, fallback: string, suggestions: boolean): GraphQLError {
  const { http: _, ...extensions } = error.extensions;
  const message = suggestions ? error.message : error.message.replaceAll(SUGGESTION, '');
  return at(error, message, { ...extensions, code: extensions['code'] ?? fallback });
}

function at(error: unknown, message: string, extensions: Record<string, unknown>): GraphQLError {
  if (!(error instanceof GraphQLError)) return new GraphQLError(message, { extensions });
  const { nodes, source, positions, path } = error;
  return new GraphQLError(message, {
    nodes: nodes ?? null,
    source: source ?? null,
    positions: positions ?? null,
    path: path ?? null,
    extensions,
  });
}
