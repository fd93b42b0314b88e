/**
 * Documents that are uploaded on their own, for envelopes to come.
 * @module
 */
import type { StoredDocument } from '../documents/store.ts';
import { publicId } from '../model/ids.ts';
import { MAX_DOCUMENT_BYTES, UNSENT_DOCUMENT_HOURS, UPLOAD_MINUTES } from '../model/limits.ts';
import { InvalidInput } from '../model/problems.ts';
import { addMilliseconds } from '../model/time.ts';
import { builder, principalOf } from './builder.ts';
import { DocumentStateEnum } from './enums.ts';

const CreateUploadInput = builder.inputType('CreateUploadInput', {
  description: 'A file that is about to be uploaded.',
  fields: (t) => ({
    filename: t.string({ required: true, description: 'Its name, at most 200 characters.' }),
    size: t.int({ required: true, description: `Its bytes, at most ${MAX_DOCUMENT_BYTES}.` }),
    sha256: t.string({ required: true, description: 'The SHA-256 of its bytes, as 64 hexadecimal digits.' }),
  }),
});

const StoredDocumentType = builder.objectRef<StoredDocument>('StoredDocument').implement({
  description: `A file that is kept here, whether an envelope has it or not. One that no envelope was sent with goes after ${UNSENT_DOCUMENT_HOURS} hours.`,
  fields: (t) => ({
    id: t.id({
      description: 'doc_…: give it as `documentId` to any number of envelopes.',
      resolve: ({ id }) => publicId('Document', id),
    }),
    state: t.field({
      type: DocumentStateEnum,
      description: 'How far its bytes have come.',
      resolve: ({ state }) => state,
    }),
  }),
});

interface Header {
  readonly name: string;
  readonly value: string;
}

const UploadHeaderType = builder.objectRef<Header>('UploadHeader').implement({
  description: 'A header of the request.',
  fields: (t) => ({
    name: t.string({ description: 'Its name.', resolve: ({ name }) => name }),
    value: t.string({ description: 'Its value.', resolve: ({ value }) => value }),
  }),
});

interface Upload {
  readonly document: StoredDocument;
  readonly url: string;
  readonly expiresAt: Date;
}

const CreateUploadPayload = builder.objectRef<Upload>('CreateUploadPayload').implement({
  description: 'Where to send the file: one request, without a token.',
  fields: (t) => ({
    document: t.field({
      type: StoredDocumentType,
      description: 'WAITING for its bytes.',
      resolve: ({ document }) => document,
    }),
    url: t.field({
      type: 'URL',
      description:
        'Takes one request, whatever comes of it: the answer is the document, or a problem with the codes of this API.',
      resolve: ({ url }) => url,
    }),
    method: t.string({ description: 'PUT.', resolve: () => 'PUT' }),
    headers: t.field({
      type: [UploadHeaderType],
      description: 'To be sent with it.',
      resolve: () => [{ name: 'Content-Type', value: 'application/pdf' }],
    }),
    expiresAt: t.field({
      type: 'DateTime',
      description: `The request must begin before; ${UPLOAD_MINUTES} minutes from now.`,
      resolve: ({ expiresAt }) => expiresAt,
    }),
  }),
});

builder.mutationField('createUpload', (t) =>
  t.field({
    type: CreateUploadPayload,
    nullable: true,
    description: 'Asks where to upload a PDF that is too large to be given as base64, or is used several times.',
    authScopes: { scope: 'envelopes:write' },
    errors: {
      types: [InvalidInput],
      union: { name: 'CreateUploadResult', description: 'The payload, or what is wrong.' },
    },
    args: { input: t.arg({ type: CreateUploadInput, required: true, description: 'What will be uploaded.' }) },
    resolve: async (_root, { input }, context) => {
      const { tenantId } = principalOf(context);
      const { envelopes, links, world, publicUrl } = context.services;
      const expiresAt = addMilliseconds(world.now(), UPLOAD_MINUTES * 60_000);
      const document = await envelopes.createUpload(tenantId, input);
      const token = await links.sign('upload', { tenantId, documentId: document.id }, expiresAt);
      return { document, url: `${publicUrl}/uploads/${token}`, expiresAt };
    },
  }),
);
