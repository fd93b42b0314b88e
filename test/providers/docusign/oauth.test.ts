import { decodeJwt, decodeProtectedHeader, jwtVerify } from 'jose';
import { describe, expect, it } from 'vitest';
import { ProviderRefused, ProviderUnavailable } from '../../../src/model/problems.ts';
import { docusign } from '../../../src/providers/docusign/index.ts';
import type { ConnectedAccount } from '../../../src/providers/provider.ts';
import { answer, networkError, scriptedWorld } from '../scripted-world.ts';
import {
  ACCOUNT,
  CREDENTIALS,
  ENVELOPE,
  goodToken,
  KEYS,
  OPEN,
  restCalls,
  thrownBy,
  TOKEN,
  withToken,
} from './fixtures.ts';

const envelope = (): ReturnType<typeof answer> => answer(200, { envelopeId: ENVELOPE, status: 'created' });
const read = [{ providerId: ENVELOPE, sawEnd: null }];
const tokenRequests = (world: { asked: readonly { url: string }[] }): number =>
  world.asked.filter(({ url }) => url.endsWith('/oauth/token')).length;

function connect(accounts: unknown, more = {}, environment: 'SANDBOX' | 'LIVE' = 'SANDBOX'): Promise<ConnectedAccount> {
  const world = scriptedWorld(({ url }) => (url.endsWith('/oauth/token') ? goodToken() : answer(200, { accounts })));
  const { oauthUrl, ...live } = CREDENTIALS;
  const credentials = { ...(environment === 'LIVE' ? live : { ...live, oauthUrl }), ...more };
  return docusign.connect({ credentials, environment }, world);
}

describe('the token request', () => {
  it('is a form with an RS256 assertion for the bare host', async () => {
    const world = withToken(envelope);
    await docusign.open(OPEN, world).read(read);
    const [request] = world.asked;
    expect(request).toMatchObject({
      method: 'POST',
      url: 'http://oauth.example:8443/oauth/token',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    });
    const form = new URLSearchParams(request?.body);
    expect(form.get('grant_type')).toBe('urn:ietf:params:oauth:grant-type:jwt-bearer');
    const assertion = form.get('assertion') ?? '';
    await jwtVerify(assertion, KEYS.publicKey, { currentDate: world.now() });
    expect(decodeProtectedHeader(assertion)).toEqual({ alg: 'RS256', typ: 'JWT' });
    const seconds = world.now().getTime() / 1000;
    expect(decodeJwt(assertion)).toEqual({
      iss: CREDENTIALS.integrationKey,
      sub: CREDENTIALS.userId,
      aud: 'oauth.example:8443',
      scope: 'signature impersonation',
      iat: seconds,
      exp: seconds + 600,
    });
  });

  it.each([
    ['LIVE', 'https://account.docusign.com/oauth/token', 'account.docusign.com', 'https://eu.docusign.net'],
    ['DEMO', 'https://account-d.docusign.com/oauth/token', 'account-d.docusign.com', 'https://demo.docusign.net'],
  ] as const)('goes to the host of %s', async (environment, url, audience, baseUri) => {
    const world = withToken(envelope);
    const { oauthUrl: _, ...credentials } = CREDENTIALS;
    await docusign.open({ ...OPEN, environment, baseUri, credentials }, world).read(read);
    expect(world.asked[0]?.url).toBe(url);
    expect(decodeJwt(new URLSearchParams(world.asked[0]?.body).get('assertion') ?? '').aud).toBe(audience);
  });
});

