/**
 * Accounts over their life: one webhook for the whole account, keys that come and go, how an account stands, its end.
 */
import { createHmac, randomUUID } from 'node:crypto';
import { sql } from 'drizzle-orm';
import { beforeEach, describe, expect, test } from 'vitest';
import { uuidOf } from '../../src/model/ids.ts';
import { type Answer, at, codesOf, eventually, listAt, textAt } from '../kit/answer.ts';
import { envelope, send } from '../kit/envelopes.ts';
import { startTestGateway } from '../kit/gateway.ts';
import { assertion, definition, grant } from '../sandbox/harness.ts';

const api = await startTestGateway();
const { credentials } = api.sandbox;

const CONNECT = `mutation C($input: ConnectAccountInput!) { connectAccount(input: $input) {
  __typename
  ... on ConnectAccountPayload { account { id webhookMode webhookUrl } webhook { providerWebhookId outcome repaired } }
  ... on Problem { code message fix }
} }`;
const REGISTER = `mutation R($id: ID!) { registerWebhook(input: { accountId: $id }) {
  __typename
  ... on RegisterWebhookPayload { account { webhookMode } webhook { providerWebhookId outcome repaired } }
  ... on Problem { code message fix }
} }`;
const UPDATE = `mutation U($input: UpdateAccountInput!) { updateAccount(input: $input) {
  __typename
  ... on UpdateAccountPayload { account { webhookMode } webhook { outcome } }
  ... on InvalidInput { issues { code path message } }
  ... on Problem { code message }
} }`;
const DISCONNECT = `mutation D($id: ID!) { disconnectAccount(input: { accountId: $id }) {
  __typename
  ... on DisconnectAccountPayload { webhookRemoved account { disconnectedAt webhookMode } }
  ... on Problem { code message retryable }
} }`;
const HEALTH = 'query H($id: ID!) { account(id: $id) { health { checks { id state detail fix checkedAt } } } }';
const STATUS = 'query S($id: ID!) { envelope(id: $id) { status sync { source } } }';

interface Connected {
  readonly token: string;
  readonly id: string;
  readonly url: string;
  gql(document: string, variables?: object): Promise<Answer>;
}

async function connect(webhook: 'PER_ENVELOPE' | 'ACCOUNT', tenantId: string = randomUUID()): Promise<Connected> {
  const token = await api.token({ tenantId });
  const answer = await api.gql(token, CONNECT, { input: connectInput(webhook) });
  return {
    token,
    id: textAt(answer, 'data.connectAccount.account.id'),
    url: textAt(answer, 'data.connectAccount.account.webhookUrl'),
    gql: (document, variables = {}) => api.gql(token, document, variables),
  };
}

function connectInput(webhook: 'PER_ENVELOPE' | 'ACCOUNT') {
  const { integrationKey, userId, accountId: providerAccountId, privateKey, hmacKeys } = credentials;
  const docusign = { integrationKey, userId, privateKey, hmacKeys, providerAccountId, oauthUrl: api.sandbox.url };
  return { environment: 'SANDBOX', webhook, credentials: { docusign } };
}

/** What stands at the sandbox under the name of this account. */
async function configurationsOf({ id }: Connected): Promise<Record<string, unknown>[]> {
  const accounts = listAt(await api.control('GET', '/state'), 'accounts');
  return accounts
    .flatMap((account) => listAt(account, 'configurations'))
    .map((configuration) => Object(configuration) as Record<string, unknown>)
    .filter(({ name }) => name === `countersign ${id}`);
}

/** A call at DocuSign that isn't ours: an administrator's, or another program's. */
async function atDocusign(method: string, path: string, body: unknown): Promise<unknown> {
  const { token } = await grant(api.sandbox, await assertion(api.sandbox));
  const response = await fetch(`${api.sandbox.url}/restapi/v2.1/accounts/${credentials.accountId}${path}`, {
    method,
    headers: { authorization: `Bearer ${token}` },
    body: JSON.stringify(body),
  });
  expect(response.ok).toBe(true);
  return response.json();
}

async function sentFrom(account: Connected): Promise<{ id: string; providerId: string }> {
  const answer = await send(api, account.token, { envelope: envelope(account.id) });
  return {
    id: textAt(answer, 'data.sendEnvelope.envelope.id'),
    providerId: textAt(answer, 'data.sendEnvelope.envelope.providerId'),
  };
}

async function checksOf(account: Connected): Promise<Record<string, { state: string; detail: string; fix: string }>> {
  const answer = await account.gql(HEALTH, { id: account.id });
  const checks = listAt(answer, 'data.account.health.checks');
  return Object.fromEntries(checks.map((check) => [textAt(check, 'id'), Object(check)]));
}

