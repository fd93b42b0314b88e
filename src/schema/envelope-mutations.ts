/**
 * Changing envelopes.
 * @module
 */
import type { Preflight } from '../envelopes/input/preflight.ts';
import type { LoggedEnvelope } from '../envelopes/state/read.ts';
import { InvalidInput, KeyReused, NotFound, ProviderRefused, WrongState } from '../model/problems.ts';
import { builder, principalOf } from './builder.ts';
import { addEnvelope, type Commanded } from './commanded.ts';
import { CheckedDocumentType, InputWarningType } from './preflight.ts';
import { EnvelopeInputType, envelopeInput } from './envelope-input.ts';
import { refreshed } from './envelope-queries.ts';
import { logged } from './found.ts';
import { idempotencyKey, uuidOrNotFound, waitMs, waitMsOfSend } from './mutation-arguments.ts';
import { CommandRef, EnvelopeRef } from './refs.ts';

const ValidateEnvelopeInput = builder.inputType('ValidateEnvelopeInput', {
  description: 'An envelope to be checked.',
  fields: (t) => ({
    envelope: t.field({ type: EnvelopeInputType, required: true, description: 'As it would be sent.' }),
  }),
});

const ValidateEnvelopePayload = builder.objectRef<Preflight>('ValidateEnvelopePayload').implement({
  description: 'Nothing is wrong with it, as far as can be told without asking the provider.',
  fields: (t) => ({
    valid: t.boolean({ description: 'Always true: faults are answered as InvalidInput.', resolve: () => true }),
    warnings: t.field({
      type: [InputWarningType],
      description: 'What could not be checked.',
      resolve: ({ warnings }) => [...warnings],
    }),
    documents: t.field({
      type: [CheckedDocumentType],
      description: 'What was seen of its documents, in their order.',
      resolve: ({ documents }) => [...documents],
    }),
  }),
});

builder.mutationField('validateEnvelope', (t) =>
  t.field({
    type: ValidateEnvelopePayload,
    nullable: true,
    description:
      'Checks an envelope against the rules and limits of its provider, and its fields against its PDFs, without making it. All faults are answered.',
    authScopes: { scope: 'envelopes:write' },
    errors: {
      types: [InvalidInput],
      union: { name: 'ValidateEnvelopeResult', description: 'The payload, or what is wrong.' },
    },
    args: { input: t.arg({ type: ValidateEnvelopeInput, required: true, description: 'What to check.' }) },
    resolve: async (_root, { input }, context) => {
      return context.services.envelopes.validate(principalOf(context).tenantId, envelopeInput(input.envelope));
    },
  }),
);

const CreateEnvelopeInput = builder.inputType('CreateEnvelopeInput', {
  description: 'A draft to be made.',
  fields: (t) => ({
    envelope: t.field({ type: EnvelopeInputType, required: true, description: 'What it holds.' }),
    idempotencyKey: t.string({ description: idempotencyKey }),
  }),
});

const CreateEnvelopePayload = builder.objectRef<{ envelope: LoggedEnvelope }>('CreateEnvelopePayload').implement({
  description: 'The draft.',
  fields: (t) => ({
    envelope: t.field({ type: EnvelopeRef, description: 'A DRAFT, here alone.', resolve: ({ envelope }) => envelope }),
  }),
});

builder.mutationField('createEnvelope', (t) =>
  t.field({
    type: CreateEnvelopePayload,
    nullable: true,
    description: 'Makes a draft. Nothing is said to the provider until it is sent.',
    authScopes: { scope: 'envelopes:write' },
    errors: {
      types: [InvalidInput, KeyReused, NotFound],
      union: { name: 'CreateEnvelopeResult', description: 'The payload, or why not.' },
    },
    args: { input: t.arg({ type: CreateEnvelopeInput, required: true, description: 'What to make.' }) },
    resolve: async (_root, { input }, context) => {
      const request = { envelope: envelopeInput(input.envelope), idempotencyKey: input.idempotencyKey ?? null };
      const row = await context.services.envelopes.create(principalOf(context).tenantId, request);
      return { envelope: await logged(context, row) };
    },
  }),
);

const SendWhat = builder.inputType('SendEnvelopeWhat', {
  description: 'What to send; exactly one member.',
  isOneOf: true,
  fields: (t) => ({
    envelope: t.field({ type: EnvelopeInputType, description: 'A new envelope.' }),
    draftId: t.id({ description: 'A draft made before (env_…).' }),
  }),
});

const SendEnvelopeInput = builder.inputType('SendEnvelopeInput', {
  description: 'An envelope to be sent.',
  fields: (t) => ({
    idempotencyKey: t.string({ required: true, description: idempotencyKey }),
    waitMs: t.int({ required: true, defaultValue: 10_000, description: waitMsOfSend }),
    what: t.field({ type: SendWhat, required: true, description: 'A new envelope or a draft.' }),
  }),
});

