/**
 * Recipients of an envelope that is out: asked again, corrected.
 * @module
 */
import type { RecipientRow } from '../envelopes/state/read.ts';
import {
  InvalidInput,
  KeyReused,
  NotFound,
  NotSupported,
  NotTheirTurn,
  ProviderRefused,
  RecipientFinished,
  TooEarly,
  WrongState,
} from '../model/problems.ts';
import { builder, principalOf } from './builder.ts';
import { addEnvelope, type Commanded } from './commanded.ts';
import { idempotencyKey, uuidOrNotFound, waitMs } from './mutation-arguments.ts';
import { CommandRef, RecipientRef } from './refs.ts';

const RemindEnvelopeInput = builder.inputType('RemindEnvelopeInput', {
  description: 'Whom to mail again.',
  fields: (t) => ({
    id: t.id({ required: true, description: 'env_…' }),
    recipientId: t.id({ description: 'One of its recipients (rcp_…); all whose turn it is when left out.' }),
    idempotencyKey: t.string({ description: idempotencyKey }),
    waitMs: t.int({ required: true, defaultValue: 10_000, description: waitMs }),
  }),
});

const RemindEnvelopePayload = builder.objectRef<Commanded>('RemindEnvelopePayload').implement({
  description: 'The reminder, sent or on its way.',
  fields: (t) => ({
    command: t.field({
      type: CommandRef,
      description:
        'DONE when the provider has taken it. UNCERTAIN when its answer was lost: then it is not sent again by itself.',
      resolve: ({ command }) => command,
    }),
  }),
});
addEnvelope(RemindEnvelopePayload, 'As it is.');

builder.mutationField('remindEnvelope', (t) =>
  t.field({
    type: RemindEnvelopePayload,
    nullable: true,
    description:
      'Has the provider mail its invitation again, to each recipient at most once an hour. One who signs embedded gets none.',
    authScopes: { scope: 'envelopes:write' },
    errors: {
      types: [
        InvalidInput,
        KeyReused,
        NotFound,
        WrongState,
        TooEarly,
        NotTheirTurn,
        RecipientFinished,
        NotSupported,
        ProviderRefused,
      ],
      union: { name: 'RemindEnvelopeResult', description: 'The payload, or why not.' },
    },
    args: { input: t.arg({ type: RemindEnvelopeInput, required: true, description: 'Whom.' }) },
    resolve: (_root, { input }, context) => {
      const { recipientId } = input;
      return context.services.envelopes.remind(principalOf(context).tenantId, {
        askedBy: principalOf(context).subject,
        id: uuidOrNotFound('Envelope', input.id),
        recipientId: typeof recipientId === 'string' ? uuidOrNotFound('Recipient', recipientId) : null,
        idempotencyKey: input.idempotencyKey ?? null,
        waitMs: input.waitMs ?? 10_000,
      });
    },
  }),
);

const UpdateRecipientInput = builder.inputType('UpdateRecipientInput', {
  description: 'A recipient of an envelope that is out, and who they are instead.',
  fields: (t) => ({
    recipientId: t.id({ required: true, description: 'rcp_…' }),
    name: t.string({ description: 'Their name from now on; as it was when left out.' }),
    email: t.string({
      description: 'Their e-mail address from now on; as it was when left out. If it is their turn, it is mailed.',
    }),
    idempotencyKey: t.string({ description: idempotencyKey }),
    waitMs: t.int({ required: true, defaultValue: 10_000, description: waitMs }),
  }),
});

const UpdateRecipientPayload = builder
  .objectRef<Commanded & { recipient: RecipientRow }>('UpdateRecipientPayload')
  .implement({
    description: 'The recipient, corrected or about to be.',
    fields: (t) => ({
      recipient: t.field({
        type: RecipientRef,
        description: 'As the provider tells them: corrected once `command` is DONE, as before until then.',
        resolve: ({ recipient }) => recipient,
      }),
      command: t.field({
        type: CommandRef,
        description: 'How far the correction has come.',
        resolve: ({ command }) => command,
      }),
    }),
  });
addEnvelope(UpdateRecipientPayload, 'Their envelope.');

builder.mutationField('updateRecipient', (t) =>
  t.field({
    type: UpdateRecipientPayload,
    nullable: true,
    description: 'Corrects the name or e-mail address of a recipient who has not finished.',
    authScopes: { scope: 'envelopes:write' },
    errors: {
      types: [InvalidInput, KeyReused, NotFound, WrongState, TooEarly, RecipientFinished, ProviderRefused],
      union: { name: 'UpdateRecipientResult', description: 'The payload, or why not.' },
    },
    args: { input: t.arg({ type: UpdateRecipientInput, required: true, description: 'Whom, and how.' }) },
    resolve: (_root, { input }, context) =>
      context.services.envelopes.updateRecipient(principalOf(context).tenantId, {
        askedBy: principalOf(context).subject,
        recipientId: uuidOrNotFound('Recipient', input.recipientId),
        name: input.name ?? null,
        email: input.email ?? null,
        idempotencyKey: input.idempotencyKey ?? null,
        waitMs: input.waitMs ?? 10_000,
      }),
  }),
);
