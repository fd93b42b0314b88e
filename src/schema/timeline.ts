/**
 * All that is known of how an envelope came to stand where it does, in one list.
 * @module
 */
import { permits } from '../auth/principal.ts';
import type { CommandRow } from '../envelopes/commands/commands.ts';
import type { EventRow } from '../events/read.ts';
import { MAX_TIMELINE } from '../model/limits.ts';
import type { DeliveryRow } from '../webhooks/deliveries.ts';
import { builder, principalOf } from './builder.ts';
import type { Context } from './context.ts';
import { CommandRef, EnvelopeEventRef, WebhookDeliveryRef } from './refs.ts';

type Entry =
  | { readonly type: 'CommandAsked' | 'CommandOutcome'; readonly at: Date; readonly command: CommandRow }
  | { readonly type: 'DeliveryReceived'; readonly at: Date; readonly delivery: DeliveryRow }
  | { readonly type: 'EventRecorded'; readonly at: Date; readonly event: EventRow };

type Of<T extends Entry['type']> = Extract<Entry, { readonly type: T }>;

export const TimelineEntryType = builder.interfaceRef<Entry>('TimelineEntry').implement({
  description: "One entry of an envelope's timeline. May grow by types.",
  resolveType: ({ type }) => type,
  fields: (t) => ({
    at: t.field({
      type: 'DateTime',
      description: 'When it happened here: asked, settled, received or recorded.',
      resolve: ({ at }) => at,
    }),
  }),
});

type Commanded = Of<'CommandAsked' | 'CommandOutcome'> & { readonly command: CommandRow };

builder.objectRef<Commanded>('CommandAsked').implement({
  description: 'Something was asked of the provider; `command.askedBy` says by whom.',
  interfaces: [TimelineEntryType],
  fields: (t) => ({
    command: t.field({ type: CommandRef, description: 'What was asked.', resolve: ({ command }) => command }),
  }),
});

builder.objectRef<Commanded>('CommandOutcome').implement({
  description:
    'How far it has come since: `command.state`, `command.attempts`, and in `command.failure` what the provider said when it refused or gave no answer, with its code and trace id.',
  interfaces: [TimelineEntryType],
  fields: (t) => ({
    command: t.field({ type: CommandRef, description: 'The command as it stands.', resolve: ({ command }) => command }),
  }),
});

builder.objectRef<Of<'DeliveryReceived'>>('DeliveryReceived').implement({
  description: 'The provider called with a webhook about it.',
  interfaces: [TimelineEntryType],
  fields: (t) => ({
    delivery: t.field({
      type: WebhookDeliveryRef,
      description: 'Its verdict, and what it did.',
      resolve: ({ delivery }) => delivery,
    }),
  }),
});

builder.objectRef<Of<'EventRecorded'>>('EventRecorded').implement({
  description: 'The cached state changed: when the provider says that it did, when that was known here, and how.',
  interfaces: [TimelineEntryType],
  fields: (t) => ({
    event: t.field({ type: EnvelopeEventRef, description: 'The event in the log.', resolve: ({ event }) => event }),
  }),
});

/** What comes first of one moment: what was asked, the call that told, what became of it. */
const ORDER: readonly Entry['type'][] = ['CommandAsked', 'DeliveryReceived', 'EventRecorded', 'CommandOutcome'];

export async function timelineOf(envelopeId: string, context: Context): Promise<Entry[]> {
  const { loaders } = context;
  const [commands, deliveries, events] = await Promise.all([
    loaders.commands.load(envelopeId),
    permits(principalOf(context), 'deliveries:read') ? loaders.deliveries.load(envelopeId) : [],
    loaders.events.load(envelopeId),
  ]);
  const tried = commands.filter(({ attempt }) => attempt > 0);
  const entries: Entry[] = [
    ...commands.map((command): Entry => ({ type: 'CommandAsked', at: command.createdAt, command })),
    ...tried.map((command): Entry => ({ type: 'CommandOutcome', at: command.updatedAt, command })),
    ...deliveries.map((delivery): Entry => ({ type: 'DeliveryReceived', at: delivery.receivedAt, delivery })),
    ...events.map((event): Entry => ({ type: 'EventRecorded', at: event.recordedAt, event })),
  ];
  return entries
    .toSorted((a, b) => a.at.getTime() - b.at.getTime() || ORDER.indexOf(a.type) - ORDER.indexOf(b.type))
    .slice(-MAX_TIMELINE);
}
