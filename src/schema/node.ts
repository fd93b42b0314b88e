/**
 * Anything by its id.
 * @module
 */
import { GraphQLError } from 'graphql';
import { permits } from '../auth/principal.ts';
import { type IdKind, parseId } from '../model/ids.ts';
import { builder, principalOf } from './builder.ts';
import type { Context } from './context.ts';
import { tagged } from './node-types.ts';
import { AccountRef, EnvelopeEventRef, EnvelopeRef, NodeInterface, RecipientRef, WebhookDeliveryRef } from './refs.ts';

const MAX_NODES = 100;

/** What can be fetched by its id alone, and the scope it takes. A row of another kind of token is as absent as no row. */
const FETCHERS: Partial<Record<IdKind, (uuid: string, context: Context) => Promise<object | null>>> = {
  Envelope: async (uuid, { loaders }) => tagged(EnvelopeRef.name, await loaders.envelope.load(uuid)),
  Recipient: async (uuid, { loaders }) => tagged(RecipientRef.name, await loaders.recipient.load(uuid)),
  Account: async (uuid, context) =>
    permits(principalOf(context), 'accounts:read')
      ? tagged(AccountRef.name, await context.loaders.account.load(uuid))
      : null,
  EnvelopeEvent: async (uuid, context) => {
    const { tenantId, envelopes } = principalOf(context);
    const event = await context.services.events.find(tenantId, uuid);
    return event && (envelopes?.has(event.envelopeId) ?? true) ? tagged(EnvelopeEventRef.name, event) : null;
  },
  WebhookDelivery: async (uuid, context) =>
    permits(principalOf(context), 'deliveries:read')
      ? tagged(WebhookDeliveryRef.name, await context.services.deliveries.find(principalOf(context).tenantId, uuid))
      : null,
};

async function fetchNode(id: string, context: Context): Promise<object | null> {
  const parsed = parseId(id);
  const fetch = parsed && FETCHERS[parsed.kind];
  return fetch ? fetch(parsed.uuid, context) : null;
}

builder.queryField('node', (t) =>
  t.field({
    type: NodeInterface,
    nullable: true,
    description: "Anything by its id; null when there is none of this tenant's.",
    authScopes: { scope: 'envelopes:read' },
    args: { id: t.arg.id({ required: true, description: 'Any id.' }) },
    resolve: (_root, { id }, context) => fetchNode(id, context),
  }),
);

builder.queryField('nodes', (t) =>
  t.field({
    type: [NodeInterface],
    nullable: { list: true, items: true },
    description: 'Any things by their ids, in the order asked; null in the place of what there is none of.',
    authScopes: { scope: 'envelopes:read' },
    args: { ids: t.arg.idList({ required: true, description: 'At most 100.' }) },
    resolve: (_root, { ids }, context) => {
      if (ids.length > MAX_NODES) {
        throw new GraphQLError(`At most ${MAX_NODES} ids are taken.`, { extensions: { code: 'BAD_USER_INPUT' } });
      }
      return Promise.all(ids.map((id) => fetchNode(id, context)));
    },
  }),
);
