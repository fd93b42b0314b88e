/**
 * Automatic persisted queries: a client sends the hash of its document first, and the text once it is told that the hash
 * isn't known. No text is kept here, so a hash alone is answered that they aren't supported, and the client goes on.
 * Source: Apollo's automatic persisted queries; urql and others follow it.
 * @module
 */
import type { GraphQLError } from 'graphql';
import { z } from 'zod';
import { refusal } from './errors.ts';

const Persisted = z.object({ persistedQuery: z.looseObject({}) });

/** True for an operation that has a hash in place of its text. */
export function isHashOnly({ query, extensions }: { query?: unknown; extensions?: unknown }): boolean {
  return (query === undefined || query === null || query === '') && Persisted.safeParse(extensions).success;
}

/** The message is what clients know it by. */
export function notSupported(): GraphQLError {
  return refusal('PERSISTED_QUERY_NOT_SUPPORTED', 'PersistedQueryNotSupported');
}

/** Clients that may ask by GET do so with the hash alone. */
export function isHashOnlyUrl(url: string): boolean {
  const params = new URLSearchParams(url.split('?')[1] ?? '');
  return isHashOnly({ query: params.get('query'), extensions: parsed(params.get('extensions') ?? '') });
}

const Subscribe = z.looseObject({ type: z.literal('subscribe'), payload: z.looseObject({}) });

/** A message as graphql-ws takes it, which closes the socket on a `subscribe` without text: a hash alone has an empty one. */
export function withText(message: string): string {
  if (!message.includes('persistedQuery')) return message;
  const { data } = Subscribe.safeParse(parsed(message));
  if (!data || !isHashOnly(data.payload)) return message;
  return JSON.stringify({ ...data, payload: { ...data.payload, query: '' } });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