function update(account: Connected, docusign: object): Promise<Answer> {
  return account.gql(UPDATE, { input: { accountId: account.id, docusign } });
}

async function tokensGiven(): Promise<number> {
  return (await api.ledger('?kind=token')).length;
}

beforeEach(async () => {
  await api.control('DELETE', '/faults');
  await api.control('PUT', '/limits', {});
  await api.control('PUT', '/settings', { dateSkewMs: 0, oauthClockSkewMs: 0 });
  const { integrationKey, userId } = credentials;
  await api.control('POST', '/consents', { integrationKey, userId });
});

describe('an account in mode ACCOUNT', () => {
  test('is registered when it is connected, and its envelopes name no address of their own', async () => {
    const account = await connect('ACCOUNT');
    const [configuration, ...more] = await configurationsOf(account);
    expect(more).toEqual([]);
    expect(configuration).toMatchObject({
      urlToPublishTo: account.url,
      allowEnvelopePublish: 'true',
      requiresAcknowledgement: 'true',
      includeHMAC: 'true',
      deliveryMode: 'SIM',
      eventData: { version: 'restv2.1', format: 'json', includeData: ['recipients', 'custom_fields'] },
    });
    const { id, providerId } = await sentFrom(account);
    await api.control('POST', `/envelopes/${providerId}/sign`);
    const done = await eventually(async () => {
      const answer = await account.gql(STATUS, { id });
      return at(answer, 'data.envelope.status') === 'COMPLETED' && answer;
    });
    expect(at(done, 'data.envelope.sync.source')).toBe('WEBHOOK');
    const told = await api.ledger(`?kind=webhook&event=envelope-completed&envelopeId=${providerId}`);
    expect(told.filter(({ target }) => target === account.url)).toMatchObject([
      { configurationId: Number(configuration?.['connectId']) },
    ]);
  });

  test('whose configuration is switched off hears nothing, says so, and is repaired by registerWebhook', async () => {
    const account = await connect('ACCOUNT');
    const [configuration] = await configurationsOf(account);
    if (!configuration) throw new Error('there is no configuration');
    const { connectId } = configuration;
    await atDocusign('PUT', '/connect', { connectId, allowEnvelopePublish: 'false', events: ['envelope-sent'] });
    const { providerId } = await sentFrom(account);
    await api.control('POST', '/idle');
    expect(
      (await api.ledger(`?kind=webhook&envelopeId=${providerId}`)).filter(({ target }) => target === account.url),
    ).toEqual([]);
    expect((await checksOf(account))['webhook']).toMatchObject({
      state: 'FAILING',
      detail: expect.stringContaining('it was switched off; events lacked '),
      fix: 'Call registerWebhook for this account.',
    });
    expect(await account.gql(REGISTER, { id: account.id })).toMatchObject({
      data: {
        registerWebhook: {
          webhook: {
            outcome: 'REPAIRED',
            providerWebhookId: configuration['connectId'],
            repaired: ['it was switched off', expect.stringMatching(/^events lacked envelope-created, /)],
          },
        },
      },
    });
    expect((await checksOf(account))['webhook']).toMatchObject({ state: 'OK', fix: null });
    expect(await configurationsOf(account)).toHaveLength(1);
  });

  test('has its one configuration however often it is registered, and several times at once', async () => {
    const account = await connect('PER_ENVELOPE');
    expect(await configurationsOf(account)).toEqual([]);
    const answers = await Promise.all([1, 2, 3].map(() => account.gql(REGISTER, { id: account.id })));
    for (const answer of answers) {
      expect(at(answer, 'data.registerWebhook.account.webhookMode')).toBe('ACCOUNT');
    }
    expect(await configurationsOf(account)).toHaveLength(1);
    expect(await account.gql(REGISTER, { id: account.id })).toMatchObject({
      data: { registerWebhook: { webhook: { outcome: 'UNCHANGED', repaired: [] } } },
    });
    expect(await configurationsOf(account)).toHaveLength(1);
  });

  test('is registered once when the answer to the making was lost', async () => {
    const account = await connect('PER_ENVELOPE');
    await api.control('POST', '/faults', { route: 'POST /connect', kind: 'answer-lost' });
    expect(await account.gql(REGISTER, { id: account.id })).toMatchObject({
      data: { registerWebhook: { webhook: { outcome: 'CREATED' } } },
    });
    expect(await configurationsOf(account)).toHaveLength(1);
  });

  test('stays as it was when only an administrator could register it', async () => {
    const account = await connect('PER_ENVELOPE');
    const body = { errorCode: 'USER_LACKS_PERMISSIONS', message: 'The user lacks permissions.' };
    await api.control('POST', '/faults', { route: 'GET /connect', kind: 'status', status: 400, body });
    expect(await account.gql(REGISTER, { id: account.id })).toMatchObject({
      data: { registerWebhook: { code: 'PROVIDER_REFUSED', fix: expect.stringContaining('takes an administrator') } },
    });
    const query = 'query M($id: ID!) { account(id: $id) { webhookMode } }';
    expect(await account.gql(query, { id: account.id })).toMatchObject({
      data: { account: { webhookMode: 'PER_ENVELOPE' } },
    });
  });

  test('keeps news of envelopes that were sent elsewhere for nobody', async () => {
    const [account, other] = [await connect('ACCOUNT'), await connect('PER_ENVELOPE')];
    const customFields = { textCustomFields: [{ name: 'theirs', value: '1' }] };
    await atDocusign('POST', '/envelopes', definition({ customFields }));
    await api.control('POST', '/idle');
    const query = '{ webhookDeliveries(first: 20) { nodes { verdict effect envelope { id } } } }';
    const nodes = listAt(await account.gql(query), 'data.webhookDeliveries.nodes');
    expect(nodes.length).toBeGreaterThan(0);
    expect(new Set(nodes.map((node) => at(node, 'effect')))).toEqual(new Set(['IGNORED']));
    expect(listAt(await other.gql(query), 'data.webhookDeliveries.nodes')).toEqual([]);
  });
});

