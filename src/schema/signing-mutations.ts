/**
 * Embedded signing: opening a session, and hearing what came of it.
 * @module
 */
import {
  InvalidInput,
  NotEmbedded,
  NotFound,
  NotReady,
  NotTheirTurn,
  ProviderRefused,
  ProviderUnavailable,
  WrongState,
} from '../model/problems.ts';
import { addMilliseconds } from '../model/time.ts';
import { builder, principalOf } from './builder.ts';
import { found } from './found.ts';
import { uuidOrNotFound, waitMsOfSigning } from './mutation-arguments.ts';
import { RecipientRef } from './refs.ts';

/** How long a signer may take until the return is no longer taken for theirs. */
const RETURN_MS = 24 * 3_600_000;

const CreateSigningUrlInput = builder.inputType('CreateSigningUrlInput', {
  description: 'A signing session to be opened.',
  fields: (t) => ({
    recipientId: t.id({ required: true, description: 'rcp_…, one that is `embedded`.' }),
    returnUrl: t.field({
      type: 'URL',
      required: true,
      description:
        'Where the signer comes back to; `cs_state` is added to its query, in the place of one that is there, and every other byte stays.',
    }),
    waitMs: t.int({ required: true, defaultValue: 10_000, description: waitMsOfSigning }),
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
      description:
        'As the provider has them now. When it could not be asked, as it last told: `envelope { sync }` is `stale` then, and says why.',
      resolve: ({ recipientId }, _args, { loaders }) => found(loaders.recipient.load(recipientId), 'recipient'),
    }),
  }),
});

builder.mutationField('confirmSigning', (t) =>
  t.field({
    type: ConfirmSigningPayload,
    nullable: true,
    description:
      'Asks the provider what a returning signer did. The address they came back to proves nothing by itself. A provider that is down costs freshness, not the answer.',
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
      const { envelopeId, staleness } = await context.services.envelopes.confirmSigning(tenantId, recipientId);
      if (staleness) context.staleness.set(envelopeId, staleness);
      return { recipientId };
    },
  }),
);
