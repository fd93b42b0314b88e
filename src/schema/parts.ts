/**
 * The parts of an envelope: recipients, fields, documents, and the commands given about it.
 * @module
 */
import { publicId } from '../model/ids.ts';
import type { FieldPlace } from '../model/envelope.ts';
import type { CommandRow } from '../envelopes/commands/commands.ts';
import { builder } from './builder.ts';
import { downloadLink, DownloadType } from './download.ts';
import { CommandKindEnum, CommandStateEnum, FieldKindEnum, RecipientRoleEnum, RecipientStatusEnum } from './enums.ts';
import { FailureType } from './failure.ts';
import { found } from './found.ts';
import { CommandRef, DocumentRef, EnvelopeRef, FieldRef, NodeInterface, RecipientRef } from './refs.ts';

RecipientRef.implement({
  description: 'Somebody who gets the envelope.',
  interfaces: [NodeInterface],
  fields: (t) => ({
    id: t.id({ description: 'rcp_…', resolve: ({ id }) => publicId('Recipient', id) }),
    key: t.string({
      nullable: true,
      description: 'Your name for them; null for one who was added at the provider.',
      resolve: ({ key }) => key,
    }),
    role: t.field({ type: RecipientRoleEnum, description: 'What they are there for.', resolve: ({ role }) => role }),
    name: t.string({ description: 'Their name.', resolve: ({ name }) => name }),
    email: t.string({ description: 'Their e-mail address.', resolve: ({ email }) => email }),
    routingOrder: t.int({
      description: 'Their turn; equal numbers act at the same time.',
      resolve: ({ routingOrder }) => routingOrder,
    }),
    embedded: t.boolean({
      description: 'True when they sign inside your application.',
      resolve: ({ embedded }) => embedded,
    }),
    status: t.field({ type: RecipientStatusEnum, description: 'Where they stand.', resolve: ({ status }) => status }),
    providerStatus: t.string({
      nullable: true,
      description: "The provider's own word for it.",
      resolve: ({ providerStatus }) => providerStatus,
    }),
    reason: t.string({
      nullable: true,
      description: 'Why they declined, where they said.',
      resolve: ({ reason }) => reason,
    }),
    statusAt: t.field({
      type: 'DateTime',
      nullable: true,
      description: "When, by the provider's clock.",
      resolve: ({ statusAt }) => statusAt,
    }),
    fields: t.field({
      type: [FieldRef],
      description: 'What they fill.',
      resolve: async ({ id, envelopeId }, _args, { loaders }) =>
        (await loaders.fields.load(envelopeId)).filter((field) => field.recipientId === id),
    }),
    envelope: t.field({
      type: EnvelopeRef,
      description: 'The envelope.',
      resolve: ({ envelopeId }, _args, { loaders }) => found(loaders.envelope.load(envelopeId), 'envelope'),
    }),
  }),
});

type At = Extract<FieldPlace, { at: object }>['at'];
type Anchor = Extract<FieldPlace, { anchor: object }>['anchor'];

const AtType = builder.objectRef<At>('FieldPosition').implement({
  description: 'A place on a page, in points (1/72 inch) from the top left of the page as it is displayed.',
  fields: (t) => ({
    document: t.string({ description: 'Key of the document.', resolve: ({ document }) => document }),
    page: t.int({ description: 'Counts from 1.', resolve: ({ page }) => page }),
    x: t.float({ description: 'Points from the left edge.', resolve: ({ x }) => x }),
    y: t.float({ description: 'Points from the top edge.', resolve: ({ y }) => y }),
    width: t.float({
      nullable: true,
      description: "Points; null for the provider's default.",
      resolve: ({ width }) => width,
    }),
    height: t.float({
      nullable: true,
      description: "Points; null for the provider's default.",
      resolve: ({ height }) => height,
    }),
  }),
});

const AnchorType = builder.objectRef<Anchor>('FieldAnchor').implement({
  description: 'A place at a text of the document.',
  fields: (t) => ({
    document: t.string({
      nullable: true,
      description: 'Key of the document; null for all of them.',
      resolve: ({ document }) => document,
    }),
    text: t.string({ description: 'The text.', resolve: ({ text }) => text }),
    dx: t.float({ description: 'Points to the right of it.', resolve: ({ dx }) => dx }),
    dy: t.float({ description: 'Points below it.', resolve: ({ dy }) => dy }),
  }),
});

