/**
 * The webhook inbox.
 * @module
 */
import { publicId } from '../model/ids.ts';
import { builder, principalOf } from './builder.ts';
import { DeliveryEffectEnum, DeliveryVerdictEnum } from './enums.ts';
import { uuids } from './filter-ids.ts';
import { found } from './found.ts';
import { decodeKeyset, encodeKeyset, pageSize, pageType } from './pages.ts';
import { AccountRef, EnvelopeRef, NodeInterface, WebhookDeliveryRef } from './refs.ts';

WebhookDeliveryRef.implement({
  description: 'One webhook call as it came.',
  interfaces: [NodeInterface],
  fields: (t) => ({
    id: t.id({ description: 'dlv_…', resolve: ({ id }) => publicId('WebhookDelivery', id) }),
    account: t.field({
      type: AccountRef,
      description: 'Whose webhook it is.',
      resolve: ({ accountId }, _args, { loaders }) => found(loaders.account.load(accountId), 'account'),
    }),
    receivedAt: t.field({ type: 'DateTime', description: 'When it came.', resolve: ({ receivedAt }) => receivedAt }),
    verdict: t.field({
      type: DeliveryVerdictEnum,
      description: 'What was found of it.',
      resolve: ({ verdict }) => verdict,
    }),
    effect: t.field({ type: DeliveryEffectEnum, description: 'What it did.', resolve: ({ effect }) => effect }),
    reason: t.string({
      nullable: true,
      description: 'Why it was refused or not understood.',
      resolve: ({ reason }) => reason,
    }),
    envelope: t.field({
      type: EnvelopeRef,
      nullable: true,
      description: 'The envelope it is about, once known. Needs the scope `envelopes:read`.',
      authScopes: { scope: 'envelopes:read' },
      resolve: ({ envelopeId }, _args, { loaders }) => (envelopeId === null ? null : loaders.envelope.load(envelopeId)),
    }),
    contentType: t.string({
      nullable: true,
      description: 'As the provider called it.',
      resolve: ({ contentType }) => contentType,
    }),
    body: t.string({
      nullable: true,
      description: 'The body as text; null for a refused one. Needs the scope `deliveries:body`.',
      authScopes: { scope: 'deliveries:body' },
      resolve: async ({ id }, _args, context) => {
        const body = await context.services.deliveries.body(principalOf(context).tenantId, id);
        return body === null ? null : body.toString('utf8');
      },
    }),
  }),
});

const DeliveryFilterInput = builder.inputType('WebhookDeliveryFilter', {
  description: 'Which deliveries; all members given must hold.',
  fields: (t) => ({
    accountIds: t.idList({ description: 'Of any of these accounts.' }),
    envelopeIds: t.idList({ description: 'About any of these envelopes.' }),
    verdicts: t.field({ type: [DeliveryVerdictEnum], description: 'With any of these verdicts.' }),
  }),
});

const DeliveryPage = pageType('WebhookDelivery', WebhookDeliveryRef, 'webhook deliveries');

builder.queryField('webhookDeliveries', (t) =>
  t.field({
    type: DeliveryPage,
    nullable: true,
    description: 'The webhook calls that came in, the newest first. A repetition leaves no row.',
    authScopes: { scope: 'deliveries:read' },
    args: {
      first: t.arg.int({ required: true, description: 'Rows of the page, 1 to 200.' }),
      after: t.arg.string({ description: '`endCursor` of the page before.' }),
      filter: t.arg({ type: DeliveryFilterInput, description: 'Which deliveries.' }),
    },
    resolve: async (_root, { first, after, filter }, context) => {
      const size = pageSize(first);
      const rows = await context.services.deliveries.list(principalOf(context).tenantId, {
        first: size + 1,
        after: decodeKeyset('webhookDeliveries', after)?.id ?? null,
        filter: {
          ...(filter?.accountIds && { accountIds: uuids('Account', filter.accountIds) }),
          ...(filter?.envelopeIds && { envelopeIds: uuids('Envelope', filter.envelopeIds) }),
          ...(filter?.verdicts && { verdicts: filter.verdicts }),
        },
      });
      const nodes = rows
        .slice(0, size)
        .map((node) => ({ node, cursor: encodeKeyset('webhookDeliveries', node.receivedAt, node.id) }));
      return {
        nodes,
        after: after ?? null,
        hasNextPage: rows.length > size,
        endCursor: nodes.at(-1)?.cursor ?? null,
      };
    },
  }),
);
