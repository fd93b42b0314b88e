/** Connect: messages, signatures, order, retries, queues. */
import { expect, test } from 'vitest';
import { signBody } from '../../src/sandbox/docusign/hmac.ts';
import { asJson, definition, hmac, list, signer, startClient, startReceiver } from './harness.ts';

const MINUTE = 60_000;
const DAY = 86_400_000;

const VECTOR =
  '{"event":"envelope-completed","apiVersion":"v2.1","uri":"/restapi/v2.1/accounts/11111111-1111-4111-8111-111111111111/envelopes/22222222-2222-4222-8222-222222222222","retryCount":0,"configurationId":5001,"generatedDateTime":"2026-01-15T10:30:00.0000000Z","data":{"accountId":"11111111-1111-4111-8111-111111111111","userId":"33333333-3333-4333-8333-333333333333","envelopeId":"22222222-2222-4222-8222-222222222222"}}';

test('the signature matches the test vector of two keys, and no longer with one bit changed', () => {
  expect(Buffer.byteLength(VECTOR)).toBe(414);
  expect(signBody('sandbox-hmac-key-1', VECTOR)).toBe('SIDv39P37SkwofE4LmBl5BMsa9bwr+t6fJ34XRDc+Ug=');
  expect(signBody('sandbox-hmac-key-2', VECTOR)).toBe('oU+Xcprl5LY+AsDIZyfapJhefP87MHTwyNjPshuPlK4=');
  expect(signBody('sandbox-hmac-key-1', VECTOR.replace('"retryCount":0', '"retryCount":1'))).not.toBe(
    'SIDv39P37SkwofE4LmBl5BMsa9bwr+t6fJ34XRDc+Ug=',
  );
});

test('events come in the order of two routing orders and a copy', async () => {
  const client = await startClient();
  const receiver = await startReceiver();
  const id = await client.create(
    definition({
      status: 'created',
      eventNotification: receiver.subscription(),
      recipients: {
        signers: [signer('1'), signer('2', { routingOrder: '2' })],
        carbonCopies: [signer('3', { routingOrder: '3' })],
      },
    }),
  );
  await client.call('PUT', `/envelopes/${id}`, { status: 'sent' });
  await client.control('POST', `/envelopes/${id}/sign`);
  await client.control('POST', '/idle');
  expect(receiver.events()).toEqual([
    'envelope-created',
    'envelope-sent',
    'recipient-sent 1',
    'recipient-delivered 1',
    'envelope-delivered',
    'recipient-completed 1',
    'recipient-sent 2',
    'recipient-delivered 2',
    'recipient-completed 2',
    'recipient-sent 3',
    'recipient-completed 3',
    'envelope-completed',
  ]);
});

test('void, decline, resend and correction have their events', async () => {
  const client = await startClient();
  const receiver = await startReceiver();
  const members = {
    eventNotification: receiver.subscription({
      events: [
        'envelope-voided',
        'envelope-declined',
        'recipient-declined',
        'envelope-resent',
        'recipient-resent',
        'envelope-corrected',
      ],
    }),
  };
  const first = await client.create(definition(members));
  await client.call('PUT', `/envelopes/${first}?resend_envelope=true`, {});
  await client.call('PUT', `/envelopes/${first}/recipients`, { signers: [{ recipientId: '1', note: 'Hello' }] });
  await client.call('PUT', `/envelopes/${first}`, { status: 'voided', voidedReason: 'x' });
  const second = await client.create(definition(members));
  await client.control('POST', `/envelopes/${second}/recipients/1/decline`, { reason: 'no' });
  await client.control('POST', '/idle');
  expect(receiver.events()).toEqual([
    'envelope-resent',
    'recipient-resent 1',
    'envelope-corrected',
    'envelope-voided',
    'recipient-declined 1',
    'envelope-declined',
  ]);
});

