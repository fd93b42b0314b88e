/**
 * The log: paged as a query, followed as a subscription, by the same cursors.
 * @module
 */
import { narrowed } from '../events/filter.ts';
import type { EventFilter, EventRow } from '../events/read.ts';
import type { StreamMessage } from '../events/streams.ts';
import { encodeCursor } from '../events/cursor.ts';
import { publicId, uuidOf } from '../model/ids.ts';
import { builder, principalOf } from './builder.ts';
import { EnvelopeStatusEnum, EventTypeEnum, RecipientStatusEnum, SourceEnum, StreamStartEnum } from './enums.ts';
import { uuids } from './filter-ids.ts';
import { pageSize, pageType } from './pages.ts';
import { EnvelopeEventRef, EnvelopeRef, NodeInterface, RecipientRef } from './refs.ts';

EnvelopeEventRef.implement({
  description: 'One change of the cached state, in the order of commits.',
  interfaces: [NodeInterface],
  fields: (t) => ({
    id: t.id({ description: 'evt_…', resolve: ({ id }) => publicId('EnvelopeEvent', id) }),
    sequence: t.field({
      type: 'Sequence',
      description: 'Its number within the tenant: 1, 2, 3 … without gaps.',
      resolve: ({ sequence }) => sequence,
    }),
    type: t.field({ type: EventTypeEnum, description: 'What happened.', resolve: ({ type }) => type }),
    occurredAt: t.field({
      type: 'DateTime',
      description: "When, by the provider's clock where it is the provider's news.",
      resolve: ({ occurredAt }) => occurredAt,
    }),
    recordedAt: t.field({
      type: 'DateTime',
      description: 'When countersign came to know.',
      resolve: ({ recordedAt }) => recordedAt,
    }),
    source: t.field({ type: SourceEnum, description: 'How it came to know.', resolve: ({ source }) => source }),
    status: t.field({
      type: EnvelopeStatusEnum,
      description: 'Where the envelope stood then.',
      resolve: ({ status }) => status,
    }),
    recipient: t.field({
      type: RecipientRef,
      nullable: true,
      description: 'Whom it is about, if it is about one recipient.',
      resolve: ({ recipientId }, _args, { loaders }) =>
        recipientId === null ? null : loaders.recipient.load(recipientId),
    }),
    recipientStatus: t.field({
      type: RecipientStatusEnum,
      nullable: true,
      description: 'Where that recipient stood then.',
      resolve: ({ recipientStatus }) => recipientStatus,
    }),
    envelopeId: t.id({
      description: 'env_…: there even when the envelope is not any more.',
      resolve: ({ envelopeId }) => publicId('Envelope', envelopeId),
    }),
    envelope: t.field({
      type: EnvelopeRef,
      nullable: true,
      description: 'The envelope as it is now; null when it was a draft that has been deleted.',
      resolve: ({ envelopeId }, _args, { loaders }) => loaders.envelope.load(envelopeId),
    }),
  }),
});

const EventFilterInput = builder.inputType('EventFilter', {
  description: 'Which events; all members given must hold.',
  fields: (t) => ({
    envelopeIds: t.idList({ description: 'About any of these envelopes.' }),
    accountIds: t.idList({ description: 'About envelopes of any of these accounts.' }),
    types: t.field({ type: [EventTypeEnum], description: 'Of any of these types.' }),
    statuses: t.field({ type: [EnvelopeStatusEnum], description: 'With the envelope then in any of these states.' }),
  }),
});

const EventPage = pageType<EventRow>('EnvelopeEvent', EnvelopeEventRef, 'events');

