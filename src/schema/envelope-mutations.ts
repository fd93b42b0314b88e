/**
 * Changing envelopes.
 * @module
 */
import type { CommandRow } from '../envelopes/commands.ts';
import type { EnvelopeRow, LoggedEnvelope } from '../envelopes/read.ts';
import {
  InvalidInput,
  KeyReused,
  NotEmbedded,
  NotFound,
  NotReady,
  NotTheirTurn,
  ProviderRefused,
  ProviderUnavailable,
  WrongState,
} from '../model/problems.ts';
import { publicId, uuidOf } from '../model/ids.ts';
import { MAX_WAIT_MS } from '../model/limits.ts';
import { addMilliseconds } from '../model/time.ts';
import { builder, principalOf } from './builder.ts';
import type { Context } from './context.ts';
import { EnvelopeInputType, envelopeInput } from './envelope-input.ts';
import { refreshed } from './envelope-queries.ts';
import { found } from './found.ts';
import { CommandRef, EnvelopeRef, RecipientRef } from './refs.ts';

const idempotencyKey =
  'At most 255 characters. The same key with the same input answers the same again; kept for 30 days.';
const waitMs = `Milliseconds to wait for the provider's word, 0 to ${MAX_WAIT_MS}.`;

const ValidateEnvelopeInput = builder.inputType('ValidateEnvelopeInput', {
  description: 'An envelope to be checked.',
  fields: (t) => ({
    envelope: t.field({ type: EnvelopeInputType, required: true, description: 'As it would be sent.' }),
  }),
});

const ValidateEnvelopePayload = builder.objectRef<{ valid: true }>('ValidateEnvelopePayload').implement({
  description: 'Nothing is wrong with it, as far as can be told without asking the provider.',
  fields: (t) => ({
    valid: t.boolean({
      description: 'Always true: faults are answered as InvalidInput.',
      resolve: ({ valid }) => valid,
    }),
  }),
});

builder.mutationField('validateEnvelope', (t) =>
  t.field({
    type: ValidateEnvelopePayload,
    nullable: true,
    description:
      'Checks an envelope against the rules and limits of its provider, without making it. All faults are answered.',
    authScopes: { scope: 'envelopes:write' },
    errors: {
      types: [InvalidInput],
      union: { name: 'ValidateEnvelopeResult', description: 'The payload, or what is wrong.' },
    },
    args: { input: t.arg({ type: ValidateEnvelopeInput, required: true, description: 'What to check.' }) },
    resolve: async (_root, { input }, context) => {
      await context.services.envelopes.validate(principalOf(context).tenantId, envelopeInput(input.envelope));
      return { valid: true as const };
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
      types: [InvalidInput, KeyReused],
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
    waitMs: t.int({ required: true, defaultValue: 10_000, description: waitMs }),
    what: t.field({ type: SendWhat, required: true, description: 'A new envelope or a draft.' }),
  }),
});

interface Commanded {
  readonly envelope: LoggedEnvelope;
  readonly command: CommandRow;
}

const SendEnvelopePayload = builder.objectRef<Commanded & { replayed: boolean }>('SendEnvelopePayload').implement({
  description: 'The envelope, sent or on its way.',
  fields: (t) => ({
    envelope: t.field({
      type: EnvelopeRef,
      description: 'SENT when the provider has answered, SENDING when it has not yet.',
      resolve: ({ envelope }) => envelope,
    }),
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
      const result = await context.services.envelopes.send(principalOf(context).tenantId, {
        idempotencyKey: input.idempotencyKey,
        waitMs: input.waitMs ?? 10_000,
        what: what.draftId === undefined ? { envelope: envelopeInput(what.envelope) } : { draftId: what.draftId },
      });
      return { ...result, envelope: await logged(context, result.envelope) };
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
    envelope: t.field({
      type: EnvelopeRef,
      description: 'VOIDED when the provider has confirmed it, VOIDING before.',
      resolve: ({ envelope }) => envelope,
    }),
    command: t.field({
      type: CommandRef,
      description: 'How far the cancelling has come.',
      resolve: ({ command }) => command,
    }),
  }),
});

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
    resolve: async (_root, { input }, context) => {
      const { envelope, command } = await context.services.envelopes.void(principalOf(context).tenantId, {
        id: uuidOrNotFound('Envelope', input.id),
        reason: input.reason,
        idempotencyKey: input.idempotencyKey ?? null,
        waitMs: input.waitMs ?? 10_000,
      });
      return { envelope: await logged(context, envelope), command };
    },
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
      const rows = await context.loaders.envelope.loadMany(input.ids.map((id) => uuidOrNotFound('Envelope', id)));
      const envelopes = rows.map((row) => {
        if (row === null) throw new NotFound('envelope');
        if (row instanceof Error) throw row;
        return row;
      });
      return { envelopes: await refreshed(context, envelopes, { live: true }) };
    },
  }),
);

/** How long a signer may take until the return is no longer taken for theirs. */
const RETURN_MS = 24 * 3_600_000;