FieldRef.implement({
  description: 'Something a recipient fills.',
  fields: (t) => ({
    id: t.id({ description: 'fld_…', resolve: ({ id }) => publicId('Field', id) }),
    kind: t.field({ type: FieldKindEnum, description: 'What it takes.', resolve: ({ kind }) => kind }),
    label: t.string({ nullable: true, description: 'Your name for it.', resolve: ({ label }) => label }),
    required: t.boolean({ description: 'Whether it must be filled.', resolve: ({ required }) => required }),
    initialValue: t.string({
      nullable: true,
      description: 'What it held when the envelope was sent.',
      resolve: ({ value }) => value,
    }),
    value: t.string({
      nullable: true,
      description:
        'What the signer left in it: text as it was typed, `true` or `false` of a box, the date of DATE_SIGNED as the provider writes it. Read from the provider soon after the envelope is COMPLETED; null until then, of signatures and initials, and where fields share a label and the provider does not tell them apart.',
      resolve: ({ signedValue }) => signedValue,
    }),
    at: t.field({
      type: AtType,
      nullable: true,
      description: 'Its place, if given as a position.',
      resolve: ({ place }) => ('at' in place ? place.at : null),
    }),
    anchor: t.field({
      type: AnchorType,
      nullable: true,
      description: 'Its place, if given as an anchor.',
      resolve: ({ place }) => ('anchor' in place ? place.anchor : null),
    }),
  }),
});

DocumentRef.implement({
  description: 'A file of the envelope.',
  fields: (t) => ({
    id: t.id({
      description: 'doc_…: may be given as `documentId` to send the same file again.',
      resolve: ({ documentId }) => publicId('Document', documentId),
    }),
    key: t.string({ description: 'Your name for it.', resolve: ({ key }) => key }),
    name: t.string({ description: 'Its file name.', resolve: ({ name }) => name }),
    download: t.field({
      type: DownloadType,
      description:
        'The document as it stands when the link is followed: signed once the envelope is COMPLETED, the original before it is sent.',
      resolve: ({ tenantId, envelopeId, position, name }, _args, { services }) =>
        downloadLink(services, { tenantId, envelopeId, position }, { filename: name, sha256: null }),
    }),
  }),
});

const EXPLANATIONS: Readonly<Record<CommandRow['state'], string>> = {
  INTENDED: 'It is stored and will be tried; nothing of it has reached the provider.',
  ATTEMPTED: 'An attempt is under way.',
  UNCERTAIN:
    'An attempt ended without an answer, so it may have been done. The provider is asked before anything is tried again.',
  DONE: 'The provider has done it.',
  REFUSED: 'The provider refused it; nothing more is tried.',
};

const UNKNOWN_FOR_GOOD =
  'The answer was lost, so it may have been done. It is not done again by itself: ask again if it turns out that it was not.';

const RATE_LIMITED =
  "The provider's rate limit is reached; it is tried again when that ends. Nothing of it has reached the provider.";

const IN_DOUBT =
  'An earlier attempt ended without an answer, so it may have been done. The provider is being asked; only what it has not done is tried again.';

function explanationOf({ state, nextTryAt, failure, doubtSince }: CommandRow): string {
  if (state === 'UNCERTAIN' && nextTryAt === null) return UNKNOWN_FOR_GOOD;
  if (state === 'ATTEMPTED' && doubtSince) return IN_DOUBT;
  if (state === 'INTENDED' && failure?.code === 'RATE_LIMITED') return RATE_LIMITED;
  return EXPLANATIONS[state];
}

CommandRef.implement({
  description: 'Something asked of the provider, kept until its outcome is known.',
  fields: (t) => ({
    id: t.id({ description: 'cmd_…', resolve: ({ id }) => publicId('Command', id) }),
    kind: t.field({ type: CommandKindEnum, description: 'What was asked.', resolve: ({ kind }) => kind }),
    recipient: t.field({
      type: RecipientRef,
      nullable: true,
      description: 'Whom it is about, if it is about one recipient.',
      resolve: ({ request }, _args, { loaders }) =>
        request.recipientId === undefined ? null : loaders.recipient.load(request.recipientId),
    }),
    state: t.field({ type: CommandStateEnum, description: 'How far it has come.', resolve: ({ state }) => state }),
    explanation: t.string({
      description: 'The state in plain words.',
      resolve: explanationOf,
    }),
    attempts: t.int({ description: 'How often it was tried.', resolve: ({ attempt }) => attempt }),
    nextTryAt: t.field({
      type: 'DateTime',
      nullable: true,
      description: 'When it is tried or asked about again.',
      resolve: ({ nextTryAt }) => nextTryAt,
    }),
    failure: t.field({
      type: FailureType,
      nullable: true,
      description: 'How the last attempt failed.',
      resolve: ({ failure }) => failure,
    }),
    askedBy: t.string({
      nullable: true,
      description:
        'Subject of the token that asked; null when that is not known, and for a token that is narrowed to some envelopes.',
      resolve: ({ askedBy }, _args, { principal }) => (principal?.envelopes === null ? askedBy : null),
    }),
    createdAt: t.field({ type: 'DateTime', description: 'When it was asked.', resolve: ({ createdAt }) => createdAt }),
    updatedAt: t.field({
      type: 'DateTime',
      description: 'When its state last changed.',
      resolve: ({ updatedAt }) => updatedAt,
    }),
  }),
});
