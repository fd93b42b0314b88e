/** The sandbox as a server: clients that die, bodies that are too large, TLS. */
import { request as plainRequest } from 'node:http';
import { Agent, request } from 'undici';
import { expect, onTestFinished, test } from 'vitest';
import { startDocusignSandbox } from '../../src/sandbox/docusign/index.ts';
import { asJson, definition, startClient, startReceiver } from './harness.ts';

/** For localhost, self-signed, worthless; good for a hundred years. */
const TLS_KEY = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgmR/k0oX4SxoY4V2+
CbyYEbkPz9DU1NFv/qmVsXb16FShRANCAATSufdabPxIJWd8ao3P2PSsPUMKlcuc
oOJTUofDow+QoDtuATbudxDm1WBybHfJZ8Qwd+r0C9wNP4wGwfouyOqA
-----END PRIVATE KEY-----
`;
const TLS_CERT = `-----BEGIN CERTIFICATE-----
MIIBmjCCAUGgAwIBAgIUE4jFnHv8WBzkvhQEz0ULvBHQ0FswCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyNDE5MTc0OFoYDzIxMjYxMDMx
MTkxNzQ4WjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAATSufdabPxIJWd8ao3P2PSsPUMKlcucoOJTUofDow+QoDtuATbudxDm
1WBybHfJZ8Qwd+r0C9wNP4wGwfouyOqAo28wbTAdBgNVHQ4EFgQU5agTehkbDD/X
OCHNeFfx7/Ui/CEwHwYDVR0jBBgwFoAU5agTehkbDD/XOCHNeFfx7/Ui/CEwDwYD
VR0TAQH/BAUwAwEB/zAaBgNVHREEEzARgglsb2NhbGhvc3SHBH8AAAEwCgYIKoZI
zj0EAwIDRwAwRAIgKLfXa7MHEHrUo+kgAUQw8QThgC8ubgOis1/fBHY+qMoCIFiB
fE3UzYX6QpLU0/unPSB/lk230fXtNCkHhmNP2RmE
-----END CERTIFICATE-----
`;

test('a client that dies before its answer has still created, and Connect still tells of it', async () => {
  const client = await startClient();
  const receiver = await startReceiver();
  await client.control('POST', '/faults', { route: 'POST /envelopes', kind: 'slow', ms: 200 });
  const { sandbox, token } = client;
  const outgoing = plainRequest(`${sandbox.url}/restapi/v2.1/accounts/${sandbox.credentials.accountId}/envelopes`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}` },
  });
  outgoing.on('error', () => undefined);
  outgoing.end(JSON.stringify(definition({ eventNotification: receiver.subscription({ events: ['envelope-sent'] }) })));
  await expect.poll(async () => (await client.control('GET', '/faults'))['faults']).toMatchObject([{ struck: 1 }]);
  outgoing.destroy();
  await expect.poll(() => receiver.events(), { timeout: 5000 }).toEqual(['envelope-sent']);
  expect(await client.ledger('?kind=envelope&event=sent')).toHaveLength(1);
});

test('a body over 36 MB is refused', async () => {
  const client = await startClient();
  const { statusCode } = await request(`${client.sandbox.url}/restapi/v2.1/accounts/x/envelopes`, {
    method: 'POST',
    body: Buffer.alloc(36 * 1024 * 1024 + 1),
  });
  expect(statusCode).toBe(413);
  expect((await client.call('GET', '/envelopes?from_date=2020-01-01')).status).toBe(200);
});

test('an address the API does not have is a 404 in JSON, and a wrong method a 405', async () => {
  const client = await startClient();
  expect((await client.call('GET', '/nothing/here')).status).toBe(404);
  expect((await client.call('PATCH', '/envelopes')).status).toBe(405);
  expect((await fetch(`${client.sandbox.url}/nowhere`)).status).toBe(404);
});

test('with a key and a certificate the same handler speaks HTTPS', async () => {
  const sandbox = await startDocusignSandbox({ tls: { key: TLS_KEY, cert: TLS_CERT } });
  onTestFinished(() => sandbox.close());
  const dispatcher = new Agent({ connect: { rejectUnauthorized: false } });
  expect(sandbox.url).toMatch(/^https:\/\/127\.0\.0\.1:\d+$/);
  const { statusCode, body } = await request(`${sandbox.url}/_sandbox`, { dispatcher });
  expect([statusCode, asJson(await body.json())['product']]).toEqual([200, 'docusign']);
  await dispatcher.close();
});
