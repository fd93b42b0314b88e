/**
 * The whole log of a run in which everything happens that can: no line holds a secret, or a word about a person.
 */
import { randomUUID } from 'node:crypto';
import { sql } from 'drizzle-orm';
import { beforeAll, expect, test } from 'vitest';
import { at, eventually, textAt } from '../kit/answer.ts';
import { envelope, send, signer } from '../kit/envelopes.ts';
import { startTestGateway } from '../kit/gateway.ts';

const NAME = 'Planted Personsson';
const EMAIL = 'planted.person@secret-mail.example';
const SUBJECT = 'Planted subject of a lease';
const MESSAGE = 'Planted message of a lease';
const REASON = 'Planted reason of a void';
const KEY = 'planted-idempotency-key';

const api = await startTestGateway();
const tenantId = randomUUID();
const token = await api.token({ tenantId });
const secrets = new Map<string, string>();
const keep = (what: string, value: string): void => void secrets.set(what, value);

const CONNECT = `mutation Connect($input: ConnectAccountInput!) {
  connectAccount(input: $input) {
    ... on ConnectAccountPayload { account { id } webhookUrl }
    ... on Problem { code message }
  }
}`;
const DOCUMENT = 'query D($id: ID!) { envelope(id: $id) { documents { download { url } } } }';
const SIGNING = `mutation Sign($input: CreateSigningUrlInput!) {
  createSigningUrl(input: $input) { ... on CreateSigningUrlPayload { url } ... on Problem { code message } }
}`;
const VOID = `mutation V($input: VoidEnvelopeInput!) { voidEnvelope(input: $input) { ... on Problem { code message } } }`;

const planted = (account: string) =>
  envelope(account, {
    subject: SUBJECT,
    message: MESSAGE,
    recipients: [signer({ name: NAME, email: EMAIL, embedded: true })],
  });

beforeAll(async () => {
  const { integrationKey, userId, accountId, privateKey, hmacKeys } = api.sandbox.credentials;
  const docusign = {
    integrationKey,
    userId,
    privateKey,
    hmacKeys,
    providerAccountId: accountId,
    oauthUrl: api.sandbox.url,
  };
  const connect = (changes: object) =>
    api.gql(token, CONNECT, {
      input: { environment: 'SANDBOX', credentials: { docusign: { ...docusign, ...changes } } },
    });
  const connected = await connect({});
  const account = textAt(connected, 'data.connectAccount.account.id');
  const hook = textAt(connected, 'data.connectAccount.webhookUrl');
  keep('webhook path', hook.split('/').at(-1) ?? '');
  for (const [n, key] of hmacKeys.entries()) keep(`hmac key ${n}`, key);
  for (const [n, line] of privateKey.trim().split('\n').slice(1, -1).entries()) keep(`private key ${n}`, line);
  await connect({ userId: EMAIL });
  await connect({ privateKey: privateKey.slice(0, 300) });

  // Sent, looked at, signed; the links that were handed out are secrets too.
  const sent = await send(api, token, { envelope: planted(account) }, { idempotencyKey: KEY });
  const id = textAt(sent, 'data.sendEnvelope.envelope.id');
  const recipientId = textAt(sent, 'data.sendEnvelope.envelope.recipients.0.id');
  const link = await api.gql(token, SIGNING, { input: { recipientId, returnUrl: 'https://app.example/back' } });
  keep('signing link', textAt(link, 'data.createSigningUrl.url').slice(-40));
  const download = textAt(await api.gql(token, DOCUMENT, { id }), 'data.envelope.documents.0.download.url');
  keep('download link', download.slice(-40));
  await fetch(download);
  await fetch(`${download.slice(0, -4)}AAAA`);
  await api.control('POST', `/envelopes/${textAt(sent, 'data.sendEnvelope.envelope.providerId')}/sign`);
  await api.control('POST', '/idle');

  // The provider fails in its ways, and repeats in them what it was told.
  const faults = [
    { kind: 'status', status: 400, body: { errorCode: 'PLANTED', message: `${EMAIL} ${SUBJECT}` } },
    { kind: 'answer-lost' },
    { kind: 'reset' },
  ];
  for (const fault of faults) {
    await api.control('POST', '/faults', { route: 'POST /envelopes', times: 1, ...fault });
    await send(api, token, { envelope: planted(account) }, { waitMs: 1_500 });
  }
  await api.control('DELETE', '/faults');

  // Strangers, wrong tokens, bad input.
  await fetch(hook, {
    method: 'POST',
    body: JSON.stringify({ email: EMAIL }),
    headers: { 'x-docusign-signature-1': 'AAAA' },
  });
  const forged = `${token.slice(0, -6)}AAAAAA`;
  await api.gql(forged, '{ viewer { subject } }');
  await fetch(`${api.url}/graphql`, {
    method: 'POST',
    body: `{"query": "${EMAIL}`,
    headers: { authorization: `Bearer ${token}` },
  });
  await send(api, token, { envelope: { ...planted(account), expiresAt: EMAIL } });
  await send(api, token, { envelope: planted('acc_nobody') });
  const refused = api.ws(forged, 'subscription { events { cursor } }');
  await eventually(() => refused.ended);
  await refused.stop();

  // The database fails under a handler, and says what it was given: its owner forbids this subject.
  await breakDatabase();
  await send(api, token, { envelope: planted(account) });
  await api.gql(token, VOID, { input: { id, reason: REASON } });
});

/** A transaction that fails inside the database, with a text of ours among its parameters. */
async function breakDatabase(): Promise<void> {
  const { withTenants } = api.database;
  let times = 3;
  Object.assign(api.database, {
    withTenants: ((tenants, work) =>
      withTenants(tenants, async (tx) => {
        if (tenants.length > 0 && times-- > 0) await tx.execute(sql`SELECT ${`${EMAIL} ${SUBJECT} ${NAME}`}::uuid`);
        return work(tx, (send) => send());
      })) satisfies typeof withTenants,
  });
}

test('the run left lines of failures, so there was something to leak', () => {
  const levels = api.log.map((line) => at(JSON.parse(line), 'level'));
  expect(levels.filter((level) => level === 'error').length).toBeGreaterThan(0);
  expect(api.log.join('')).toContain('22P02');
});

test('holds no word about a person, and nothing that the caller wrote', () => {
  const log = api.log.join('');
  for (const word of [NAME, EMAIL, 'planted.person', 'Personsson', SUBJECT, MESSAGE, REASON, KEY]) {
    expect(log).not.toContain(word);
  }
});

test('holds no secret', () => {
  const log = api.log.join('');
  expect(secrets.size).toBeGreaterThan(10);
  const all = [...secrets, ['token', token], ['signature', token.split('.').at(-1) ?? '']];
  const leaked = all.filter(([, value = '']) => value.length < 16 || log.includes(value)).map(([what]) => what);
  expect(leaked).toEqual([]);
  expect(log).not.toMatch(/eyJ[\w-]{10,}/);
});
