/** A provider's rate limit is told as one, with its end, wherever a request meets it. */
import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { publicId, uuidOf } from '../../src/model/ids.ts';
import { at, eventually, textAt } from '../kit/answer.ts';
import { envelope, PROBLEM, send, signer } from '../kit/envelopes.ts';
import { startTenant } from '../kit/tenant.ts';

const { api, tenantId, token, account, sent } = await startTenant();

/** Every call of this route meets the limit: of one envelope, so that nothing else of the account is stopped. */
async function limit(route: string): Promise<void> {
  const body = { errorCode: 'Burst_APIInvocation_Envelope_Limit_Exceeded', message: 'Too often.' };
  await api.control('POST', '/faults', { route, kind: 'status', status: 400, body, times: 1_000 });
}

/** Burst limits end in half a minute; the rest is for a busy machine. */
function expectLater(time: unknown): void {
  expect(Date.parse(String(time))).toBeGreaterThan(Date.now() + 5_000);
}

const LIMITED = {
  __typename: 'ProviderUnavailable',
  code: 'RATE_LIMITED',
  message: "The provider's rate limit is reached: Too often.",
  retryable: true,
  providerCode: 'Burst_APIInvocation_Envelope_Limit_Exceeded',
  providerStatus: 400,
  traceId: expect.any(String),
};
const UNAVAILABLE = '... on ProviderUnavailable { providerCode providerStatus traceId }';