const CreateSigningUrlInput = builder.inputType('CreateSigningUrlInput', {
  description: 'A signing session to be opened.',
  fields: (t) => ({
    recipientId: t.id({ required: true, description: 'rcp_…, one that is `embedded`.' }),
    returnUrl: t.field({
      type: 'URL',
      required: true,
      description: 'Where the signer comes back to; `cs_state` is added to its query.',
    }),
    waitMs: t.int({ required: true, defaultValue: 10_000, description: waitMs }),
  }),
});

interface SigningSession {
  readonly url: string;
  readonly expiresAt: Date;
  readonly singleUse: boolean;
}

const PresentationEnum = builder.enumType('SigningPresentation', {
  description: 'How the session is shown.',
  values: { REDIRECT: { description: 'Send the browser to `url`.' } } as const,
});

const CreateSigningUrlPayload = builder.objectRef<SigningSession>('CreateSigningUrlPayload').implement({
  description: 'A signing session.',
  fields: (t) => ({
    url: t.field({ type: 'URL', description: 'Open it at once; never store or mail it.', resolve: ({ url }) => url }),
    expiresAt: t.field({ type: 'DateTime', description: 'Not after.', resolve: ({ expiresAt }) => expiresAt }),
    singleUse: t.boolean({ description: 'True when it opens once.', resolve: ({ singleUse }) => singleUse }),
    presentation: t.field({
      type: PresentationEnum,
      description: 'How it is shown.',
      resolve: () => 'REDIRECT' as const,
    }),
  }),
});

builder.mutationField('createSigningUrl', (t) =>
  t.field({
    type: CreateSigningUrlPayload,
    nullable: true,
    description: 'Opens a signing session for an embedded recipient. Each call opens a new one; the one before ends.',
    authScopes: { scope: 'envelopes:write' },
    errors: {
      types: [
        InvalidInput,
        NotFound,
        WrongState,
        NotEmbedded,
        NotTheirTurn,
        NotReady,
        ProviderRefused,
        ProviderUnavailable,
      ],
      union: { name: 'CreateSigningUrlResult', description: 'The payload, or why not.' },
    },
    args: {
      input: t.arg({
        type: CreateSigningUrlInput,
        required: true,
        description: 'For whom, and where they come back to.',
      }),
    },
    resolve: async (_root, { input }, context) => {
      const { tenantId } = principalOf(context);
      const recipientId = uuidOrNotFound('Recipient', input.recipientId);
      const { services } = context;
      const state = await services.links.sign(
        'signing',
        { tenantId, recipientId },
        addMilliseconds(services.world.now(), RETURN_MS),
      );
      return services.envelopes.signingUrl(tenantId, {
        recipientId,
        returnUrl: input.returnUrl,
        state,
        waitMs: input.waitMs ?? 10_000,
      });
    },
  }),
);

const ConfirmSigningInput = builder.inputType('ConfirmSigningInput', {
  description: 'A signer has come back.',
  fields: (t) => ({ state: t.string({ required: true, description: '`cs_state` of the address they came back to.' }) }),
});

const ConfirmSigningPayload = builder.objectRef<{ recipientId: string }>('ConfirmSigningPayload').implement({
  description: 'What the provider says of the signer.',
  fields: (t) => ({
    recipient: t.field({
      type: RecipientRef,
      description: 'As the provider has them now.',
      resolve: ({ recipientId }, _args, { loaders }) => found(loaders.recipient.load(recipientId), 'recipient'),
    }),
  }),
});

builder.mutationField('confirmSigning', (t) =>
  t.field({
    type: ConfirmSigningPayload,
    nullable: true,
    description:
      'Asks the provider what a returning signer did. The address they came back to proves nothing by itself.',
    authScopes: { scope: 'envelopes:write' },
    errors: {
      types: [InvalidInput, NotFound],
      union: { name: 'ConfirmSigningResult', description: 'The payload, or why not.' },
    },
    args: { input: t.arg({ type: ConfirmSigningInput, required: true, description: 'The state they carry.' }) },
    resolve: async (_root, { input }, context) => {
      const { tenantId } = principalOf(context);
      const state = await context.services.links.verify('signing', input.state);
      const recipientId = state?.['recipientId'];
      if (state?.['tenantId'] !== tenantId || typeof recipientId !== 'string') {
        const message = 'This state was not made here, or its time is over.';
        throw new InvalidInput([{ code: 'INVALID_FORMAT', message, path: ['state'], suggestion: null }]);
      }
      await context.services.envelopes.confirmSigning(tenantId, recipientId);
      return { recipientId };
    },
  }),
);

/** The row with its place in the log, read again: what the mutation made may have gone on since. */
async function logged(context: Context, row: EnvelopeRow): Promise<LoggedEnvelope> {
  return found(context.loaders.envelope.load(row.id), publicId('Envelope', row.id));
}

function uuidOrNotFound(kind: 'Envelope' | 'Recipient', id: string): string {
  const uuid = uuidOf(kind, id);
  if (uuid === null) throw new NotFound(kind.toLowerCase());
  return uuid;
}
