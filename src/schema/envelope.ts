/**
 * Envelopes as the cache has them, with the age and source of what it says.
 * @module
 */
import { encodeCursor } from '../events/cursor.ts';
import { publicId } from '../model/ids.ts';
import { MAX_TIMELINE } from '../model/limits.ts';
import { hasEvidence } from '../envelopes/files/evidence.ts';
import { expiresAtOf, type LoggedEnvelope } from '../envelopes/state/read.ts';
import { builder } from './builder.ts';
import { DocusignOptionsType } from './docusign-options.ts';
import { EnvelopeStatusEnum, ProviderEnum, SourceEnum } from './enums.ts';
import { EvidenceType } from './evidence.ts';
import { FailureType } from './failure.ts';
import { AccountRef, CommandRef, DocumentRef, EnvelopeRef, NodeInterface, RecipientRef } from './refs.ts';
import { found } from './found.ts';
import { TimelineEntryType, timelineOf } from './timeline.ts';

const MetadataEntry = builder.objectRef<{ key: string; value: string }>('MetadataEntry').implement({
  description: 'A key and value of your own.',
  fields: (t) => ({
    key: t.string({ description: 'Unique within the envelope.', resolve: ({ key }) => key }),
    value: t.string({ description: 'As given.', resolve: ({ value }) => value }),
  }),
});

const SyncType = builder.objectRef<LoggedEnvelope>('Sync').implement({
  description: 'How old what the cache says is, and where it came from.',
  fields: (t) => ({
    asOf: t.field({
      type: 'DateTime',
      nullable: true,
      description: 'When the provider last told anything; null before it did.',
      resolve: ({ row }) => row.syncedAt,
    }),
    source: t.field({
      type: SourceEnum,
      nullable: true,
      description: 'How it did.',
      resolve: ({ row }) => row.syncSource,
    }),
    stale: t.boolean({
      description: 'True when this request asked for fresher and could not have it.',
      resolve: ({ row }, _args, { staleness }) => staleness.has(row.id),
    }),
    staleReason: t.string({
      nullable: true,
      description:
        "Why not: the provider's polling rule, its rate limit, what is kept of that for sends, or that it can't be reached.",
      resolve: ({ row }, _args, { staleness }) => staleness.get(row.id)?.message ?? null,
    }),
    nextAllowedAt: t.field({
      type: 'DateTime',
      nullable: true,
      description: 'When the provider may be asked again, where that is known.',
      resolve: ({ row }, _args, { staleness }) => staleness.get(row.id)?.nextAllowedAt ?? null,
    }),
  }),
});

EnvelopeRef.implement({
  description: 'One signing transaction.',
  interfaces: [NodeInterface],
  fields: (t) => ({
    id: t.id({ description: 'env_…', resolve: ({ row }) => publicId('Envelope', row.id) }),
    account: t.field({
      type: AccountRef,
      description: 'The account it is sent from.',
      resolve: ({ row }, _args, { loaders }) => found(loaders.account.load(row.accountId), 'account'),
    }),
    provider: t.field({ type: ProviderEnum, description: 'The vendor.', resolve: ({ row }) => row.provider }),
    providerId: t.string({
      nullable: true,
      description: "The provider's own id; null until the provider has it.",
      resolve: ({ row }) => row.providerId,
    }),
    status: t.field({ type: EnvelopeStatusEnum, description: 'Where it stands.', resolve: ({ row }) => row.status }),
    providerStatus: t.string({
      nullable: true,
      description: "The provider's own word for it.",
      resolve: ({ row }) => row.providerStatus,
    }),
    reason: t.string({
      nullable: true,
      description: 'Why it ended, where the provider says so.',
      resolve: ({ row }) => row.reason,
    }),
    subject: t.string({ description: 'Subject of the mails to recipients.', resolve: ({ row }) => row.subject }),
    message: t.string({
      nullable: true,
      description: 'Text of the mails to recipients.',
      resolve: ({ row }) => row.message,
    }),
    externalId: t.string({ nullable: true, description: 'Your own id of it.', resolve: ({ row }) => row.externalId }),
    metadata: t.field({
      type: [MetadataEntry],
      description: 'Your own keys and values.',
      resolve: ({ row }) => Object.entries(row.metadata).map(([key, value]) => ({ key, value })),
    }),
    expiresAt: t.field({
      type: 'DateTime',
      nullable: true,
      description:
        "When it ends by itself: as the provider keeps it, its default and its rounding included, once it has told; until then as it was given, null for the provider's default.",
      resolve: ({ row }) => expiresAtOf(row),
    }),
    docusign: t.field({
      type: DocusignOptionsType,
      nullable: true,
      description: 'What only DocuSign has, as it was given; null when nothing was.',
      resolve: ({ row }) => row.providerOptions?.docusign ?? null,
    }),
    createdAt: t.field({
      type: 'DateTime',
      description: 'When it was made here.',
      resolve: ({ row }) => row.createdAt,
    }),
    updatedAt: t.field({
      type: 'DateTime',
      description: 'When the cache last changed.',
      resolve: ({ row }) => row.updatedAt,
    }),
    sync: t.field({ type: SyncType, description: 'How fresh this is.', resolve: (envelope) => envelope }),
    failure: t.field({
      type: FailureType,
      nullable: true,
      description: 'Why it could not be sent.',
      resolve: ({ row }) => row.failure,
    }),
    recipients: t.field({
      type: [RecipientRef],
      description: 'Who gets it, in the order given.',
      resolve: ({ row }, _args, { loaders }) => loaders.recipients.load(row.id),
    }),
    documents: t.field({
      type: [DocumentRef],
      description: 'What is signed, in the order given.',
      resolve: ({ row }, _args, { loaders }) => loaders.documents.load(row.id),
    }),
    commands: t.field({
      type: [CommandRef],
      description: 'What was asked of the provider, the oldest first.',
      resolve: ({ row }, _args, { loaders }) => loaders.commands.load(row.id),
    }),
    timeline: t.field({
      type: [TimelineEntryType],
      description: `What has happened with it, the oldest first: who asked for what and what came of it, the webhook calls about it, and the events in the log. The latest ${MAX_TIMELINE} of them; \`events\` and \`webhookDeliveries\` page through the rest. Webhook calls are there for a token with the scope \`deliveries:read\` alone.`,
      resolve: ({ row }, _args, context) => timelineOf(row.id, context),
    }),
    evidence: t.field({
      type: EvidenceType,
      nullable: true,
      description: 'What proves it; null until it is COMPLETED.',
      resolve: ({ row }) => (hasEvidence(row) ? row : null),
    }),
    logCursor: t.string({
      description: 'Place in the log that this was read at: `events(after:)` from here misses nothing.',
      resolve: ({ row, head }) => encodeCursor(row.tenantId, head),
    }),
  }),
});