test('a message has the members of the SIM form in their order and is signed with every key', async () => {
  const client = await startClient();
  const receiver = await startReceiver();
  const { accountId, userId, hmacKeys } = client.sandbox.credentials;
  await client.control('POST', `/accounts/${accountId}/hmac-keys`, { key: 'sandbox-hmac-key-2' });
  const id = await client.create(
    definition({ eventNotification: receiver.subscription({ events: ['recipient-sent'] }) }),
  );
  await client.control('POST', '/idle');
  const [message] = receiver.received;
  expect(Object.keys(message?.body ?? {})).toEqual([
    'event',
    'apiVersion',
    'uri',
    'retryCount',
    'configurationId',
    'generatedDateTime',
    'data',
  ]);
  expect(message?.body).toMatchObject({
    event: 'recipient-sent',
    apiVersion: 'v2.1',
    uri: `/restapi/v2.1/accounts/${accountId}/envelopes/${id}`,
    retryCount: 0,
    configurationId: 5001,
  });
  expect(message?.body['generatedDateTime']).toMatch(/\.\d{7}Z$/);
  expect(message?.body['data']).toEqual({ accountId, userId, envelopeId: id, recipientId: '1' });
  expect(message?.headers['content-type']).toBe('application/json; charset=utf-8');
  expect(message?.headers['x-authorization-digest']).toBe('HMACSHA256');
  const raw = message?.raw ?? Buffer.alloc(0);
  expect(message?.headers['x-docusign-signature-1']).toBe(hmac(hmacKeys[0] ?? '', raw));
  expect(message?.headers['x-docusign-signature-2']).toBe(hmac('sandbox-hmac-key-2', raw));
});

test('keys are rotated through the REST API: made, shown once, removed', async () => {
  const client = await startClient();
  const receiver = await startReceiver();
  const made = await client.call('POST', '/connect/secret', {});
  expect(made.status).toBe(201);
  const secrets = list((await client.call('GET', '/connect/secret')).body['secrets']);
  expect(secrets).toHaveLength(2);
  expect(secrets[1]).not.toHaveProperty('secret');
  expect((await client.call('DELETE', `/connect/secret/${String(secrets[0]?.['keyId'])}`)).status).toBe(200);
  await client.create(definition({ eventNotification: receiver.subscription({ events: ['envelope-sent'] }) }));
  await client.control('POST', '/idle');
  const [message] = receiver.received;
  expect(message?.headers['x-docusign-signature-1']).toBe(
    hmac(String(made.body['secret']), message?.raw ?? Buffer.alloc(0)),
  );
  expect(message?.headers).not.toHaveProperty('x-docusign-signature-2');
});

test('without includeHMAC nothing is signed', async () => {
  const client = await startClient();
  const receiver = await startReceiver();
  await client.create(
    definition({ eventNotification: receiver.subscription({ events: ['envelope-sent'], includeHMAC: 'false' }) }),
  );
  await client.control('POST', '/idle');
  expect(receiver.received[0]?.headers).not.toHaveProperty('x-docusign-signature-1');
});

test('includeData decides what the summary holds, as it was at the event', async () => {
  const client = await startClient();
  const receiver = await startReceiver();
  const eventData = {
    version: 'restv2.1',
    format: 'json',
    includeData: ['recipients', 'custom_fields', 'documents', 'tabs'],
  };
  const id = await client.create(
    definition({
      customFields: { textCustomFields: [{ name: 'ref', value: 'r1' }] },
      eventNotification: receiver.subscription({ events: ['envelope-sent'], eventData }),
    }),
  );
  await client.control('POST', `/envelopes/${id}/sign`);
  await client.control('POST', '/idle');
  const summary = asJson(asJson(receiver.received[0]?.body['data'])['envelopeSummary']);
  expect(summary).toMatchObject({
    status: 'sent',
    envelopeId: id,
    sender: { email: 'ada@sender.example' },
    customFields: { textCustomFields: [{ name: 'ref', value: 'r1' }] },
  });
  expect(list(asJson(summary['recipients'])['signers'])[0]).toMatchObject({ recipientId: '1', tabs: {} });
  expect(
    Buffer.from(String(list(summary['envelopeDocuments'])[0]?.['PDFBytes']), 'base64')
      .subarray(0, 5)
      .toString(),
  ).toBe('%PDF-');
});

