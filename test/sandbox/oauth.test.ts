/** OAuth: the JWT grant, userinfo and consent (contract: developer documentation "JWT Grant", FAQ on its errors). */
import { generateKeyPairSync } from 'node:crypto';
import { expect, test } from 'vitest';
import { assertion, definition, grant, list, readAnswer, startClient } from './harness.ts';

const other = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
});

test('a valid assertion gets a bearer token of an hour that opens the REST API', async () => {
  const { sandbox, call } = await startClient();
  const answer = await grant(sandbox, await assertion(sandbox));
  expect(answer.status).toBe(200);
  expect(answer.body).toMatchObject({ token_type: 'Bearer', expires_in: 3600, scope: 'signature impersonation' });
  expect((await call('GET', '/envelopes?from_date=2020-01-01')).status).toBe(200);
});

const seconds = (): number => Math.floor(Date.now() / 1000);

test.each([
  ['an unknown issuer', { iss: '00000000-0000-4000-8000-000000000000' }, 'issuer_not_found'],
  ['a subject that is no user', { sub: '00000000-0000-4000-8000-000000000000' }, 'user_not_found'],
  ['a subject that is no GUID', { sub: 'ada@sender.example' }, 'invalid_subject'],
  ['an audience with a scheme', { aud: 'https://account-d.docusign.com' }, 'no_valid_keys_or_signatures'],
  ['an assertion without exp', { exp: undefined }, 'no_valid_keys_or_signatures'],
  ['an nbf in the future', { nbf: seconds() + 300 }, 'no_valid_keys_or_signatures'],
  ['an exp that has passed', { exp: seconds() - 5 }, 'expired_grant'],
])('%s is refused', async (_name, claims, description) => {
  const { sandbox } = await startClient();
  const answer = await grant(sandbox, await assertion(sandbox, claims));
  expect(answer.status).toBe(400);
  expect(answer.body).toEqual({ error: 'invalid_grant', error_description: description });
});

test('an assertion signed with another key is refused until that key is registered', async () => {
  const { sandbox, control } = await startClient();
  const jwt = await assertion(sandbox, {}, other.privateKey);
  expect((await grant(sandbox, jwt)).body['error_description']).toBe('no_valid_keys_or_signatures');
  await control('POST', '/apps', { integrationKey: sandbox.credentials.integrationKey, publicKeys: [other.publicKey] });
  expect((await grant(sandbox, jwt)).status).toBe(200);
});

test.each(['account-d.docusign.com', 'account.docusign.com'])(
  'the audience %s is accepted as well as the own host',
  async (aud) => {
    const { sandbox } = await startClient();
    expect((await grant(sandbox, await assertion(sandbox, { aud }))).status).toBe(200);
  },
);

test('a wrong grant type and a JSON body are refused alike', async () => {
  const { sandbox } = await startClient();
  const jwt = await assertion(sandbox);
  const asJsonBody = await readAnswer(
    await fetch(`${sandbox.url}/oauth/token`, {
      method: 'POST',
      body: JSON.stringify({ grant_type: 'x', assertion: jwt }),
      headers: { 'content-type': 'application/json' },
    }),
  );
  for (const answer of [await grant(sandbox, jwt, 'password'), asJsonBody]) {
    expect(answer.status).toBe(400);
    expect(answer.body['error_description']).toBe('unsupported_grant_type');
  }
});

test('without consent the answer is consent_required, and the consent page gives it', async () => {
  const { sandbox, control } = await startClient();
  const { integrationKey, userId } = sandbox.credentials;
  await control('DELETE', '/consents', { integrationKey, userId });
  const refused = await grant(sandbox, await assertion(sandbox));
  expect([refused.status, refused.body]).toEqual([400, { error: 'consent_required' }]);
  const query = new URLSearchParams({
    response_type: 'code',
    scope: 'signature impersonation',
    client_id: integrationKey,
    redirect_uri: 'http://app.example/back?x=1',
    state: 's1',
  });
  const shown = await readAnswer(await fetch(`${sandbox.url}/oauth/auth?${query}`));
  expect(shown.text).toContain('Allow access?');
  const form = new URLSearchParams([...query, ['user', userId], ['decision', 'allow']]);
  const back = await fetch(`${sandbox.url}/oauth/auth`, { method: 'POST', body: form, redirect: 'manual' });
  expect(back.status).toBe(303);
  const target = new URL(back.headers.get('location') ?? '');
  expect([target.searchParams.get('x'), target.searchParams.get('state'), target.searchParams.has('code')]).toEqual([
    '1',
    's1',
    true,
  ]);
  expect((await grant(sandbox, await assertion(sandbox))).status).toBe(200);
});

test('userinfo lists the accounts with exactly one default and the address to call', async () => {
  const { sandbox, token, control } = await startClient();
  const { accountId, userId } = sandbox.credentials;
  const added = await control('POST', '/accounts', { name: 'Second' });
  await control('POST', '/users', {
    userId,
    name: 'Ada Sender',
    email: 'ada@sender.example',
    accountIds: [accountId, added['accountId']],
  });
  const answer = await readAnswer(
    await fetch(`${sandbox.url}/oauth/userinfo`, { headers: { authorization: `Bearer ${token}` } }),
  );
  const accounts = list(answer.body['accounts']);
  expect(accounts.map((account) => account['is_default'])).toEqual([true, false]);
  expect(accounts[0]).toMatchObject({ account_id: accountId, base_uri: sandbox.url });
});

test('a token ends with its hour on the virtual clock', async () => {
  const { sandbox, control } = await startClient();
  const { token } = await grant(sandbox, await assertion(sandbox));
  const read = async (): Promise<unknown[]> => {
    const at = `${sandbox.url}/restapi/v2.1/accounts/${sandbox.credentials.accountId}/envelopes?from_date=2020-01-01`;
    const answer = await readAnswer(await fetch(at, { headers: { authorization: `Bearer ${token}` } }));
    return [answer.status, answer.body['errorCode']];
  };
  await control('POST', '/clock', { advanceMs: 3_590_000 });
  expect(await read()).toEqual([200, undefined]);
  await control('POST', '/clock', { advanceMs: 10_000 });
  expect(await read()).toEqual([401, 'AUTHORIZATION_INVALID_TOKEN']);
});

test('a call without a token, and one on an account the user is no member of, are refused', async () => {
  const { sandbox, token, control } = await startClient();
  const bare = await fetch(
    `${sandbox.url}/restapi/v2.1/accounts/${sandbox.credentials.accountId}/envelopes?from_date=2020-01-01`,
  );
  expect((await readAnswer(bare)).body['errorCode']).toBe('USER_AUTHENTICATION_FAILED');
  const { accountId } = await control('POST', '/accounts', {});
  const foreign = await fetch(`${sandbox.url}/restapi/v2.1/accounts/${String(accountId)}/envelopes`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}` },
    body: JSON.stringify(definition()),
  });
  expect((await readAnswer(foreign)).body['errorCode']).toBe('USER_DOES_NOT_BELONG_TO_SPECIFIED_ACCOUNT');
});

test('the same seed gives the same credentials, so they outlive a restart', async () => {
  const first = await startClient({ seed: 5 });
  const second = await startClient({ seed: 5 });
  const third = await startClient({ seed: 6 });
  expect(second.sandbox.credentials).toEqual(first.sandbox.credentials);
  expect(third.sandbox.credentials.accountId).not.toBe(first.sandbox.credentials.accountId);
});
