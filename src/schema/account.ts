/**
 * Accounts: a tenant's accounts at providers. Secrets go in and never come out.
 * @module
 */
import { InvalidInput, NoPublicUrl, NotSupported, ProviderRefused, ProviderUnavailable } from '../model/problems.ts';
import { publicId, uuidOf } from '../model/ids.ts';
import type { RegisteredWebhook } from '../accounts/changes.ts';
import { RegisteredWebhookType } from './account-changes.ts';
import { builder, principalOf } from './builder.ts';
import { EnvironmentEnum, FieldKindEnum, ProviderEnum, RecipientRoleEnum, WebhookModeEnum } from './enums.ts';
import { encodeKeyset, decodeKeyset, pageSize, pageType } from './pages.ts';
import { AccountRef, NodeInterface } from './refs.ts';
import { AccountHealthType } from './health.ts';
import type { Context } from './context.ts';

const CapabilitiesType = builder
  .objectRef<ReturnType<Context['services']['accounts']['capabilities']>>('Capabilities')
  .implement({
    description: 'What the provider of an account can do, and its limits.',
    fields: (t) => ({
      roles: t.field({
        type: [RecipientRoleEnum],
        description: 'Roles a recipient may have.',
        resolve: ({ roles }) => [...roles],
      }),
      fieldKinds: t.field({
        type: [FieldKindEnum],
        description: 'Kinds of fields.',
        resolve: ({ fieldKinds }) => [...fieldKinds],
      }),
      anchors: t.boolean({
        description: 'Whether a field may be placed by a text of the document.',
        resolve: ({ anchors }) => anchors,
      }),
      embeddedSigning: t.boolean({
        description: 'Whether recipients may sign inside your application.',
        resolve: ({ embeddedSigning }) => embeddedSigning,
      }),
      routingOrder: t.boolean({
        description: 'Whether recipients may be asked one after the other.',
        resolve: ({ routingOrder }) => routingOrder,
      }),
      maxDocumentBytes: t.int({
        description: 'Bytes of one document.',
        resolve: ({ maxDocumentBytes }) => maxDocumentBytes,
      }),
      maxTotalBytes: t.int({
        description: 'Bytes of all documents of an envelope.',
        resolve: ({ maxTotalBytes }) => maxTotalBytes,
      }),
      maxRecipients: t.int({
        description: 'Recipients of an envelope.',
        resolve: ({ maxRecipients }) => maxRecipients,
      }),
      maxExpiryDays: t.int({
        description: 'Days from the sending of an envelope to its `expiresAt`.',
        resolve: ({ maxExpiryDays }) => maxExpiryDays,
      }),
    }),
  });

AccountRef.implement({
  description: "A tenant's account at one provider.",
  interfaces: [NodeInterface],
  fields: (t) => ({
    id: t.id({ description: 'acc_…', resolve: ({ id }) => publicId('Account', id) }),
    provider: t.field({ type: ProviderEnum, description: 'The vendor.', resolve: ({ provider }) => provider }),
    environment: t.field({
      type: EnvironmentEnum,
      description: "Which of the vendor's installations.",
      resolve: ({ environment }) => environment,
    }),
    providerAccountId: t.string({
      description: "The provider's own id of the account.",
      resolve: ({ providerAccountId }) => providerAccountId,
    }),
    name: t.string({ description: 'As the provider calls it.', resolve: ({ name }) => name }),
    capabilities: t.field({
      type: CapabilitiesType,
      description: 'What can be asked of it.',
      resolve: (account, _args, { services }) => services.accounts.capabilities(account),
    }),
    createdAt: t.field({
      type: 'DateTime',
      description: 'When it was connected.',
      resolve: ({ createdAt }) => createdAt,
    }),
    disconnectedAt: t.field({
      type: 'DateTime',
      nullable: true,
      description: 'When it was disconnected; null while it is connected.',
      resolve: ({ disconnectedAt }) => disconnectedAt,
    }),
    webhookMode: t.field({
      type: WebhookModeEnum,
      description: 'How its provider learns where to send webhooks.',
      resolve: ({ webhookMode }) => webhookMode,
    }),
    webhookUrl: t.field({
      type: 'URL',
      nullable: true,
      description: 'Where its webhooks come in. Unguessable: keep it to yourself. Needs the scope `accounts:write`.',
      authScopes: { scope: 'accounts:write' },
      resolve: (account, _args, { services }) => services.accounts.webhookUrl(account),
    }),
    health: t.field({
      type: AccountHealthType,
      nullable: true,
      description:
        'How it stands. Its provider is asked, within seconds; what was found is answered again for 30 seconds. Needs the scope `accounts:read`.',
      authScopes: { scope: 'accounts:read' },
      resolve: (account, _args, { services }) => services.health.of(account),
    }),
  }),
});

const AccountPage = pageType('Account', AccountRef, 'accounts');

