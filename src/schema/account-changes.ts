/**
 * Changing a connected account: its webhook, its keys, its end.
 * @module
 */
import {
  InvalidInput,
  NoPublicUrl,
  NotFound,
  NotSupported,
  ProviderRefused,
  ProviderUnavailable,
  TooEarly,
} from '../model/problems.ts';
import type { RegisteredWebhook } from '../accounts/changes.ts';
import { builder, principalOf } from './builder.ts';
import { WebhookModeEnum, WebhookOutcomeEnum } from './enums.ts';
import { uuidOrNotFound } from './mutation-arguments.ts';
import { AccountRef } from './refs.ts';

type Account = typeof AccountRef.$inferType;

export const RegisteredWebhookType = builder.objectRef<RegisteredWebhook>('RegisteredWebhook').implement({
  description: "A provider's one registration of an account's webhooks.",
  fields: (t) => ({
    providerWebhookId: t.string({
      description: "The provider's own id of it.",
      resolve: ({ providerWebhookId }) => providerWebhookId,
    }),
    outcome: t.field({
      type: WebhookOutcomeEnum,
      description: 'What had to be done.',
      resolve: ({ outcome }) => outcome,
    }),
    repaired: t.stringList({
      description: 'What was otherwise than it must be, a sentence each, for people.',
      resolve: ({ repaired }) => [...repaired],
    }),
  }),
});

/** What an account is registered and changed by answers the account, and what became of the registration. */
interface Registered {
  readonly account: Account;
  readonly webhook: RegisteredWebhook;
}

const RegisterWebhookInput = builder.inputType('RegisterWebhookInput', {
  description: 'Whose webhooks.',
  fields: (t) => ({ accountId: t.id({ required: true, description: 'acc_…' }) }),
});

const RegisterWebhookPayload = builder.objectRef<Registered>('RegisterWebhookPayload').implement({
  description: 'The webhook, registered.',
  fields: (t) => ({
    account: t.field({ type: AccountRef, description: 'In mode ACCOUNT.', resolve: ({ account }) => account }),
    webhook: t.field({
      type: RegisteredWebhookType,
      description: 'The registration.',
      resolve: ({ webhook }) => webhook,
    }),
  }),
});

builder.mutationField('registerWebhook', (t) =>
  t.field({
    type: RegisterWebhookPayload,
    nullable: true,
    description:
      'Sees to it that the provider has one registration that sends all webhooks of the account here: makes it, mends it, or finds it as it must be. From then on the account is in mode ACCOUNT.',
    authScopes: { scope: 'accounts:write' },
    errors: {
      types: [NotFound, NotSupported, NoPublicUrl, ProviderRefused, ProviderUnavailable],
      union: { name: 'RegisterWebhookResult', description: 'The payload, or why not.' },
    },
    args: { input: t.arg({ type: RegisterWebhookInput, required: true, description: 'Whose webhooks.' }) },
    resolve: (_root, { input }, context) =>
      context.services.accountChanges.registerWebhook(
        principalOf(context).tenantId,
        uuidOrNotFound('Account', input.accountId),
      ),
  }),
);

const DocusignChangeInput = builder.inputType('DocusignAccountChangeInput', {
  description: 'What changes of a DocuSign account.',
  fields: (t) => ({
    addHmacKeys: t.stringList({ description: 'Connect HMAC keys that are live from now on, beside the others.' }),
    removeHmacKeys: t.stringList({
      description: 'Keys that are no longer believed, as they were given. One key must stay.',
    }),
  }),
});

const UpdateAccountInput = builder.inputType('UpdateAccountInput', {
  description: 'What changes of an account; what is left out stays.',
  fields: (t) => ({
    accountId: t.id({ required: true, description: 'acc_…' }),
    webhook: t.field({
      type: WebhookModeEnum,
      description:
        'How webhooks are registered from now on. Envelopes that were sent keep to what they were sent with.',
    }),
    docusign: t.field({ type: DocusignChangeInput, description: 'For an account at DocuSign.' }),
  }),
});

const UpdateAccountPayload = builder
  .objectRef<{ readonly account: Account; readonly webhook: RegisteredWebhook | null }>('UpdateAccountPayload')
  .implement({
    description: 'The account, changed.',
    fields: (t) => ({
      account: t.field({ type: AccountRef, description: 'As it is now.', resolve: ({ account }) => account }),
      webhook: t.field({
        type: RegisteredWebhookType,
        nullable: true,
        description: 'The registration, when `webhook: ACCOUNT` was asked.',
        resolve: ({ webhook }) => webhook,
      }),
    }),
  });

builder.mutationField('updateAccount', (t) =>
  t.field({
    type: UpdateAccountPayload,
    nullable: true,
    description:
      'Changes the keys that are live, or how webhooks are registered. For new credentials connect it again.',
    authScopes: { scope: 'accounts:write' },
    errors: {
      types: [InvalidInput, NotFound, NotSupported, NoPublicUrl, ProviderRefused, ProviderUnavailable],
      union: { name: 'UpdateAccountResult', description: 'The payload, or why not.' },
    },
    args: { input: t.arg({ type: UpdateAccountInput, required: true, description: 'What changes.' }) },
    resolve: (_root, { input }, context) =>
      context.services.accountChanges.update(principalOf(context).tenantId, {
        accountId: uuidOrNotFound('Account', input.accountId),
        webhook: input.webhook ?? null,
        keys: input.docusign
          ? {
              add: input.docusign.addHmacKeys ?? [],
              remove: input.docusign.removeHmacKeys ?? [],
              path: ['docusign'],
            }
          : null,
      }),
  }),
);

const DisconnectAccountInput = builder.inputType('DisconnectAccountInput', {
  description: 'An account to be forgotten.',
  fields: (t) => ({ accountId: t.id({ required: true, description: 'acc_…' }) }),
});

const DisconnectAccountPayload = builder
  .objectRef<{ readonly account: Account; readonly webhookRemoved: boolean }>('DisconnectAccountPayload')
  .implement({
    description: 'The account, disconnected. It and its envelopes can still be read.',
    fields: (t) => ({
      account: t.field({ type: AccountRef, description: 'With `disconnectedAt`.', resolve: ({ account }) => account }),
      webhookRemoved: t.boolean({
        description:
          'True when a registration of the whole account was taken away at the provider. False in mode ACCOUNT: remove it there.',
        resolve: ({ webhookRemoved }) => webhookRemoved,
      }),
    }),
  });

builder.mutationField('disconnectAccount', (t) =>
  t.field({
    type: DisconnectAccountPayload,
    nullable: true,
    description:
      "Forgets an account's credentials and keys. Its envelopes stay as they are known; nothing more is sent, read or heard. Connected again, it is the same account.",
    authScopes: { scope: 'accounts:write' },
    errors: {
      types: [NotFound, TooEarly],
      union: { name: 'DisconnectAccountResult', description: 'The payload, or why not.' },
    },
    args: { input: t.arg({ type: DisconnectAccountInput, required: true, description: 'Which one.' }) },
    resolve: (_root, { input }, context) =>
      context.services.accountChanges.disconnect(
        principalOf(context).tenantId,
        uuidOrNotFound('Account', input.accountId),
      ),
  }),
);
