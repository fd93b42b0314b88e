/**
 * The one input that makes an envelope, and its way into the domain.
 * @module
 */
import type { EnvelopeInput as Domain } from '../envelopes/input/input.ts';
import type { FieldPlace } from '../model/envelope.ts';
import { builder } from './builder.ts';
import { docusignOptions, DocusignOptionsInput } from './docusign-options.ts';
import { FieldKindEnum, RecipientRoleEnum } from './enums.ts';

const DocumentSource = builder.inputType('DocumentSource', {
  description: 'Where the bytes come from; exactly one member.',
  isOneOf: true,
  fields: (t) => ({
    base64: t.string({ description: 'A PDF as base64, at most 1 MiB decoded.' }),
    documentId: t.id({ description: 'A document that was uploaded, or is in another envelope (doc_…).' }),
    url: t.field({
      type: 'URL',
      description:
        'Where the PDF is fetched from: https, port 443, on the public internet. Fetched whenever the envelope is checked: once for each `validateEnvelope`, and once for a create or send, not again for a repetition with its key.',
    }),
  }),
});

const DocumentInput = builder.inputType('DocumentInput', {
  description: 'A file to be signed.',
  fields: (t) => ({
    key: t.string({ required: true, description: 'Your name for it, unique in the envelope; fields refer to it.' }),
    filename: t.string({ required: true, description: 'As the recipients see it, unique in the envelope.' }),
    source: t.field({ type: DocumentSource, required: true, description: 'The bytes.' }),
  }),
});

const PositionInput = builder.inputType('FieldPositionInput', {
  description: 'A place on a page, in points (1/72 inch) from the top left of the page as it is displayed.',
  fields: (t) => ({
    document: t.string({ required: true, description: 'Key of the document.' }),
    page: t.int({ required: true, description: 'Counts from 1.' }),
    x: t.float({ required: true, description: 'Points from the left edge.' }),
    y: t.float({ required: true, description: 'Points from the top edge.' }),
    width: t.float({ description: "Points; the provider's default when left out." }),
    height: t.float({ description: "Points; the provider's default when left out." }),
  }),
});

const IfMissingEnum = builder.enumType('IfAnchorMissing', {
  description: 'What to do when the text is not in the document.',
  values: { REFUSE: { description: 'Refuse the envelope.' }, SKIP: { description: 'Leave the field out.' } } as const,
});

const AnchorInput = builder.inputType('FieldAnchorInput', {
  description: 'A place at each occurrence of a text.',
  fields: (t) => ({
    document: t.string({ description: 'Key of the document; all of them when left out.' }),
    text: t.string({ required: true, description: 'The text to look for.' }),
    dx: t.float({ required: true, defaultValue: 0, description: 'Points to the right of it.' }),
    dy: t.float({ required: true, defaultValue: 0, description: 'Points below it.' }),
    ifMissing: t.field({
      type: IfMissingEnum,
      required: true,
      defaultValue: 'REFUSE',
      description: 'When the text is not there.',
    }),
  }),
});

const PlaceInput = builder.inputType('FieldPlaceInput', {
  description: 'Where a field is; exactly one member.',
  isOneOf: true,
  fields: (t) => ({
    at: t.field({ type: PositionInput, description: 'A position on a page.' }),
    anchor: t.field({ type: AnchorInput, description: 'A text of the document.' }),
  }),
});

const FieldInput = builder.inputType('FieldInput', {
  description: 'Something a recipient fills.',
  fields: (t) => ({
    kind: t.field({ type: FieldKindEnum, required: true, description: 'What it takes.' }),
    label: t.string({ description: 'Your name for it.' }),
    required: t.boolean({ required: true, defaultValue: true, description: 'Whether it must be filled.' }),
    value: t.string({ description: 'What a TEXT or CHECKBOX ("true", "false") holds from the start.' }),
    place: t.field({ type: PlaceInput, required: true, description: 'Where it is.' }),
  }),
});

const RecipientInput = builder.inputType('RecipientInput', {
  description: 'Somebody who gets the envelope.',
  fields: (t) => ({
    key: t.string({ required: true, description: 'Your name for them, unique in the envelope.' }),
    role: t.field({
      type: RecipientRoleEnum,
      required: true,
      defaultValue: 'SIGNER',
      description: 'What they are there for.',
    }),
    name: t.string({ required: true, description: 'Their name.' }),
    email: t.string({ required: true, description: 'Their e-mail address, without a name or `mailto:`.' }),
    routingOrder: t.int({
      required: true,
      defaultValue: 1,
      description: 'Their turn, from 1 without gaps; equal numbers act at the same time.',
    }),
    embedded: t.boolean({
      required: true,
      defaultValue: false,
      description: 'True to let them sign inside your application: no mail is sent; ask `createSigningUrl`.',
    }),
    fields: t.field({ type: [FieldInput], required: true, defaultValue: [], description: 'What they fill.' }),
  }),
});