builder.queryField('account', (t) =>
  t.field({
    type: AccountRef,
    nullable: true,
    description: "An account by its id; null when there is none of this tenant's.",
    authScopes: { scope: 'accounts:read' },
    args: { id: t.arg.id({ required: true, description: 'acc_…' }) },
    resolve: (_root, { id }, { loaders }) => {
      const uuid = uuidOf('Account', id);
      return uuid === null ? null : loaders.account.load(uuid);
    },
  }),
);

builder.queryField('accounts', (t) =>
  t.field({
    type: AccountPage,
    nullable: true,
    description: 'The connected accounts, the oldest first.',
    authScopes: { scope: 'accounts:read' },
    args: {
      first: t.arg.int({ required: true, description: 'Rows of the page, 1 to 200.' }),
      after: t.arg.string({ description: '`endCursor` of the page before.' }),
    },
    resolve: async (_root, { first, after }, context) => {
      const size = pageSize(first);
      const rows = await context.services.accounts.list(principalOf(context).tenantId, {
        first: size + 1,
        after: decodeKeyset('accounts', after),
      });
      const nodes = rows
        .slice(0, size)
        .map((node) => ({ node, cursor: encodeKeyset('accounts', node.createdAt, node.id) }));
      return {
        nodes,
        after: after ?? null,
        hasNextPage: rows.length > size,
        endCursor: nodes.at(-1)?.cursor ?? null,
      };
    },
  }),
);

const DocusignCredentials = builder.inputType('DocusignCredentials', {
  description: 'An integration with JWT grant, and the user it impersonates.',
  fields: (t) => ({
    integrationKey: t.string({ required: true, description: 'Client id of the integration (GUID).' }),
    userId: t.string({ required: true, description: 'API user id (GUID) to impersonate, not the e-mail.' }),
    privateKey: t.string({ required: true, description: 'RSA private key of the integration, PEM.' }),
    hmacKeys: t.stringList({
      required: true,
      description: 'Connect HMAC keys of the account; every one is tried, so rotation loses nothing.',
    }),
    providerAccountId: t.string({ description: "API account id (GUID); the user's default account when left out." }),
    oauthUrl: t.string({ description: 'Address of the OAuth host. For the SANDBOX environment alone.' }),
  }),
});

const Credentials = builder.inputType('AccountCredentials', {
  description: 'Credentials of one provider; exactly one member.',
  isOneOf: true,
  fields: (t) => ({ docusign: t.field({ type: DocusignCredentials, description: 'For DOCUSIGN.' }) }),
});

const ConnectAccountInput = builder.inputType('ConnectAccountInput', {
  description: 'How to sign in to an account.',
  fields: (t) => ({
    credentials: t.field({
      type: Credentials,
      required: true,
      description: 'They are proven by signing in, then sealed.',
    }),
    environment: t.field({ type: EnvironmentEnum, required: true, description: 'Which installation.' }),
    webhook: t.field({
      type: WebhookModeEnum,
      required: true,
      defaultValue: 'PER_ENVELOPE',
      description: 'How webhooks are registered. ACCOUNT registers at once, as `registerWebhook` does.',
    }),
  }),
});

const ConnectAccountPayload = builder
  .objectRef<{ account: typeof AccountRef.$inferType; webhook: RegisteredWebhook | null }>('ConnectAccountPayload')
  .implement({
    description: 'The account, connected.',
    fields: (t) => ({
      account: t.field({
        type: AccountRef,
        description: 'Connecting the same account again answers the same one.',
        resolve: ({ account }) => account,
      }),
      webhookUrl: t.field({
        type: 'URL',
        description: 'Where its webhooks come in. Unguessable: keep it to yourself.',
        resolve: ({ account }, _args, { services }) => services.accounts.webhookUrl(account),
      }),
      webhook: t.field({
        type: RegisteredWebhookType,
        nullable: true,
        description: 'The registration, when `webhook: ACCOUNT` was asked.',
        resolve: ({ webhook }) => webhook,
      }),
    }),
  });

builder.mutationField('connectAccount', (t) =>
  t.field({
    type: ConnectAccountPayload,
    nullable: true,
    description:
      'Connects an account: signs in once to prove the credentials, then stores them sealed. When it is the registration of the webhook that is refused, the account is connected all the same, in mode PER_ENVELOPE if it is new: call `registerWebhook` then.',
    authScopes: { scope: 'accounts:write' },
    errors: {
      types: [InvalidInput, ProviderRefused, ProviderUnavailable, NotSupported, NoPublicUrl],
      union: { name: 'ConnectAccountResult', description: 'The payload, or why not.' },
    },
    args: { input: t.arg({ type: ConnectAccountInput, required: true, description: 'What to connect.' }) },
    resolve: async (_root, { input }, context) => {
      const { credentials, environment, webhook } = input;
      const { accounts, accountChanges } = context.services;
      const account = await accounts.connect(principalOf(context), {
        provider: 'DOCUSIGN',
        environment,
        credentials: credentials.docusign,
        webhook,
      });
      if (webhook === 'PER_ENVELOPE') return { account, webhook: null };
      return accountChanges.registerWebhook(account.tenantId, account.id);
    },
  }),
);