test('version legacy is the XML of the envelope, without a zone unless asked, signed like JSON', async () => {
  const client = await startClient();
  const receiver = await startReceiver();
  const legacy = {
    events: undefined,
    envelopeEvents: [{ envelopeEventStatusCode: 'Completed' }],
    recipientEvents: [{ recipientEventStatusCode: 'Declined' }],
    eventData: undefined,
  };
  const id = await client.create(
    definition({ emailSubject: 'A & B <C>', eventNotification: receiver.subscription(legacy) }),
  );
  await client.control('POST', `/envelopes/${id}/sign`);
  const zoned = await client.create(
    definition({ eventNotification: receiver.subscription({ ...legacy, includeTimeZone: 'true' }) }),
  );
  await client.control('POST', `/envelopes/${zoned}/sign`);
  await client.control('POST', '/idle');
  const [first, second] = receiver.received.map(({ raw }) => raw.toString('utf8'));
  expect(receiver.received).toHaveLength(2);
  expect(receiver.received[0]?.headers['content-type']).toBe('text/xml; charset=utf-8');
  expect(first).toContain('xmlns="http://www.docusign.net/API/3.0"');
  expect(first).toContain('<Subject>A &amp; B &lt;C&gt;</Subject>');
  expect(first).toMatch(
    /<EnvelopeID>[0-9a-f-]{36}<\/EnvelopeID>.*<Status>Completed<\/Status><Created>\d{4}-\d\d-\d\dT[\d:.]+<\/Created>/,
  );
  expect(first).not.toContain('TimeZone');
  expect(second).toContain('<TimeZone>Pacific Standard Time</TimeZone><TimeZoneOffset>-8</TimeZoneOffset>');
  expect(receiver.received[0]?.headers['x-docusign-signature-1']).toBe(
    hmac(client.sandbox.credentials.hmacKeys[0] ?? '', receiver.received[0]?.raw ?? Buffer.alloc(0)),
  );
});

test('a failed message is tried again with a higher retryCount, the same event time and a new signature', async () => {
  const client = await startClient();
  const receiver = await startReceiver();
  receiver.statuses.push(500, 503);
  await client.create(definition({ eventNotification: receiver.subscription({ events: ['envelope-sent'] }) }));
  await client.control('POST', '/idle');
  await client.control('POST', '/clock', { advanceMs: 4 * MINUTE });
  expect(receiver.received).toHaveLength(1);
  await client.control('POST', '/clock', { advanceMs: 60 * MINUTE });
  expect(receiver.received.map(({ body }) => body['retryCount'])).toEqual([0, 1, 2]);
  expect(new Set(receiver.received.map(({ body }) => body['generatedDateTime'])).size).toBe(1);
  for (const { raw, headers } of receiver.received)
    expect(headers['x-docusign-signature-1']).toBe(hmac(client.sandbox.credentials.hmacKeys[0] ?? '', raw));
  const outcomes = (await client.ledger('?kind=webhook')).map(({ outcome, status }) => [outcome, status]);
  expect(outcomes).toEqual([
    ['failed', 500],
    ['failed', 503],
    ['delivered', 200],
  ]);
});

test('the time factor divides the delays', async () => {
  const client = await startClient({ timeFactor: 10_000 });
  const receiver = await startReceiver();
  receiver.statuses.push(500);
  await client.create(definition({ eventNotification: receiver.subscription({ events: ['envelope-sent'] }) }));
  await expect.poll(() => receiver.received.length, { timeout: 5000 }).toBe(2);
});