const SendEnvelopePayload = builder.objectRef<Commanded & { replayed: boolean }>('SendEnvelopePayload').implement({
  description: 'The envelope, sent or on its way.',
  fields: (t) => ({
    command: t.field({
      type: CommandRef,
      description: 'How far the sending has come.',
      resolve: ({ command }) => command,
    }),
    replayed: t.boolean({
      description: 'True when an earlier request with this key sent it.',
      resolve: ({ replayed }) => replayed,
    }),
  }),
});
addEnvelope(SendEnvelopePayload, 'SENT when the provider has answered, SENDING when it has not yet.');

builder.mutationField('sendEnvelope', (t) =>
  t.field({
    type: SendEnvelopePayload,
    nullable: true,
    description:
      'Sends an envelope, once per key. It is stored before the provider is told, and sent even if this process ends.',
    authScopes: { scope: 'envelopes:write' },
    errors: {
      types: [InvalidInput, KeyReused, NotFound, WrongState, ProviderRefused],
      union: { name: 'SendEnvelopeResult', description: 'The payload, or why not.' },
    },
    args: { input: t.arg({ type: SendEnvelopeInput, required: true, description: 'What to send.' }) },
    resolve: async (_root, { input }, context) => {
      const { what } = input;
      return context.services.envelopes.send(principalOf(context).tenantId, {
        askedBy: principalOf(context).subject,
        idempotencyKey: input.idempotencyKey,
        waitMs: input.waitMs ?? 10_000,
        what: what.draftId === undefined ? { envelope: envelopeInput(what.envelope) } : { draftId: what.draftId },
      });
    },
  }),
);

const VoidEnvelopeInput = builder.inputType('VoidEnvelopeInput', {
  description: 'An envelope to be cancelled.',
  fields: (t) => ({
    id: t.id({ required: true, description: 'env_…' }),
    reason: t.string({ required: true, description: 'Told to the recipients.' }),
    idempotencyKey: t.string({ description: idempotencyKey }),
    waitMs: t.int({ required: true, defaultValue: 10_000, description: waitMs }),
  }),
});

const VoidEnvelopePayload = builder.objectRef<Commanded>('VoidEnvelopePayload').implement({
  description: 'The envelope, cancelled or about to be.',
  fields: (t) => ({
    command: t.field({
      type: CommandRef,
      description: 'How far the cancelling has come.',
      resolve: ({ command }) => command,
    }),
  }),
});
addEnvelope(VoidEnvelopePayload, 'VOIDED when the provider has confirmed it, VOIDING before.');

builder.mutationField('voidEnvelope', (t) =>
  t.field({
    type: VoidEnvelopePayload,
    nullable: true,
    description: 'Cancels an envelope that is under way. Repeating it joins the cancel that was asked for first.',
    authScopes: { scope: 'envelopes:write' },
    errors: {
      types: [InvalidInput, KeyReused, NotFound, WrongState, ProviderRefused],
      union: { name: 'VoidEnvelopeResult', description: 'The payload, or why not.' },
    },
    args: { input: t.arg({ type: VoidEnvelopeInput, required: true, description: 'What to cancel, and why.' }) },
    resolve: (_root, { input }, context) =>
      context.services.envelopes.void(principalOf(context).tenantId, {
        askedBy: principalOf(context).subject,
        id: uuidOrNotFound('Envelope', input.id),
        reason: input.reason,
        idempotencyKey: input.idempotencyKey ?? null,
        waitMs: input.waitMs ?? 10_000,
      }),
  }),
);

const RefreshEnvelopesInput = builder.inputType('RefreshEnvelopesInput', {
  description: 'Envelopes to be looked up.',
  fields: (t) => ({ ids: t.idList({ required: true, description: 'env_…; at most 200.' }) }),
});

const RefreshEnvelopesPayload = builder
  .objectRef<{ envelopes: LoggedEnvelope[] }>('RefreshEnvelopesPayload')
  .implement({
    description: 'The envelopes as the provider has them.',
    fields: (t) => ({
      envelopes: t.field({
        type: [EnvelopeRef],
        description: 'In the order asked. One that could not be looked up says so in `sync`.',
        resolve: ({ envelopes }) => envelopes,
      }),
    }),
  });

builder.mutationField('refreshEnvelopes', (t) =>
  t.field({
    type: RefreshEnvelopesPayload,
    nullable: true,
    description: 'Looks envelopes up at their provider now, joined into as few calls as can be.',
    authScopes: { scope: 'envelopes:write' },
    errors: {
      types: [InvalidInput, NotFound],
      union: { name: 'RefreshEnvelopesResult', description: 'The payload, or why not.' },
    },
    args: { input: t.arg({ type: RefreshEnvelopesInput, required: true, description: 'Which.' }) },
    resolve: async (_root, { input }, context) => {
      if (input.ids.length > 200) {
        throw new InvalidInput([
          { code: 'TOO_MANY', message: 'At most 200 ids are taken.', path: ['ids'], suggestion: null },
        ]);
      }
      const ids = input.ids.map((id) => uuidOrNotFound('Envelope', id));
      const rows = await Promise.all(ids.map((id) => context.loaders.envelope.load(id)));
      const envelopes = rows.map((row) => {
        if (row === null) throw new NotFound('envelope');
        return row;
      });
      return { envelopes: await refreshed(context, envelopes, { live: true }) };
    },
  }),
);