test('the address of webhooks is told to no token that may only read accounts: whoever knows it can post there', async () => {
  const tenantId = randomUUID();
  const account = await connect('PER_ENVELOPE', tenantId);
  const query = 'query A($id: ID!) { account(id: $id) { name webhookUrl } }';
  const [reader, writer] = [await api.token({ tenantId, scopes: ['accounts:read'] }), account.token];
  const refused = await api.gql(reader, query, { id: account.id });
  expect(codesOf(refused)).toEqual(['FORBIDDEN']);
  expect(at(refused, 'data.account')).toEqual({ name: expect.any(String), webhookUrl: null });
  expect(at(await api.gql(writer, query, { id: account.id }), 'data.account.webhookUrl')).toBe(account.url);
});

describe('the HMAC keys of an account', () => {
  /** What a webhook that was signed with this key is answered. */
  async function answered({ url }: Connected, key: string): Promise<number> {
    const body = JSON.stringify({ event: 'envelope-sent', data: { accountId: credentials.accountId } });
    const signature = createHmac('sha256', key).update(body).digest('base64');
    const headers = { 'content-type': 'application/json', 'x-docusign-signature-1': signature };
    return (await fetch(url, { method: 'POST', headers, body })).status;
  }
  const old = credentials.hmacKeys[0] ?? '';

  test('are rotated without a webhook refused: one is added, the old one removed, and no longer believed at once', async () => {
    const account = await connect('PER_ENVELOPE');
    expect(await answered(account, 'newer-key')).toBe(401);
    expect(at(await update(account, { addHmacKeys: ['newer-key'] }), 'data.updateAccount.__typename')).toBe(
      'UpdateAccountPayload',
    );
    expect([await answered(account, old), await answered(account, 'newer-key')]).toEqual([200, 200]);
    await update(account, { removeHmacKeys: [old] });
    expect([await answered(account, old), await answered(account, 'newer-key')]).toEqual([401, 200]);
  });

  test('are never taken away to the last, and one that is none of them is named by its place', async () => {
    const account = await connect('PER_ENVELOPE');
    expect(await update(account, { removeHmacKeys: [old, 'unheard-of'], addHmacKeys: [' '] })).toMatchObject({
      data: {
        updateAccount: {
          issues: [
            { code: 'REQUIRED', path: ['docusign', 'addHmacKeys', '0'] },
            { code: 'UNKNOWN_REFERENCE', path: ['docusign', 'removeHmacKeys', '1'] },
          ],
        },
      },
    });
    const none = await update(account, { removeHmacKeys: [old] });
    expect(none).toMatchObject({
      data: { updateAccount: { issues: [{ code: 'REQUIRED', path: ['docusign', 'removeHmacKeys'] }] } },
    });
    expect(JSON.stringify(none)).not.toContain(old);
    expect(await answered(account, old)).toBe(200);
  });
});