describe('the token', () => {
  it('is asked for once however many calls wait for it', async () => {
    const world = withToken(envelope);
    const client = docusign.open(OPEN, world);
    await Promise.all(Array.from({ length: 20 }, () => client.read(read)));
    expect(tokenRequests(world)).toBe(1);
    expect(restCalls(world)).toHaveLength(20);
  });

  it('is renewed while ten minutes are left, and not before', async () => {
    const world = withToken(envelope);
    const client = docusign.open(OPEN, world);
    await client.read(read);
    world.advance(44 * 60_000);
    await client.read(read);
    expect(tokenRequests(world)).toBe(1);
    world.advance(4 * 60_000);
    await client.read(read);
    expect(tokenRequests(world)).toBe(2);
  });

  it('that still works is used on when renewing fails', async () => {
    let up = true;
    const world = withToken(envelope, () => {
      if (up) return goodToken();
      throw networkError('ECONNREFUSED', 'connect');
    });
    const client = docusign.open(OPEN, world);
    await client.read(read);
    up = false;
    world.advance(50 * 60_000);
    await expect(client.read(read)).resolves.toHaveLength(1);
    world.advance(10 * 60_000);
    await expect(client.read(read)).rejects.toThrow(ProviderUnavailable);
  });

  it('is dropped once when the API refuses it, and the call repeated once, a write too', async () => {
    let given = 0;
    const world = withToken(
      ({ headers }) =>
        headers['authorization'] === 'Bearer token-2'
          ? answer(200, { envelopeId: ENVELOPE })
          : answer(401, { errorCode: 'AUTHORIZATION_INVALID_TOKEN', message: 'expired' }),
      () => answer(200, { access_token: `token-${(given += 1)}`, expires_in: 3600 }),
    );
    await docusign.open(OPEN, world).release(ENVELOPE);
    expect(restCalls(world).map(({ headers }) => headers['authorization'])).toEqual([
      'Bearer token-1',
      'Bearer token-2',
    ]);
  });

  it('refused twice is a refusal with its remedy, and no third try', async () => {
    const world = withToken(() => answer(401, { errorCode: 'USER_AUTHENTICATION_FAILED', message: 'no' }));
    const error = await thrownBy(docusign.open(OPEN, world).read(read));
    expect(error).toBeInstanceOf(ProviderRefused);
    expect(error).toMatchObject({ fix: expect.stringContaining('Connect the account again') });
    expect(restCalls(world)).toHaveLength(2);
  });

  it('refused for many calls at once is renewed once', async () => {
    let given = 0;
    const world = withToken(
      ({ headers }) =>
        headers['authorization'] === 'Bearer token-1' ? answer(401, { errorCode: 'X', message: '' }) : envelope(),
      () => answer(200, { access_token: `token-${(given += 1)}`, expires_in: 3600 }),
    );
    const client = docusign.open(OPEN, world);
    await Promise.all(Array.from({ length: 10 }, () => client.read(read)));
    expect(tokenRequests(world)).toBe(2);
  });
});

describe('an OAuth error', () => {
  const failing = async (body: unknown, status = 400): Promise<unknown> => {
    const world = withToken(envelope, () => answer(status, body));
    return thrownBy(docusign.open(OPEN, world).createDraft(NOTHING, CORRELATION));
  };
  const NOTHING = {
    envelopeId: 'env_01890000-0000-7000-8000-000000000001',
    subject: '',
    message: null,
    expiresAt: null,
    options: {},
    documents: [],
    recipients: [],
  };
  const CORRELATION = { commandId: 'c', envelopeId: 'e', since: new Date(0) };

  it('of missing consent carries the link that gives it', async () => {
    const error = await failing({ error: 'consent_required' });
    expect(error).toBeInstanceOf(ProviderRefused);
    expect(error).toMatchObject({ fault: { providerCode: 'consent_required', providerStatus: 400 } });
    const link = /http:\S+/.exec(String(Reflect.get(Object(error), 'fix')))?.[0] ?? '';
    const url = new URL(link);
    expect(`${url.origin}${url.pathname}`).toBe('http://oauth.example:8443/oauth/auth');
    expect(Object.fromEntries(url.searchParams)).toMatchObject({
      response_type: 'code',
      scope: 'signature impersonation',
      client_id: CREDENTIALS.integrationKey,
    });
  });

  it.each([
    [{ error: 'invalid_grant', error_description: 'no_valid_keys_or_signatures' }, 'privateKey'],
    [{ error: 'invalid_grant', error_description: 'issuer_not_found' }, 'integrationKey'],
    [{ error: 'invalid_grant', error_description: 'user_not_found' }, 'userId'],
    [{ error: 'invalid_grant', error_description: 'invalid_subject' }, 'userId'],
    [{ error: 'invalid_grant', error_description: 'expired_grant' }, 'clock'],
    [{ error: 'invalid_grant', error_description: 'unsupported_grant_type' }, 'token endpoint'],
    [{ error: 'unsupported_grant_type' }, 'token endpoint'],
  ])('%j is a refusal whose remedy names what to change', async (body, word) => {
    const error = await failing(body);
    expect(error).toBeInstanceOf(ProviderRefused);
    expect(error).toMatchObject({ fix: expect.stringContaining(word) });
  });

  it('that the documents do not list keeps the words of the provider', async () => {
    const error = await failing({ error: 'temporarily_weird', error_description: 'try the moon' });
    expect(error).toMatchObject({
      fix: null,
      fault: { providerCode: 'temporarily_weird', providerMessage: 'try the moon' },
    });
  });

  it.each([429, 500, 503])('of status %i leaves a send undone, not unknown', async (status) => {
    await expect(failing({ error: 'x' }, status)).resolves.toBeInstanceOf(ProviderUnavailable);
  });
});