test('a redirect is a failure and is not followed', async () => {
  const client = await startClient();
  const receiver = await startReceiver();
  receiver.statuses.push(302);
  await client.create(definition({ eventNotification: receiver.subscription({ events: ['envelope-sent'] }) }));
  await client.control('POST', '/idle');
  expect((await client.ledger('?kind=webhook'))[0]).toMatchObject({ outcome: 'failed', status: 302 });
  const { body } = await client.call('GET', '/connect/failures');
  expect(body).toMatchObject({ totalRecords: '1' });
});

test('without acknowledgment a failure is not tried again', async () => {
  const client = await startClient();
  const receiver = await startReceiver();
  receiver.statuses.push(500);
  await client.create(
    definition({
      eventNotification: receiver.subscription({ events: ['envelope-sent'], requireAcknowledgment: 'false' }),
    }),
  );
  await client.control('POST', '/idle');
  await client.control('POST', '/clock', { advanceMs: DAY });
  expect(receiver.received).toHaveLength(1);
  expect((await client.call('GET', '/connect/failures')).body['totalRecords']).toBe('0');
});

test('exponential retries are given up after fifteen days', async () => {
  const client = await startClient();
  await client.create(
    definition({
      eventNotification: {
        url: 'http://127.0.0.1:9/hook',
        requireAcknowledgment: 'true',
        events: ['envelope-sent'],
        eventData: { version: 'restv2.1', format: 'json' },
      },
    }),
  );
  await client.control('POST', '/idle');
  await client.control('POST', '/clock', { advanceMs: 40 * DAY });
  const outcomes = (await client.ledger('?kind=webhook')).map((entry) => entry['outcome']);
  expect(outcomes.length).toBeGreaterThan(10);
  expect(outcomes.length).toBeLessThan(20);
  expect(outcomes.at(-1)).toBe('abandoned');
});

test('profile daily holds later messages back until one succeeds, then sends them in order', async () => {
  const client = await startClient();
  const receiver = await startReceiver();
  await client.control('PUT', '/settings', { retryProfile: 'daily' });
  receiver.statuses.push(500);
  const id = await client.create(
    definition({
      eventNotification: receiver.subscription({ events: ['envelope-sent', 'recipient-sent', 'envelope-completed'] }),
    }),
  );
  await client.control('POST', `/envelopes/${id}/sign`);
  await client.control('POST', '/idle');
  expect(receiver.events()).toEqual(['envelope-sent']);
  await client.control('POST', '/clock', { advanceMs: DAY + MINUTE });
  await client.control('POST', '/idle');
  expect(receiver.events()).toEqual(['envelope-sent', 'envelope-sent', 'recipient-sent 1', 'envelope-completed']);
});

test('the retry queue tries at once, for one envelope and for several', async () => {
  const client = await startClient();
  const receiver = await startReceiver();
  receiver.statuses.push(500, 500);
  const id = await client.create(
    definition({ eventNotification: receiver.subscription({ events: ['envelope-sent'] }) }),
  );
  await client.control('POST', '/idle');
  const one = await client.call('PUT', `/connect/envelopes/${id}/retry_queue`, {});
  expect(list(one.body['retryQueue'])[0]).toMatchObject({ envelopeId: id, configUrl: receiver.url });
  await client.control('POST', '/idle');
  expect(
    (await client.call('PUT', '/connect/envelopes/retry_queue', { envelopeIds: [id], synchronous: 'true' })).status,
  ).toBe(400);
  await client.call('PUT', '/connect/envelopes/retry_queue', { envelopeIds: [id], synchronous: 'false' });
  await client.control('POST', '/idle');
  expect(receiver.received.map(({ body }) => body['retryCount'])).toEqual([0, 1, 2]);
  expect((await client.call('GET', '/connect/failures')).body['totalRecords']).toBe('0');
});