describe('the mode of an account', () => {
  test('changes by updateAccount, and what was sent before goes on being heard of', async () => {
    const account = await connect('PER_ENVELOPE');
    const before = await sentFrom(account);
    const input = { accountId: account.id, webhook: 'ACCOUNT' };
    expect(await account.gql(UPDATE, { input })).toMatchObject({
      data: { updateAccount: { account: { webhookMode: 'ACCOUNT' }, webhook: { outcome: 'CREATED' } } },
    });
    const between = await sentFrom(account);
    expect(await account.gql(UPDATE, { input: { ...input, webhook: 'PER_ENVELOPE' } })).toMatchObject({
      data: { updateAccount: { account: { webhookMode: 'PER_ENVELOPE' }, webhook: null } },
    });
    for (const { id, providerId } of [before, between]) {
      await api.control('POST', `/envelopes/${providerId}/sign`);
      await eventually(async () => at(await account.gql(STATUS, { id }), 'data.envelope.status') === 'COMPLETED');
    }
  });
});

describe('disconnecting an account', () => {
  test('forgets its secrets, takes its webhook away, and is undone by connecting it again', async () => {
    const tenantId = randomUUID();
    const account = await connect('ACCOUNT', tenantId);
    expect(await account.gql(DISCONNECT, { id: account.id })).toMatchObject({
      data: { disconnectAccount: { webhookRemoved: true, account: { disconnectedAt: expect.any(String) } } },
    });
    expect(await configurationsOf(account)).toEqual([]);
    const rows = await api.database.withTenants([tenantId], (tx) =>
      tx.execute(sql`SELECT credentials, webhook_keys FROM accounts`),
    );
    expect(at(rows, 'rows')).toEqual([{ credentials: '', webhook_keys: '' }]);
    expect((await fetch(account.url, { method: 'POST', body: '{}' })).status).toBe(404);
    expect((await checksOf(account))['connection']).toMatchObject({ state: 'FAILING', fix: 'Connect it again.' });
    expect(await account.gql(DISCONNECT, { id: account.id })).toMatchObject({
      data: { disconnectAccount: { code: 'NOT_FOUND' } },
    });
    const again = await connect('PER_ENVELOPE', tenantId);
    expect([again.id, again.url]).toEqual([account.id, account.url]);
  });

  test('waits for what is under way', async () => {
    const account = await connect('PER_ENVELOPE');
    await api.control('POST', '/faults', { route: 'POST /envelopes', kind: 'slow', ms: 700 });
    const sending = send(api, account.token, { envelope: envelope(account.id) });
    await eventually(async () => {
      const page = await account.gql('{ envelopes(first: 1) { nodes { status } } }');
      return at(page, 'data.envelopes.nodes.0.status') === 'SENDING';
    });
    expect(await account.gql(DISCONNECT, { id: account.id })).toMatchObject({
      data: { disconnectAccount: { code: 'TOO_EARLY', retryable: true } },
    });
    expect(at(await sending, 'data.sendEnvelope.envelope.status')).toBe('SENT');
    expect(at(await account.gql(DISCONNECT, { id: account.id }), 'data.disconnectAccount.webhookRemoved')).toBe(false);
  });
});

