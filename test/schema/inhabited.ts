/**
 * Tenants with data of every kind, and what is right to ask with each root field of the schema on their behalf.
 * @module
 */
import { createHash, randomUUID } from 'node:crypto';
import { expect } from 'vitest';
import { uuidOf } from '../../src/model/ids.ts';
import { type Answer, at, eventually, textAt } from '../kit/answer.ts';
import { CREATE, envelope, PDF, send, signer, VOID } from '../kit/envelopes.ts';
import type { TestGateway } from '../kit/gateway.ts';
import type { Own } from './walk.ts';

export interface Tenant {
  readonly tenantId: string;
  readonly token: string;
  readonly account: string;
  /** A second one, of another account at the provider. */
  readonly spareAccount: string;
  readonly completed: string;
  /** Under way, with a recipient who signs embedded. */
  readonly sent: string;
  /** Under way, with a recipient who is mailed. */
  readonly mailed: string;
  /** Three of them. */
  readonly drafts: readonly string[];
  /** The embedded recipient of `sent`, and what they come back with. */
  readonly recipient: string;
  readonly state: string;
  readonly document: string;
  /** A document that was uploaded and is in no envelope. */
  readonly upload: string;
  readonly providerIdOfSent: string;
  readonly externalIdOfSent: string;
  /** Idempotency key of a send. */
  readonly key: string;
  /** Everything its token can read, as text. */
  readonly all: string;
}

/** All that can be read below what the walk selects; `test/schema/tenants.db.test.ts` says when it isn't all. */
export const EVERYTHING = [
  `{ envelopes(first: 20) { logCursor pageInfo { endCursor } nodes { id providerId subject message externalId status updatedAt account { id } } } }`,
  `{ envelopes(first: 20) { nodes { recipients { id email status fields { id at { document page x y width height } anchor { document text dx dy } } } documents { id } commands { id state } } } }`,
  `{ envelopes(first: 20) { nodes { timeline { __typename at ... on CommandAsked { command { id } } ... on CommandOutcome { command { id } } ... on DeliveryReceived { delivery { id } } ... on EventRecorded { event { id } } } } } }`,
  `{ accounts(first: 20) { pageInfo { endCursor } nodes { id webhookMode webhookUrl disconnectedAt } } }`,
  `{ events(first: 100) { pageInfo { endCursor } nodes { id } } }`,
  `{ webhookDeliveries(first: 100) { pageInfo { endCursor } nodes { id } } }`,
];

/** All that the token can read, as one text. */
export async function readAll(api: TestGateway, token: string): Promise<string> {
  const answers: Answer[] = [];
  for (const document of EVERYTHING) answers.push(await api.gql(token, document));
  expect(answers.flatMap(({ errors }) => errors ?? [])).toEqual([]);
  return JSON.stringify(answers);
}

const CREATE_UPLOAD = `mutation U($input: CreateUploadInput!) { createUpload(input: $input) {
  ... on CreateUploadPayload { document { id } url }
} }`;

/** A document that was uploaded whole. */
async function uploaded(api: TestGateway, token: string): Promise<string> {
  const bytes = Buffer.from(PDF, 'base64');
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const answer = await api.gql(token, CREATE_UPLOAD, { input: { filename: 'up.pdf', size: bytes.length, sha256 } });
  const put = await fetch(textAt(answer, 'data.createUpload.url'), {
    method: 'PUT',
    headers: { 'content-type': 'application/pdf' },
    body: bytes,
  });
  expect(put.status).toBe(200);
  return textAt(answer, 'data.createUpload.document.id');
}

/** What a signer comes back with. */
export function signingState(api: TestGateway, tenantId: string, recipientId: string): Promise<string> {
  return api.gateway.services.links.sign('signing', { tenantId, recipientId }, new Date(Date.now() + 3_600_000));
}

