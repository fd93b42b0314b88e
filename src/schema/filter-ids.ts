/**
 * Ids of filters.
 * @module
 */
import { GraphQLError } from 'graphql';
import { type IdKind, uuidOf } from '../model/ids.ts';
import { MAX_PAGE } from '../model/limits.ts';

/** An id of another form names nothing, so it matches nothing. */
export function uuids(kind: IdKind, ids: readonly string[]): string[] {
  return atMost(ids).flatMap((id) => uuidOf(kind, id) ?? []);
}

/** The ids as they are; refuses more than a page could hold. */
export function atMost(ids: readonly string[]): readonly string[] {
  if (ids.length <= MAX_PAGE) return ids;
  throw new GraphQLError(`A filter takes at most ${MAX_PAGE} ids.`, { extensions: { code: 'BAD_USER_INPUT' } });
}