const DocumentsContent = builder.inputType('DocumentsContent', {
  description: 'Files and people.',
  fields: (t) => ({
    documents: t.field({ type: [DocumentInput], required: true, description: 'What is signed.' }),
    recipients: t.field({ type: [RecipientInput], required: true, description: 'Who gets it.' }),
  }),
});

const ContentInput = builder.inputType('EnvelopeContent', {
  description: 'What the envelope holds; exactly one member.',
  isOneOf: true,
  fields: (t) => ({ documents: t.field({ type: DocumentsContent, description: 'Files of your own.' }) }),
});

export const MetadataEntryInput = builder.inputType('MetadataEntryInput', {
  description: 'A key and value of your own.',
  fields: (t) => ({
    key: t.string({ required: true, description: 'Unique within the envelope, at most 40 characters.' }),
    value: t.string({ required: true, description: 'At most 500 characters.' }),
  }),
});

export const EnvelopeInputType = builder.inputType('EnvelopeInput', {
  description: 'An envelope to be made.',
  fields: (t) => ({
    accountId: t.id({ required: true, description: 'The account to send it from (acc_…).' }),
    subject: t.string({ required: true, description: 'Subject of the mails to recipients, one line.' }),
    message: t.string({ description: 'Text of the mails to recipients; line breaks and tabs are taken.' }),
    externalId: t.string({ description: 'Your own id of it; `envelopes` can be filtered by it.' }),
    metadata: t.field({
      type: [MetadataEntryInput],
      required: true,
      defaultValue: [],
      description: 'Your own keys and values.',
    }),
    expiresAt: t.field({
      type: 'DateTime',
      description:
        'When it ends by itself; providers round up to whole days from the sending, at most `capabilities { maxExpiryDays }` of them. Theirs when left out. `Envelope.expiresAt` tells what the provider keeps.',
    }),
    content: t.field({ type: ContentInput, required: true, description: 'What it holds.' }),
    docusign: t.field({ type: DocusignOptionsInput, description: 'For an account of DOCUSIGN alone.' }),
  }),
});

type Given = typeof EnvelopeInputType.$inferInput;
type GivenRecipient = NonNullable<Given['content']['documents']>['recipients'][number];
type GivenField = NonNullable<GivenRecipient['fields']>[number];

/** What leaving out meant is said; from here on nothing is undefined. */
export function envelopeInput(given: Given): Domain {
  const { documents, recipients } = given.content.documents ?? { documents: [], recipients: [] };
  return {
    accountId: given.accountId,
    subject: given.subject,
    message: given.message ?? null,
    externalId: given.externalId ?? null,
    metadata: given.metadata ?? [],
    expiresAt: given.expiresAt ?? null,
    docusign: docusignOptions(given.docusign),
    documents: documents.map(({ key, filename, source }) => ({ key, filename, source: sourceOf(source) })),
    recipients: recipients.map((recipient) => ({
      key: recipient.key,
      role: recipient.role ?? 'SIGNER',
      name: recipient.name,
      email: recipient.email,
      routingOrder: recipient.routingOrder ?? 1,
      embedded: recipient.embedded ?? false,
      fields: (recipient.fields ?? []).map((field) => ({
        kind: field.kind,
        label: field.label ?? null,
        required: field.required ?? true,
        value: field.value ?? null,
        place: placeOf(field.place),
      })),
    })),
  };
}

function sourceOf(source: typeof DocumentSource.$inferInput): Domain['documents'][number]['source'] {
  if (source.documentId !== undefined) return { documentId: source.documentId };
  return source.url === undefined ? { base64: source.base64 } : { url: source.url };
}

function placeOf({ at, anchor }: GivenField['place']): FieldPlace {
  if (at) return { at: { ...at, width: at.width ?? null, height: at.height ?? null } };
  return {
    anchor: {
      document: anchor.document ?? null,
      text: anchor.text,
      dx: anchor.dx ?? 0,
      dy: anchor.dy ?? 0,
      ifMissing: anchor.ifMissing ?? 'REFUSE',
    },
  };
}
