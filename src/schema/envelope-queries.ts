/**
 * Reading envelopes: from the cache, or fresh from the provider when asked.
 * @module
 */
import { GraphQLError } from 'graphql';
import type { Freshness } from '../envelopes/reading/freshness.ts';
import type { EnvelopeFilter, LoggedEnvelope } from '../envelopes/state/read.ts';
import { encodeCursor } from '../events/cursor.ts';
import { uuidOf } from '../model/ids.ts';
import { builder, principalOf } from './builder.ts';
import type { Context } from './context.ts';
import { EnvelopeSortEnum, EnvelopeStatusEnum, SortDirectionEnum } from './enums.ts';
import { MetadataEntryInput } from './envelope-input.ts';
import { atMost, uuids } from './filter-ids.ts';
import { decodeKeyset, encodeKeyset, type Page, pageSize, pageType } from './pages.ts';
import { EnvelopeRef } from './refs.ts';

const FreshnessInput = builder.inputType('Freshness', {
  description: 'How old the answer may be; exactly one member. Left out, the cache answers as it is.',
  isOneOf: true,
  fields: (t) => ({
    maxAge: t.int({ description: 'Seconds. What is older is looked up at the provider.' }),
    live: t.boolean({ description: '`true`: look it up now, if the provider may be asked.' }),
  }),
});

const EnvelopeFilterInput = builder.inputType('EnvelopeFilter', {
  description: 'Which envelopes; all members given must hold.',
  fields: (t) => ({
    ids: t.idList({ description: 'Any of these, at most 200.' }),
    accountIds: t.idList({ description: 'Sent from any of these accounts.' }),
    statuses: t.field({ type: [EnvelopeStatusEnum], description: 'In any of these states.' }),
    providerIds: t.stringList({ description: "Any of these ids of the provider's." }),
    externalId: t.string({ description: 'Your own id.' }),
    metadata: t.field({ type: [MetadataEntryInput], description: 'All of these entries.' }),
    createdAfter: t.field({ type: 'DateTime', description: 'Made later than this.' }),
    createdBefore: t.field({ type: 'DateTime', description: 'Made earlier than this.' }),
  }),
});

const EnvelopeOrder = builder.inputType('EnvelopeOrder', {
  description: 'How a page is ordered.',
  fields: (t) => ({
    by: t.field({ type: EnvelopeSortEnum, required: true, description: 'The sort key.' }),
    direction: t.field({
      type: SortDirectionEnum,
      required: true,
      defaultValue: 'DESC',
      description: 'Which end comes first.',
    }),
  }),
});

interface EnvelopesPage extends Page<LoggedEnvelope> {
  readonly logCursor: string;
}

const EnvelopePage = pageType<LoggedEnvelope, EnvelopesPage>('Envelope', EnvelopeRef, 'envelopes');

builder.objectField(EnvelopePage, 'logCursor', (t) =>
  t.string({
    description: 'Place in the log that the page was read at: `events(after:)` from here misses nothing.',
    resolve: ({ logCursor }) => logCursor,
  }),
);

builder.queryField('envelope', (t) =>
  t.field({
    type: EnvelopeRef,
    nullable: true,
    description: "An envelope by its id; null when there is none of this tenant's.",
    authScopes: { scope: 'envelopes:read' },
    args: {
      id: t.arg.id({ required: true, description: 'env_…' }),
      freshness: t.arg({ type: FreshnessInput, description: 'How old the answer may be.' }),
    },
    resolve: async (_root, { id, freshness }, context) => {
      const uuid = uuidOf('Envelope', id);
      const envelope = uuid === null ? null : await context.loaders.envelope.load(uuid);
      return envelope && ((await refreshed(context, [envelope], freshness))[0] ?? null);
    },
  }),
);

