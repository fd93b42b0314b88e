/**
 * The object types by name, so that their files may speak of each other without importing each other.
 * @module
 */
import type { CommandRow } from '../envelopes/commands/commands.ts';
import type { EnvelopeDocumentRow, FieldRow, LoggedEnvelope, RecipientRow } from '../envelopes/state/read.ts';
import type { EventRow } from '../events/read.ts';
import { ID_PREFIXES } from '../model/ids.ts';
import type { DeliveryRow } from '../webhooks/deliveries.ts';
import { builder } from './builder.ts';
import type { AccountRow } from './context.ts';
import { typeOfNode } from './node-types.ts';

export const EnvelopeRef = builder.objectRef<LoggedEnvelope>('Envelope');
export const RecipientRef = builder.objectRef<RecipientRow>('Recipient');
export const FieldRef = builder.objectRef<FieldRow>('Field');
export const DocumentRef = builder.objectRef<EnvelopeDocumentRow>('Document');
export const CommandRef = builder.objectRef<CommandRow>('Command');
export const AccountRef = builder.objectRef<AccountRow>('Account');
export const EnvelopeEventRef = builder.objectRef<EventRow>('EnvelopeEvent');
export const WebhookDeliveryRef = builder.objectRef<DeliveryRow>('WebhookDelivery');

const NODE_KINDS = ['Envelope', 'Account', 'Recipient', 'EnvelopeEvent', 'WebhookDelivery'] as const;

/** Anything that `node` finds. */
export const NodeInterface = builder.interfaceRef<object>('Node').implement({
  description: 'Anything that can be fetched again by its id.',
  resolveType: typeOfNode,
  fields: (t) => ({
    id: t.id({
      description: `Unique among all nodes: a prefix (${NODE_KINDS.map((kind) => ID_PREFIXES[kind]).join(', ')}) and a UUID.`,
      resolve: () => '',
    }),
  }),
});
