/**
 * DocuSign: eSignature REST API v2.1, JWT grant, Connect. What differs from others is said in `README.md` beside this.
 * @module
 */
import type { World } from '../../world.ts';
import type { ConnectedAccount, ConnectInput, OpenInput, Provider, ProviderClient } from '../provider.ts';
import { accountApi } from './api.ts';
import { release, voidEnvelope } from './change.ts';
import { changedSince } from './changes.ts';
import { checkUp } from './check-up.ts';
import { registerWebhook, removeWebhook } from './configuration.ts';
import { givenCredentials, storedCredentials } from './credentials.ts';
import { download, evidence } from './documents.ts';
import { tokens } from './oauth.ts';
import { correctRecipient, remind } from './recipients.ts';
import { createDraft, findDraft } from './send.ts';
import { POLLING_INTERVAL_MS, READ_BATCH, readMany } from './status.ts';
import { findAccount } from './userinfo.ts';
import { signingUrl } from './views.ts';
import { webhook } from './webhook.ts';

/** Limits of one upload: 25 MB in all, whether in one document or several. */
const MAX_BYTES = 25 * 1024 * 1024;

/** Of everything that DocuSign counts in days: its administration takes 1 to 999. */
const MAX_DAYS = 999;

export const docusign: Provider = {
  name: 'DOCUSIGN',
  capabilities: {
    roles: ['SIGNER', 'CARBON_COPY'],
    fieldKinds: ['SIGNATURE', 'INITIALS', 'DATE_SIGNED', 'TEXT', 'CHECKBOX'],
    anchors: true,
    embeddedSigning: true,
    routingOrder: true,
    maxDocumentBytes: MAX_BYTES,
    maxTotalBytes: MAX_BYTES,
    maxSubject: 100,
    maxMessage: 10_000,
    maxName: 100,
    maxEmail: 100,
    maxVoidReason: 200,
    maxReturnUrl: 500,
    maxRecipients: 200,
    maxExpiryDays: MAX_DAYS,
    maxReminderDays: MAX_DAYS,
  },
  webhook,
  connect,
  open,
};

async function connect({ credentials, environment }: ConnectInput, world: World): Promise<ConnectedAccount> {
  const given = givenCredentials(credentials, environment);
  const account = await findAccount(given, environment, tokens(given, environment, world), world);
  return { ...account, credentials: given.stored, webhookKeys: given.hmacKeys };
}

function open(input: OpenInput, world: World): ProviderClient {
  const api = accountApi(input, world);
  return {
    readBatch: READ_BATCH,
    pollingIntervalMs: POLLING_INTERVAL_MS,
    createDraft: (content, correlation) => createDraft(api, content, correlation, input.webhookUrl),
    findDraft: (correlation) => findDraft(api, correlation),
    release: (providerId) => release(api, providerId),
    void: (providerId, reason) => voidEnvelope(api, providerId, reason),
    remind: (request) => remind(api, request),
    correct: (request) => correctRecipient(api, request),
    registerWebhook: (webhook) => registerWebhook(api, webhook),
    removeWebhook: (webhook) => removeWebhook(api, webhook),
    checkUp: (webhook) => checkUp(api, { ...input, credentials: storedCredentials(input.credentials) }, webhook),
    signingUrl: (request) => signingUrl(api, request),
    read: (requests) => readMany(api, requests),
    changedSince: (request) => changedSince(api, request),
    download: (providerId, documentRef) => download(api, providerId, documentRef),
    evidence: (providerId, which) => evidence(api, providerId, which),
    limits: api.limits,
  };
}
