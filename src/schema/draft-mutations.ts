/**
 * Changing and deleting drafts.
 * @module
 */
import type { LoggedEnvelope } from '../envelopes/state/read.ts';
import { InvalidInput, KeyReused, NotFound, WrongState } from '../model/problems.ts';
import { publicId } from '../model/ids.ts';
import { builder, principalOf } from './builder.ts';
import { EnvelopeInputType, envelopeInput } from './envelope-input.ts';
import { logged } from './found.ts';
import { idempotencyKey, uuidOrNotFound } from './mutation-arguments.ts';
import { EnvelopeRef } from './refs.ts';

const UpdateDraftInput = builder.inputType('UpdateDraftInput', {
  description: 'A draft and what it is to hold from now on.',
  fields: (t) => ({
    id: t.id({ required: true, description: 'env_…, a DRAFT.' }),
    envelope: t.field({
      type: EnvelopeInputType,
      required: true,
      description: 'All of it, in place of what it held. Its own documents may be given by their `documentId`.',
    }),
    idempotencyKey: t.string({ description: idempotencyKey }),
  }),
});

const UpdateDraftPayload = builder.objectRef<{ envelope: LoggedEnvelope }>('UpdateDraftPayload').implement({
  description: 'The draft as it is now.',
  fields: (t) => ({
    envelope: t.field({
      type: EnvelopeRef,
      description: 'A DRAFT. Recipients whose key stayed have kept their ids.',
      resolve: ({ envelope }) => envelope,
    }),
  }),
});

builder.mutationField('updateDraft', (t) =>
  t.field({
    type: UpdateDraftPayload,
    nullable: true,
    description: 'Puts another envelope in the place of a draft, checked as `createEnvelope` checks it.',
    authScopes: { scope: 'envelopes:write' },
    errors: {
      types: [InvalidInput, KeyReused, NotFound, WrongState],
      union: { name: 'UpdateDraftResult', description: 'The payload, or why not.' },
    },
    args: {
      input: t.arg({ type: UpdateDraftInput, required: true, description: 'Which draft, and its new content.' }),
    },
    resolve: async (_root, { input }, context) => {
      const row = await context.services.envelopes.updateDraft(principalOf(context).tenantId, {
        id: uuidOrNotFound('Envelope', input.id),
        envelope: envelopeInput(input.envelope),
        idempotencyKey: input.idempotencyKey ?? null,
      });
      return { envelope: await logged(context, row) };
    },
  }),
);

const DeleteDraftInput = builder.inputType('DeleteDraftInput', {
  description: 'A draft to be deleted.',
  fields: (t) => ({
    id: t.id({ required: true, description: 'env_…, a DRAFT.' }),
    idempotencyKey: t.string({ description: idempotencyKey }),
  }),
});

const DeleteDraftPayload = builder.objectRef<{ id: string }>('DeleteDraftPayload').implement({
  description: 'There is no such envelope any more.',
  fields: (t) => ({ id: t.id({ description: 'env_…: what its id was.', resolve: ({ id }) => id }) }),
});

builder.mutationField('deleteDraft', (t) =>
  t.field({
    type: DeleteDraftPayload,
    nullable: true,
    description:
      'Deletes a draft, with its documents as far as no other envelope holds them. Queries answer null from then on; the log keeps its events.',
    authScopes: { scope: 'envelopes:write' },
    errors: {
      types: [InvalidInput, KeyReused, NotFound, WrongState],
      union: { name: 'DeleteDraftResult', description: 'The payload, or why not.' },
    },
    args: { input: t.arg({ type: DeleteDraftInput, required: true, description: 'Which.' }) },
    resolve: async (_root, { input }, context) => {
      const id = uuidOrNotFound('Envelope', input.id);
      await context.services.envelopes.deleteDraft(principalOf(context).tenantId, {
        id,
        idempotencyKey: input.idempotencyKey ?? null,
      });
      return { id: publicId('Envelope', id) };
    },
  }),
);