builder.queryField('events', (t) =>
  t.field({
    type: EventPage,
    nullable: true,
    description: 'The log, the oldest first.',
    authScopes: { scope: 'envelopes:read' },
    args: {
      first: t.arg.int({ required: true, description: 'Rows of the page, 1 to 200.' }),
      after: t.arg.string({ description: 'A cursor of a page, a stream or a `logCursor`.' }),
      filter: t.arg({ type: EventFilterInput, description: 'Which events.' }),
    },
    resolve: async (_root, { first, after, filter }, context) => {
      const { tenantId, envelopes: allowed } = principalOf(context);
      const limit = pageSize(first);
      const page = await context.services.events.page({
        tenantId,
        after: after ?? null,
        limit,
        filter: narrowed(domainFilter(filter), allowed),
      });
      return {
        nodes: page.rows.map((node) => ({ node, cursor: encodeCursor(tenantId, node.sequence) })),
        after: after ?? null,
        hasNextPage: page.hasMore,
        endCursor: encodeCursor(tenantId, page.through),
      };
    },
  }),
);

const EventMessage = builder.objectRef<StreamMessage>('EnvelopeEventMessage').implement({
  description:
    'One message of the stream. The first comes at once with a cursor alone, and so does one every 30 seconds without news.',
  fields: (t) => ({
    cursor: t.string({
      description: 'Give it as `after` to go on from here, on any connection.',
      resolve: ({ cursor }) => cursor,
    }),
    event: t.field({
      type: EnvelopeEventRef,
      nullable: true,
      description: 'The news; null when there is none.',
      resolve: ({ event }) => event,
    }),
  }),
});

builder.subscriptionField('events', (t) =>
  t.field({
    type: EventMessage,
    nullable: true,
    description:
      'The log as it grows: nothing is missed and nothing repeated over reconnections, given the last cursor as `after`.',
    authScopes: { scope: 'envelopes:read' },
    args: {
      after: t.arg.string({ description: 'A cursor of a page, a stream or a `logCursor`.' }),
      from: t.arg({
        type: StreamStartEnum,
        required: true,
        defaultValue: 'NOW',
        description: 'Where to begin without `after`.',
      }),
      filter: t.arg({ type: EventFilterInput, description: 'Which events.' }),
    },
    subscribe: (_root, { after, from, filter }, context) => {
      const principal = principalOf(context);
      return context.services.streams.follow({
        tenantId: principal.tenantId,
        ...(typeof after === 'string' ? { after } : { from }),
        filter: domainFilter(filter),
        allowed: principal.envelopes,
        signal: context.signal,
        until: principal.expiresAt,
      });
    },
    resolve: (message) => message,
  }),
);

builder.subscriptionField('envelope', (t) =>
  t.field({
    type: EnvelopeRef,
    nullable: true,
    description:
      'The envelope as it is now, and again after each change. States in between may be skipped; `events` skips none.',
    authScopes: { scope: 'envelopes:read' },
    args: { id: t.arg.id({ required: true, description: 'env_…' }) },
    subscribe: async (_root, { id }, context) => {
      const { tenantId, expiresAt } = principalOf(context);
      const envelopeId = uuidOf('Envelope', id);
      const known = envelopeId !== null && (await context.loaders.envelope.load(envelopeId)) !== null;
      if (!known) return once();
      return context.services.streams.changes({ tenantId, envelopeId, signal: context.signal, until: expiresAt });
    },
    resolve: (_change, { id }, { loaders }) => {
      const envelopeId = uuidOf('Envelope', id);
      return envelopeId === null ? null : loaders.envelope.load(envelopeId);
    },
  }),
);

/** A stream of what there is none of: null, and the end. */
async function* once(): AsyncGenerator<void, void, void> {
  yield;
}

function domainFilter(given: typeof EventFilterInput.$inferInput | null | undefined): EventFilter {
  return {
    ...(given?.envelopeIds && { envelopeIds: uuids('Envelope', given.envelopeIds) }),
    ...(given?.accountIds && { accountIds: uuids('Account', given.accountIds) }),
    ...(given?.types && { types: given.types }),
    ...(given?.statuses && { statuses: given.statuses }),
  };
}