/** A tenant with data of every kind, at the same accounts of the provider as any other. */
export async function inhabited(api: TestGateway, name: string): Promise<Tenant> {
  const tenantId = randomUUID();
  const token = await api.token({ tenantId });
  const account = await api.connectSandboxAccount(tenantId);
  const spareAccount = await api.connectSandboxAccount(tenantId, { providerAccountId: await secondAccount(api) });
  const externalId = `${name}-external-${randomUUID()}`;
  const key: string = randomUUID();
  const given = (what: string, embedded = false) =>
    envelope(account, {
      subject: `${name} subject of ${what}`,
      message: `${name} message of ${what}`,
      externalId: `${externalId}-${what}`,
      metadata: [{ key: `${name}-metadata`, value: `${name}-value` }],
      docusign: { reminders: { afterDays: 3, everyDays: 3 } },
      recipients: [signer({ name: `${name} Signer`, email: `${name}-${what}@tenant.example`, embedded })],
    });
  const sendOne = async (what: string, { embedded = true, idempotencyKey = randomUUID() as string } = {}) =>
    send(api, token, { envelope: given(what, embedded) }, { idempotencyKey });
  const completed = await sendOne('completed', { idempotencyKey: key });
  const sent = await sendOne('sent');
  const mailed = await sendOne('mailed', { embedded: false });
  const drafts: string[] = [];
  for (const which of ['one', 'two', 'three']) {
    const answer = await api.gql(token, CREATE, { input: { envelope: given(`draft-${which}`) } });
    drafts.push(textAt(answer, 'data.createEnvelope.envelope.id'));
  }
  await api.control('POST', '/faults', {
    route: 'POST /envelopes',
    kind: 'status',
    status: 400,
    body: { errorCode: 'INVALID_REQUEST_PARAMETER', message: `${name} was refused` },
  });
  textAt(await sendOne('failed'), 'data.sendEnvelope.envelope.id');
  const voided = textAt(await sendOne('voided'), 'data.sendEnvelope.envelope.id');
  await api.gql(token, VOID, { input: { id: voided, reason: `${name} void reason` } });
  const completedId = textAt(completed, 'data.sendEnvelope.envelope.id');
  await api.control('POST', `/envelopes/${textAt(completed, 'data.sendEnvelope.envelope.providerId')}/sign`);
  const upload = await uploaded(api, token);
  // Quiet from here on: what is read twice is the same twice.
  await api.control('POST', '/idle');
  await eventually(async () => {
    const answer = await api.gql(token, 'query Q($id: ID!) { envelope(id: $id) { status } }', { id: completedId });
    return at(answer, 'data.envelope.status') === 'COMPLETED';
  });
  const recipient = textAt(sent, 'data.sendEnvelope.envelope.recipients.0.id');
  return {
    tenantId,
    token,
    account,
    spareAccount,
    completed: completedId,
    sent: textAt(sent, 'data.sendEnvelope.envelope.id'),
    mailed: textAt(mailed, 'data.sendEnvelope.envelope.id'),
    drafts,
    recipient,
    state: await signingState(api, tenantId, uuidOf('Recipient', recipient) ?? ''),
    document: textAt(sent, 'data.sendEnvelope.envelope.documents.0.id'),
    upload,
    providerIdOfSent: textAt(sent, 'data.sendEnvelope.envelope.providerId'),
    externalIdOfSent: `${externalId}-sent`,
    key,
    all: await readAll(api, token),
  };
}

const SECOND_ACCOUNT = 'b1a5e000-0000-4000-8000-000000000002';

/** One more account of the sandbox's user at the provider. */
async function secondAccount(api: TestGateway): Promise<string> {
  const { userId, accountId } = api.sandbox.credentials;
  await api.control('POST', '/accounts', { accountId: SECOND_ACCOUNT, name: 'Spare' });
  await api.control('POST', '/users', { userId, accountIds: [accountId, SECOND_ACCOUNT], defaultAccountId: accountId });
  return SECOND_ACCOUNT;
}

/** What each root field is asked with where nothing of another is named: enough for it to do its work. */
export function ownOf(api: TestGateway, tenant: Tenant): Own {
  const { integrationKey, userId, privateKey, hmacKeys } = api.sandbox.credentials;
  const [toSend = '', toUpdate = '', toDelete = ''] = tenant.drafts;
  return {
    ids: {
      id: tenant.sent,
      ids: tenant.sent,
      accountId: tenant.account,
      recipientId: tenant.recipient,
      draftId: toSend,
      documentId: tenant.document,
    },
    idsOf: {
      account: { id: tenant.account },
      updateDraft: { id: toUpdate },
      deleteDraft: { id: toDelete },
      remindEnvelope: { id: tenant.mailed },
      disconnectAccount: { accountId: tenant.spareAccount },
    },
    texts: {
      idempotencyKey: () => randomUUID(),
      base64: () => PDF,
      filename: () => 'walk.pdf',
      sha256: () => 'a'.repeat(64),
      document: () => 'text',
      email: () => 'walk@tenant.example',
      returnUrl: () => 'https://app.example/back',
      state: () => tenant.state,
      environment: () => 'SANDBOX',
      integrationKey: () => integrationKey,
      userId: () => userId,
      privateKey: () => privateKey,
      hmacKeys: () => hmacKeys[0] ?? '',
    },
    optional: { waitMs: 5_000, oauthUrl: api.sandbox.url, name: 'Walker' },
  };
}