builder.queryField('envelopes', (t) =>
  t.field({
    type: EnvelopePage,
    nullable: true,
    description:
      'Envelopes, the newest first unless ordered otherwise. A row that is refreshed stays in its page with its new status.',
    authScopes: { scope: 'envelopes:read' },
    args: {
      first: t.arg.int({ required: true, description: 'Rows of the page, 1 to 200.' }),
      after: t.arg.string({ description: '`endCursor` of the page before, which had the same `orderBy`.' }),
      filter: t.arg({ type: EnvelopeFilterInput, description: 'Which envelopes.' }),
      orderBy: t.arg({ type: EnvelopeOrder, description: 'How they are ordered.' }),
      freshness: t.arg({ type: FreshnessInput, description: 'How old the answer may be.' }),
    },
    resolve: async (_root, { first, after, filter, orderBy, freshness }, context) => {
      const { tenantId, envelopes: allowed } = principalOf(context);
      const sort = orderBy?.by ?? 'CREATED_AT';
      const direction = orderBy?.direction ?? 'DESC';
      const order = `envelopes ${sort} ${direction}` as const;
      const { rows, hasMore, head } = await context.services.envelopes.list(tenantId, {
        first: pageSize(first),
        after: decodeKeyset(order, after),
        filter: domainFilter(filter ?? {}, allowed),
        sort,
        descending: direction === 'DESC',
      });
      const cursors = rows.map((row) =>
        encodeKeyset(order, sort === 'CREATED_AT' ? row.createdAt : row.updatedAt, row.id),
      );
      const fresh = await refreshed(
        context,
        rows.map((row) => ({ row, head })),
        freshness,
      );
      return {
        nodes: fresh.map((node, index) => ({ node, cursor: cursors[index] ?? '' })),
        after: after ?? null,
        hasNextPage: hasMore,
        endCursor: cursors.at(-1) ?? null,
        logCursor: encodeCursor(tenantId, head),
      };
    },
  }),
);

/** The same envelopes in the same order, looked up where they are staler than asked. */
export async function refreshed(
  context: Context,
  envelopes: readonly LoggedEnvelope[],
  given: typeof FreshnessInput.$inferInput | null | undefined,
): Promise<LoggedEnvelope[]> {
  const freshness = freshnessOf(given);
  if (freshness === null) return [...envelopes];
  const { services, loaders, staleness } = context;
  const stale = await services.envelopes.refresh(
    envelopes.map(({ row }) => row),
    freshness,
  );
  for (const [id, why] of stale) staleness.set(id, why);
  return Promise.all(envelopes.map(async (envelope) => (await loaders.envelope.load(envelope.row.id)) ?? envelope));
}

function freshnessOf(given: typeof FreshnessInput.$inferInput | null | undefined): Freshness {
  if (!given) return null;
  if (typeof given.maxAge === 'number') {
    if (given.maxAge < 0)
      throw new GraphQLError('`maxAge` is a number of seconds from 0.', { extensions: { code: 'BAD_USER_INPUT' } });
    return { maxAgeSeconds: given.maxAge };
  }
  return given.live === true ? { live: true } : null;
}

function domainFilter(
  given: typeof EnvelopeFilterInput.$inferInput,
  allowed: ReadonlySet<string> | null,
): EnvelopeFilter {
  const asked = given.ids ? uuids('Envelope', given.ids) : null;
  const ids = allowed ? [...allowed].filter((id) => asked?.includes(id) ?? true) : asked;
  return {
    ...(ids && { ids }),
    ...(given.accountIds && { accountIds: uuids('Account', given.accountIds) }),
    ...(given.statuses && { statuses: given.statuses }),
    ...(given.providerIds && { providerIds: atMost(given.providerIds) }),
    ...(typeof given.externalId === 'string' && { externalId: given.externalId }),
    ...(given.metadata && { metadata: given.metadata }),
    ...(given.createdAfter && { createdAfter: given.createdAfter }),
    ...(given.createdBefore && { createdBefore: given.createdBefore }),
  };
}