describe('a rate limit met by', () => {
  const COMMAND = 'command { state explanation nextTryAt failure { code message providerCode providerStatus } }';
  const tried = {
    state: 'INTENDED',
    explanation:
      "The provider's rate limit is reached; it is tried again when that ends. Nothing of it has reached the provider.",
    failure: {
      code: 'RATE_LIMITED',
      message: "The provider's rate limit is reached: Too often.",
      providerCode: 'Burst_APIInvocation_Envelope_Limit_Exceeded',
      providerStatus: 400,
    },
  };
  const commandOf = async (id: string): Promise<unknown> => {
    const fields = COMMAND.replace('command', 'commands');
    const command = await eventually(async () => {
      const answer = await api.gql(token, `{ envelope(id: "${id}") { ${fields} } }`);
      const last = Object(at(answer, 'data.envelope.commands')).at(-1);
      return at(last, 'failure') ? Object(last) : null;
    });
    expectLater(at(command, 'nextTryAt'));
    return command;
  };

  test.each(['POST /envelopes', 'PUT /envelopes/{envelopeId}'])('a send (%s) stands in its command', async (route) => {
    await limit(route);
    const answer = await send(api, token, { envelope: envelope(account) }, { waitMs: 0 });
    expect(at(answer, 'data.sendEnvelope.envelope.status')).toBe('SENDING');
    expect(await commandOf(textAt(answer, 'data.sendEnvelope.envelope.id'))).toMatchObject(tried);
  });

  test.each([
    ['a cancel', 'PUT /envelopes/{envelopeId}', 'voidEnvelope', 'reason: "Superseded"'],
    ['a reminder', 'PUT /envelopes/{envelopeId}', 'remindEnvelope', ''],
  ])('%s stands in its command', async (_what, route, name, input) => {
    const { id } = await sent();
    await limit(route);
    await api.gql(token, `mutation { ${name}(input: { id: "${id}" ${input} waitMs: 0 }) { __typename } }`);
    expect(await commandOf(id)).toMatchObject(tried);
  });

  test('a correction stands in its command', async () => {
    const { id, recipients } = await sent();
    await limit('GET /envelopes/{envelopeId}');
    const input = `recipientId: "${recipients[0]}" name: "Bo T. Tenant" waitMs: 0`;
    await api.gql(token, `mutation { updateRecipient(input: { ${input} }) { __typename } }`);
    expect(await commandOf(id)).toMatchObject(tried);
  });

  test('createSigningUrl is its answer, at once', async () => {
    const { recipients } = await sent({ recipients: [signer({ embedded: true })] });
    await limit('POST /envelopes/{envelopeId}/views/recipient');
    const input = `recipientId: "${recipients[0]}" returnUrl: "https://app.example/back"`;
    const answer = await api.gql(
      token,
      `mutation { createSigningUrl(input: { ${input} }) { ${PROBLEM} ${UNAVAILABLE} } }`,
    );
    expect(answer.data).toMatchObject({ createSigningUrl: LIMITED });
    expectLater(textAt(answer, 'data.createSigningUrl.retryAfter'));
  });

  test('connectAccount is its answer', async () => {
    const headers = { 'Retry-After': '60' };
    const body = { error: 'too_many_requests', error_description: 'Too often.' };
    await api.control('POST', '/faults', { route: 'POST /oauth/token', kind: 'status', status: 429, body, headers });
    const { integrationKey, userId, privateKey, hmacKeys } = api.sandbox.credentials;
    const docusign = { integrationKey, userId, privateKey, hmacKeys, oauthUrl: api.sandbox.url };
    const answer = await api.gql(
      await api.token({ tenantId: randomUUID() }),
      `mutation Connect($input: ConnectAccountInput!) { connectAccount(input: $input) { ${PROBLEM} } }`,
      { input: { environment: 'SANDBOX', credentials: { docusign } } },
    );
    expect(answer.data).toMatchObject({
      connectAccount: { __typename: 'ProviderUnavailable', code: 'RATE_LIMITED', message: LIMITED.message },
    });
    expectLater(textAt(answer, 'data.connectAccount.retryAfter'));
    const help = await fetch(textAt(answer, 'data.connectAccount.help'));
    expect(await help.text()).toContain('RATE_LIMITED');
  });

  test.each([
    ['a query', (id: string) => `query { envelope(id: "${id}", freshness: { live: true }) { ...S } }`, 'envelope'],
    [
      'refreshEnvelopes',
      (id: string) =>
        `mutation { refreshEnvelopes(input: { ids: ["${id}"] }) { ... on RefreshEnvelopesPayload { envelopes { ...S } } } }`,
      'refreshEnvelopes.envelopes.0',
    ],
  ])('%s is why the answer is stale', async (_what, document, path) => {
    const { id } = await sent();
    await limit('GET /envelopes/{envelopeId}');
    const fragment = 'fragment S on Envelope { status sync { stale staleReason nextAllowedAt } }';
    const found = at(await api.gql(token, `${document(id)} ${fragment}`), `data.${path}`);
    expect(found).toMatchObject({ status: 'SENT', sync: { stale: true, staleReason: LIMITED.message } });
    expectLater(at(found, 'sync.nextAllowedAt'));
  });

  test('confirmSigning is why its answer is stale', async () => {
    const { recipients } = await sent({ recipients: [signer({ embedded: true })] });
    const recipientId = uuidOf('Recipient', recipients[0] ?? '') ?? '';
    const inAnHour = new Date(Date.now() + 3_600_000);
    const state = await api.gateway.services.links.sign('signing', { tenantId, recipientId }, inAnHour);
    await limit('GET /envelopes/{envelopeId}');
    const document = `mutation { confirmSigning(input: { state: "${state}" }) { ... on ConfirmSigningPayload { recipient { id envelope { sync { staleReason } } } } } }`;
    expect(at(await api.gql(token, document), 'data.confirmSigning.recipient')).toEqual({
      id: publicId('Recipient', recipientId),
      envelope: { sync: { staleReason: LIMITED.message } },
    });
  });

  test('a download is its answer, with the time to come again', async () => {
    const { id } = await sent();
    await limit('GET /envelopes/{envelopeId}/documents/{documentId}');
    const answer = await api.gql(token, `{ envelope(id: "${id}") { documents { download { url } } } }`);
    const response = await fetch(textAt(answer, 'data.envelope.documents.0.download.url'));
    expect(response.status).toBe(503);
    expect(await response.json()).toMatchObject({ code: 'RATE_LIMITED' });
    expectLater(response.headers.get('retry-after'));
  });
});