test('logs keep each attempt of a subscription that asks for it, and can be deleted', async () => {
  const client = await startClient();
  const receiver = await startReceiver();
  receiver.statuses.push(500);
  const id = await client.create(
    definition({ eventNotification: receiver.subscription({ events: ['envelope-sent', 'recipient-sent'] }) }),
  );
  await client.control('POST', '/idle');
  const logs = list((await client.call('GET', '/connect/logs')).body['logs']);
  expect(logs).toMatchObject([
    { envelopeId: id, error: '', retryCount: '0' },
    { envelopeId: id, error: 'The remote server returned 500.' },
  ]);
  const detail = await client.call('GET', `/connect/logs/${String(logs[0]?.['logId'])}?additional_info=true`);
  expect(String(list(detail.body['connectDebugLog'])[0]?.['payload'])).toContain('recipient-sent');
  expect((await client.call('DELETE', '/connect/logs')).status).toBe(200);
  expect((await client.call('GET', '/connect/logs')).body['totalRecords']).toBe('0');
  const [failure] = list((await client.call('GET', '/connect/failures')).body['failures']);
  await client.call('DELETE', `/connect/failures/${String(failure?.['failureId'])}`);
  expect((await client.call('GET', '/connect/failures')).body['totalRecords']).toBe('0');
});

const configuration = (url: string, members: object = {}): object => ({
  name: 'gateway',
  urlToPublishTo: url,
  requiresAcknowledgement: 'true',
  enableLog: 'true',
  includeHMAC: 'true',
  deliveryMode: 'SIM',
  events: ['envelope-sent'],
  eventData: { version: 'restv2.1', format: 'json', includeData: [] },
  ...members,
});

test('an account configuration is made, read, changed and deleted', async () => {
  const client = await startClient();
  const made = await client.call(
    'POST',
    '/connect',
    configuration('http://hooks.example/', { password: 'secret', userName: 'u' }),
  );
  expect([made.status, made.body]).toMatchObject([
    201,
    { name: 'gateway', configurationType: 'custom', allowEnvelopePublish: 'true' },
  ]);
  expect(made.body).not.toHaveProperty('password');
  const connectId = String(made.body['connectId']);
  expect((await client.call('GET', '/connect')).body).toMatchObject({
    totalRecords: '1',
    configurations: [{ connectId }],
  });
  expect((await client.call('PUT', '/connect', { connectId, name: 'renamed' })).body).toMatchObject({
    name: 'renamed',
    urlToPublishTo: 'http://hooks.example/',
  });
  expect((await client.call('GET', `/connect/${connectId}`)).body).toMatchObject({
    configurations: [{ name: 'renamed' }],
  });
  expect((await client.call('DELETE', `/connect/${connectId}`, {})).status).toBe(200);
  expect((await client.call('GET', `/connect/${connectId}`)).body['errorCode']).toBe('INVALID_REQUEST_PARAMETER');
});

test('an envelope with its own notification in an account with a configuration is told twice, with different ids', async () => {
  const client = await startClient();
  const receiver = await startReceiver();
  await client.call('POST', '/connect', configuration(receiver.url, { userName: 'me', password: 'pw' }));
  await client.create(definition({ eventNotification: receiver.subscription({ events: ['envelope-sent'] }) }));
  await client.control('POST', '/idle');
  expect(new Set(receiver.received.map(({ body }) => body['configurationId'])).size).toBe(2);
  expect(receiver.received.map(({ headers }) => headers.authorization).filter(Boolean)).toEqual([
    `Basic ${Buffer.from('me:pw').toString('base64')}`,
  ]);
});

test('a configuration that is switched off, or for other users, hears nothing', async () => {
  const client = await startClient();
  const receiver = await startReceiver();
  await client.call('POST', '/connect', configuration(receiver.url, { allowEnvelopePublish: 'false' }));
  await client.call('POST', '/connect', configuration(receiver.url, { allUsers: 'false', userIds: ['someone-else'] }));
  await client.create(definition());
  await client.control('POST', '/idle');
  expect(receiver.received).toEqual([]);
});

test('with the switch only https targets are taken', async () => {
  const client = await startClient();
  await client.control('PUT', '/settings', { requireHttpsTargets: true });
  expect((await client.call('POST', '/connect', configuration('http://hooks.example/'))).body['errorCode']).toBe(
    'INVALID_REQUEST_PARAMETER',
  );
});
