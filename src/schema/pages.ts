/**
 * Relay pages: one page type and one edge type per node type, forward only, `first` required.
 * @module
 */
import type { ObjectRef } from '@pothos/core';
import { GraphQLError } from 'graphql';
import { MAX_PAGE } from '../model/limits.ts';
import { dateFrom } from '../model/time.ts';
import { isUuid } from '../model/ids.ts';
import { builder, type SchemaTypes } from './builder.ts';

export interface Page<T> {
  readonly nodes: readonly { readonly node: T; readonly cursor: string }[];
  /** The cursor that the page begins after. */
  readonly after: string | null;
  readonly hasNextPage: boolean;
  /** Where the next page begins, also when this one is empty. */
  readonly endCursor: string | null;
}

const PageInfoType = builder.objectRef<Page<unknown>>('PageInfo').implement({
  description: 'Whether more follows, and from where.',
  fields: (t) => ({
    hasNextPage: t.boolean({
      description: 'True when another page follows.',
      resolve: ({ hasNextPage }) => hasNextPage,
    }),
    hasPreviousPage: t.boolean({
      description: 'True when `after` was given, so that rows may precede this page. There are no pages backwards.',
      resolve: ({ after }) => after !== null,
    }),
    startCursor: t.string({
      nullable: true,
      description: 'The cursor of the first row; null where the page has none.',
      resolve: ({ nodes }) => nodes[0]?.cursor ?? null,
    }),
    endCursor: t.string({
      nullable: true,
      description: 'Give it as `after` to go on.',
      resolve: ({ endCursor }) => endCursor,
    }),
  }),
});

type Builder = PothosSchemaTypes.SchemaBuilder<PothosSchemaTypes.ExtendDefaultTypes<SchemaTypes>>;
type NodeRef<T> = ObjectRef<PothosSchemaTypes.ExtendDefaultTypes<SchemaTypes>, T>;

/** `<Name>Connection` and `<Name>Edge` for a node type. */
export function pageType<T extends object, P extends Page<T> = Page<T>>(name: string, node: NodeRef<T>, what: string) {
  const edge = (builder as Builder).objectRef<{ node: T; cursor: string }>(`${name}Edge`).implement({
    description: `One of a page of ${what}.`,
    fields: (t) => ({
      node: t.expose('node', { type: node, description: 'The row itself.' }),
      cursor: t.string({
        description: 'Its place: give it as `after` to go on from here.',
        resolve: ({ cursor }) => cursor,
      }),
    }),
  });
  return (builder as Builder).objectRef<P>(`${name}Connection`).implement({
    description: `A page of ${what}.`,
    fields: (t) => ({
      edges: t.field({ type: [edge], description: 'The rows with their cursors.', resolve: ({ nodes }) => [...nodes] }),
      nodes: t.field({ type: [node], description: 'The rows.', resolve: ({ nodes }) => nodes.map((row) => row.node) }),
      pageInfo: t.field({ type: PageInfoType, description: 'Whether more follows.', resolve: (page) => page }),
    }),
  });
}

/** The number of rows asked for; refuses what is out of range. */
export function pageSize(first: number): number {
  if (first >= 1 && first <= MAX_PAGE) return first;
  throw new GraphQLError(`\`first\` must be from 1 to ${MAX_PAGE}.`, { extensions: { code: 'BAD_USER_INPUT' } });
}

/** The year 9999: years of more digits are written in a way of their own. */
const LAST_MILLISECOND = 253_402_300_799_999;

/** What a page lists and by which key, as its cursors carry it. */
export type PageOrder = 'accounts' | 'webhookDeliveries' | `envelopes ${'CREATED_AT' | 'UPDATED_AT'} ${'ASC' | 'DESC'}`;

/** A keyset cursor: what it pages through, the sort key and the id of a row. */
export function encodeKeyset(order: PageOrder, at: Date, id: string): string {
  return Buffer.from(`${order} ${at.getTime()} ${id}`).toString('base64url');
}

/** Throws INVALID_CURSOR for text that was not made here, and for a cursor of another list or order. */
export function decodeKeyset(order: PageOrder, cursor: string | null | undefined): { at: Date; id: string } | null {
  if (cursor === null || cursor === undefined) return null;
  const text = Buffer.from(cursor, 'base64url').toString('utf8');
  // Decoding skips what is no base64url; only the exact text that encoding gives back was made here.
  if (Buffer.from(text).toString('base64url') !== cursor) throw invalidCursor();
  const [, made = '', time = '', id = ''] = /^([\w ]{1,40}) (\d{1,15}) (\S+)$/.exec(text) ?? [];
  if (time === '' || Number(time) > LAST_MILLISECOND || !isUuid(id)) throw invalidCursor();
  if (made !== order) throw invalidCursor(`This cursor is of a page of ${made}, and this is a page of ${order}`);
  return { at: dateFrom(Number(time)), id };
}

function invalidCursor(why = 'This cursor was not made here, or for another list'): GraphQLError {
  const fix = 'give one that the same list answered with the same `orderBy`, unchanged, or leave `after` out';
  return new GraphQLError(`${why}: ${fix}.`, { extensions: { code: 'INVALID_CURSOR' } });
}