describe('the health of an account', () => {
  test('is well when all is well', async () => {
    const account = await connect('ACCOUNT');
    await sentFrom(account);
    await api.control('POST', '/idle');
    const checks = await checksOf(account);
    expect(Object.fromEntries(Object.entries(checks).map(([id, { state }]) => [id, state]))).toEqual({
      credentials: 'OK',
      consent: 'OK',
      clock: 'OK',
      baseUri: 'OK',
      webhook: 'OK',
      budget: 'OK',
      hmacKeys: 'OK',
      delivery: 'OK',
    });
  });

  test('is asked once for all who ask at about the same time, and not at all unless it is selected', async () => {
    const account = await connect('PER_ENVELOPE');
    const before = await tokensGiven();
    await account.gql('query A($id: ID!) { account(id: $id) { name } }', { id: account.id });
    expect(await tokensGiven()).toBe(before);
    await Promise.all(Array.from({ length: 5 }, () => account.gql(HEALTH, { id: account.id })));
    await account.gql(HEALTH, { id: account.id });
    expect(await tokensGiven()).toBe(before + 1);
  });

  test('fails without consent, with the link that gives it', async () => {
    const account = await connect('PER_ENVELOPE');
    const { integrationKey, userId } = credentials;
    await api.control('DELETE', '/consents', { integrationKey, userId });
    const { consent, credentials: signIn, budget } = await checksOf(account);
    expect(consent).toMatchObject({
      state: 'FAILING',
      fix: expect.stringContaining(`${api.sandbox.url}/oauth/auth?response_type=code`),
    });
    expect([signIn?.state, budget?.state]).toEqual(['UNKNOWN', 'UNKNOWN']);
  });

  test.each([
    [60_000, 'WARNING', /^Our clock is (59|60) s behind the provider's\.$/],
    [-3_600_000, 'FAILING', /^Our clock is 3(599|600) s ahead of the provider's\.$/],
  ])('tells of a clock when DocuSign’s is %i ms ahead', async (dateSkewMs, state, detail) => {
    const account = await connect('PER_ENVELOPE');
    await api.control('PUT', '/settings', { dateSkewMs });
    const { clock } = await checksOf(account);
    expect(clock).toMatchObject({
      state,
      detail: expect.stringMatching(detail),
      fix: expect.stringContaining('NTP'),
    });
  });

  test('fails when DocuSign refuses us for our time', async () => {
    const account = await connect('PER_ENVELOPE');
    await api.control('PUT', '/settings', { oauthClockSkewMs: 1_200_000 });
    const { clock, credentials: signIn } = await checksOf(account);
    expect([clock?.state, signIn?.state]).toEqual(['FAILING', 'FAILING']);
  });

  test('tells of a budget that is spent, and until when', async () => {
    const account = await connect('PER_ENVELOPE');
    await api.control('PUT', '/limits', { hourly: 1 });
    await checksOf(account);
    expect((await checksOf(account))['budget']).toMatchObject({
      state: 'FAILING',
      fix: expect.stringContaining('Other integrations'),
    });
  });

  test('of a provider that is down is unknown with the reason, and no error', async () => {
    const account = await connect('ACCOUNT');
    await api.control('POST', '/faults', { route: 'POST /oauth/token', kind: 'reset', times: 50 });
    const answer = await account.gql(HEALTH, { id: account.id });
    expect(answer.errors).toBeUndefined();
    const { credentials: signIn, clock, webhook } = await checksOf(account);
    expect(signIn).toMatchObject({ state: 'UNKNOWN', detail: expect.stringContaining("can't be reached") });
    expect([clock?.state, webhook?.state]).toEqual(['UNKNOWN', 'UNKNOWN']);
  });

  test('tells of webhooks that were refused', async () => {
    const account = await connect('PER_ENVELOPE');
    await fetch(account.url, { method: 'POST', body: '{}' });
    await eventually(async () => {
      const answer = await account.gql('{ webhookDeliveries(first: 1) { nodes { id } } }');
      return listAt(answer, 'data.webhookDeliveries.nodes').length === 1;
    });
    expect((await checksOf(account))['delivery']).toMatchObject({
      state: 'FAILING',
      detail: expect.stringContaining('was refused: no X-DocuSign-Signature header'),
    });
  });

  test('is not read by way of an envelope by a token that may read only envelopes', async () => {
    const tenantId = randomUUID();
    const account = await connect('PER_ENVELOPE', tenantId);
    const { id } = await sentFrom(account);
    const narrow = await api.token({ tenantId, envelopes: [uuidOf('Envelope', id) ?? ''] });
    const query = 'query H($id: ID!) { envelope(id: $id) { account { health { checks { id } } } } }';
    expect(JSON.stringify(await api.gql(narrow, query, { id }))).toContain('FORBIDDEN');
  });
});

describe('what DocuSign refuses', () => {
  test('without consent is a problem with the link that gives it', async () => {
    const { integrationKey, userId } = credentials;
    await api.control('DELETE', '/consents', { integrationKey, userId });
    const token = await api.token({ tenantId: randomUUID() });
    expect(await api.gql(token, CONNECT, { input: connectInput('PER_ENVELOPE') })).toMatchObject({
      data: {
        connectAccount: {
          code: 'PROVIDER_REFUSED',
          message: expect.stringContaining('consent_required'),
          fix: expect.stringContaining('/oauth/auth?'),
        },
      },
    });
  });

  test('for a clock that is wrong is a problem that says so', async () => {
    await api.control('PUT', '/settings', { oauthClockSkewMs: 1_200_000 });
    const token = await api.token({ tenantId: randomUUID() });
    expect(await api.gql(token, CONNECT, { input: connectInput('PER_ENVELOPE') })).toMatchObject({
      data: {
        connectAccount: {
          code: 'PROVIDER_REFUSED',
          message: expect.stringContaining('expired_grant'),
          fix: expect.stringContaining('clock is wrong'),
        },
      },
    });
  });

  test('for a budget that is spent says when to come again', async () => {
    const account = await connect('PER_ENVELOPE');
    await api.control('PUT', '/limits', { hourly: 1 });
    const answers = [await account.gql(REGISTER, { id: account.id }), await account.gql(REGISTER, { id: account.id })];
    expect(answers.at(-1)).toMatchObject({ data: { registerWebhook: { code: 'RATE_LIMITED' } } });
  });
});