describe('connecting', () => {
  const account = { account_id: ACCOUNT, is_default: true, account_name: 'Acme', base_uri: 'http://rest.example/' };
  const other = {
    ...account,
    account_id: '99999999-9999-4999-8999-999999999999',
    is_default: 'false',
    account_name: 'B',
  };
  it('takes the default account, and what is stored opens it again', async () => {
    const connected = await connect([other, account]);
    expect(connected).toMatchObject({
      providerAccountId: ACCOUNT,
      name: 'Acme',
      baseUri: 'http://rest.example',
      webhookKeys: CREDENTIALS.hmacKeys,
    });
    const world = withToken(envelope);
    const stored: unknown = JSON.parse(JSON.stringify(connected.credentials));
    await docusign.open({ ...OPEN, ...connected, credentials: stored }, world).read(read);
    expect(restCalls(world)[0]?.headers['authorization']).toBe(`Bearer ${TOKEN}`);
  });

  it('takes the account that was asked for', async () => {
    const connected = await connect([account, other], { providerAccountId: other.account_id.toUpperCase() });
    expect(connected.providerAccountId).toBe(other.account_id);
  });

  it("names the default account when the asked one isn't the user's", async () => {
    const error = await thrownBy(connect([account], { providerAccountId: other.account_id }));
    expect(error).toMatchObject({
      issues: [
        { path: ['credentials', 'docusign', 'providerAccountId'], code: 'UNKNOWN_REFERENCE', suggestion: ACCOUNT },
      ],
    });
  });

  it.each([[[]], [null], [undefined]])('refuses a user without accounts (%j)', async (accounts) => {
    const error = await thrownBy(connect(accounts));
    expect(error).toMatchObject({ issues: [{ path: ['credentials', 'docusign', 'userId'] }] });
  });

  it.each([
    'http://eu.docusign.net',
    'https://docusign.net.evil.example',
    'https://evildocusign.net',
    'https://eu.docusign.net:8443',
    'https://user@eu.docusign.net',
    'not an address',
  ])('sends no token to %s in LIVE', async (base_uri) => {
    const error = await thrownBy(connect([{ ...account, base_uri }], {}, 'LIVE'));
    expect(error).toBeInstanceOf(ProviderRefused);
    expect(() => docusign.open({ ...OPEN, environment: 'LIVE', baseUri: base_uri }, withToken(envelope))).toThrow(
      'base URI',
    );
  });

  it.each(['https://eu.docusign.net', 'https://www.docusign.com'])('takes %s in LIVE', async (base_uri) => {
    await expect(connect([{ ...account, base_uri }], {}, 'LIVE')).resolves.toMatchObject({ baseUri: base_uri });
  });
});
