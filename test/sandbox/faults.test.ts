/** Faults on calls and on webhooks, limits, and what the ledger says of them. */
import { expect, test } from 'vitest';
import { textAt } from '../kit/answer.ts';
import { type Client, definition, hmac, list, startClient, startReceiver } from './harness.ts';

const sent = async (client: Client): Promise<number> => (await client.ledger('?kind=envelope&event=sent')).length;

test('a lost answer has acted: the socket is reset, the envelope is there and found by its transaction id', async () => {
  const client = await startClient();
  await client.control('POST', '/faults', { route: 'POST /envelopes', kind: 'answer-lost' });
  await expect(client.call('POST', '/envelopes', definition({ transactionId: 't1' }))).rejects.toThrow('fetch failed');
  const { body } = await client.call('GET', '/envelopes?transaction_ids=t1');
  expect(list(body['envelopeTransactionStatuses'])[0]).toMatchObject({ status: 'sent' });
  expect(await sent(client)).toBe(1);
  expect((await client.calls())[0]).toMatchObject({
    route: 'POST /envelopes',
    status: null,
    faults: ['answer-lost'],
  });
});

test('a reset strikes before acting, and once only', async () => {
  const client = await startClient();
  await client.control('POST', '/faults', { route: 'POST /envelopes', kind: 'reset' });
  await expect(client.call('POST', '/envelopes', definition())).rejects.toThrow('fetch failed');
  expect(await sent(client)).toBe(0);
  await client.create(definition());
  expect(await sent(client)).toBe(1);
});

test('a call that acts late does so after its caller has given up', async () => {
  const client = await startClient();
  await client.control('POST', '/faults', { route: 'POST /envelopes', kind: 'acts-late', ms: 45_000 });
  await expect(client.call('POST', '/envelopes', definition({ transactionId: 't1' }))).rejects.toThrow('fetch failed');
  expect(await sent(client)).toBe(0);
  await client.control('POST', '/clock', { advanceMs: 45_000 });
  expect(await sent(client)).toBe(1);
});

test.each([
  ['status', { status: 503 }, 503, 'text/html; charset=utf-8'],
  [
    'status',
    {
      status: 429,
      body: { errorCode: 'HOURLY_APIINVOCATION_LIMIT_EXCEEDED', message: 'x' },
      headers: { 'Retry-After': '7' },
    },
    429,
    'application/json; charset=utf-8',
  ],
  ['expired-token', {}, 401, 'application/json; charset=utf-8'],
])('%s %o answers instead of acting', async (kind, members, status, contentType) => {
  const client = await startClient();
  await client.control('POST', '/faults', { route: 'POST /envelopes', kind, ...members });
  const answer = await client.call('POST', '/envelopes', definition());
  expect([answer.status, answer.headers.get('content-type')]).toEqual([status, contentType]);
  expect(answer.headers.get('retry-after')).toBe(status === 429 ? '7' : null);
  expect(await sent(client)).toBe(0);
});

test('slow waits before acting and answer-late after it', async () => {
  const client = await startClient();
  const receiver = await startReceiver();
  for (const kind of ['slow', 'answer-late']) {
    await client.control('POST', '/faults', { route: 'POST /envelopes', kind, ms: 150 });
    const started = performance.now();
    await client.create(definition({ eventNotification: receiver.subscription({ events: ['envelope-sent'] }) }));
    expect(performance.now() - started).toBeGreaterThan(140);
  }
  // The late answer's webhook did not wait for it.
  const seen = receiver.received.at(-1)?.at ?? Number.POSITIVE_INFINITY;
  expect(Date.now() - seen).toBeGreaterThan(100);
});

test('malformed JSON is half a body under a good status', async () => {
  const client = await startClient();
  await client.control('POST', '/faults', { route: 'GET /envelopes', kind: 'malformed-json' });
  await expect(client.call('GET', '/envelopes?from_date=2020-01-01')).rejects.toThrow(SyntaxError);
});

test('a stale list shows an envelope before its newest change, and none that is new', async () => {
  const client = await startClient();
  const old = await client.create(definition());
  await client.control('POST', `/envelopes/${old}/sign`);
  const fresh = await client.create(definition());
  await client.control('POST', '/faults', { route: 'GET /envelopes', kind: 'stale-list' });
  const path = `/envelopes?envelope_ids=${old},${fresh}&include=recipients`;
  const stale = list((await client.call('GET', path)).body['envelopes']);
  expect(stale.map(({ envelopeId, status }) => [envelopeId, status])).toEqual([[old, 'delivered']]);
  expect(list((await client.call('GET', path)).body['envelopes']).map(({ status }) => status)).toEqual([
    'completed',
    'sent',
  ]);
});

test('a pattern with a star, a count and one envelope alone limit a fault', async () => {
  const client = await startClient();
  const [a, b] = [await client.create(definition()), await client.create(definition())];
  await client.control('POST', '/faults', { route: 'GET *', kind: 'status', status: 500, times: 2, envelopeId: a });
  const get = async (id: string): Promise<number> => (await client.call('GET', `/envelopes/${id}`)).status;
  expect([await get(b), await get(a), await get(a), await get(a)]).toEqual([200, 500, 500, 200]);
  expect((await client.control('GET', '/faults'))['faults']).toMatchObject([{ struck: 2, left: 0 }]);
  await client.control('DELETE', '/faults');
  expect((await client.control('GET', '/faults'))['faults']).toEqual([]);
});

const statusesOf = async (seed: number): Promise<number[]> => {
  const client = await startClient({ seed });
  await client.control('POST', '/faults', { route: 'GET /envelopes', kind: 'status', status: 500, probability: 0.5 });
  const statuses: number[] = [];
  for (let call = 0; call < 20; call += 1)
    statuses.push((await client.call('GET', '/envelopes?from_date=2020-01-01')).status);
  return statuses;
};

test('chance is drawn from the seed', async () => {
  const first = await statusesOf(1);
  expect(await statusesOf(1)).toEqual(first);
  expect(await statusesOf(2)).not.toEqual(first);
  expect(new Set(first)).toEqual(new Set([200, 500]));
});

test.each([
  [{ route: 'POST /envelopes', kind: 'duplicate' }],
  [{ route: 'webhook', kind: 'stale-list' }],
  [{ route: 'webhook', kind: 'nonsense' }],
  [{ kind: 'reset' }],
  [{ route: 'POST /envelopes', kind: 'reset', probability: 2 }],
])('the fault %o is refused', async (rule) => {
  const client = await startClient();
  await expect(client.control('POST', '/faults', rule)).rejects.toThrow(/✖/);
});

async function withWebhookFault(
  fault: object,
  events: string[],
): Promise<{ client: Client; receiver: Awaited<ReturnType<typeof startReceiver>> }> {
  const client = await startClient();
  const receiver = await startReceiver();
  await client.control('POST', '/faults', { route: 'webhook', ...fault });
  await client.create(definition({ eventNotification: receiver.subscription({ events }) }));
  await client.control('POST', '/idle');
  return { client, receiver };
}

test('duplicate delivers the same bytes twice', async () => {
  const { receiver } = await withWebhookFault({ kind: 'duplicate' }, ['envelope-sent']);
  expect(receiver.received).toHaveLength(2);
  expect(receiver.received[0]?.raw.equals(receiver.received[1]?.raw ?? Buffer.alloc(0))).toBe(true);
});

test('reorder lets the next message overtake', async () => {
  const { receiver } = await withWebhookFault({ kind: 'reorder' }, ['envelope-sent', 'recipient-sent']);
  expect(receiver.events()).toEqual(['recipient-sent 1', 'envelope-sent']);
});

test('delay holds a message for its milliseconds', async () => {
  const { receiver } = await withWebhookFault({ kind: 'delay', ms: 200, event: 'envelope-sent' }, [
    'envelope-sent',
    'recipient-sent',
  ]);
  expect(receiver.events()).toEqual(['recipient-sent 1', 'envelope-sent']);
});

test('a dropped message never comes and is in the ledger', async () => {
  const { client, receiver } = await withWebhookFault({ kind: 'drop' }, ['envelope-sent']);
  await client.control('POST', '/clock', { advanceMs: 86_400_000 });
  expect(receiver.received).toEqual([]);
  expect((await client.ledger('?kind=webhook'))[0]).toMatchObject({ outcome: 'dropped', event: 'envelope-sent' });
});

test('a corrupted signature does not verify', async () => {
  const { client, receiver } = await withWebhookFault({ kind: 'corrupt-signature' }, ['envelope-sent']);
  const [message] = receiver.received;
  expect(message?.headers['x-docusign-signature-1']).toMatch(/^[A-Za-z0-9+/]{43}=$/);
  expect(message?.headers['x-docusign-signature-1']).not.toBe(
    hmac(client.sandbox.credentials.hmacKeys[0] ?? '', message?.raw ?? Buffer.alloc(0)),
  );
});

test('before-answer delivers before the caller learns the id; otherwise after', async () => {
  const client = await startClient();
  const receiver = await startReceiver();
  const members = { eventNotification: receiver.subscription({ events: ['envelope-sent'] }) };
  await client.control('POST', '/faults', { route: 'webhook', kind: 'before-answer' });
  await client.create(definition(members));
  expect(receiver.received).toHaveLength(1);
});

const HOUR = 3_600_000;

/** The virtual time so many milliseconds before an hour, by the clock, is over. */
async function beforeTheHourEnds(client: Client, ms: number): Promise<void> {
  const now = Date.parse(textAt(await client.control('GET', '/state'), 'now'));
  await client.control('POST', '/clock', { advanceMs: 2 * HOUR - (now % HOUR) - ms });
}

test('the hourly budget is refused with its code until its hour is over, and counted in the headers', async () => {
  const client = await startClient();
  await beforeTheHourEnds(client, 20);
  await client.control('PUT', '/limits', { hourly: 2, status: 400 });
  const since = Date.parse(textAt(await client.control('GET', '/limits'), 'since'));
  const get = (): ReturnType<Client['call']> => client.call('GET', '/envelopes?from_date=2020-01-01');
  expect((await get()).headers.get('x-ratelimit-remaining')).toBe('1');
  await get();
  const refused = await get();
  expect([refused.status, refused.body['errorCode'], refused.headers.get('x-ratelimit-remaining')]).toEqual([
    400,
    'HOURLY_APIINVOCATION_LIMIT_EXCEEDED',
    '0',
  ]);
  const reset = Number(refused.headers.get('x-ratelimit-reset'));
  expect(reset).toBe(Math.ceil((since + HOUR) / 1_000));
  await client.control('POST', '/clock', { advanceMs: HOUR });
  expect((await get()).status).toBe(200);
});

test('the hourly budget counts full hours where that is asked for', async () => {
  const client = await startClient();
  await beforeTheHourEnds(client, HOUR / 2);
  await client.control('PUT', '/limits', { hourly: 1, since: null });
  const get = (): ReturnType<Client['call']> => client.call('GET', '/envelopes?from_date=2020-01-01');
  expect(Number((await get()).headers.get('x-ratelimit-reset')) % 3_600).toBe(0);
  expect((await get()).status).toBe(429);
  await client.control('POST', '/clock', { advanceMs: HOUR / 2 });
  expect((await get()).status).toBe(200);
});

test('the burst budget comes back after thirty seconds', async () => {
  const client = await startClient();
  await client.control('PUT', '/limits', { burst: 1 });
  const get = async (): Promise<unknown[]> => {
    const { status, body } = await client.call('GET', '/envelopes?from_date=2020-01-01');
    return [status, body['errorCode']];
  };
  await get();
  expect(await get()).toEqual([429, 'BURST_APIINVOCATION_LIMIT_EXCEEDED']);
  await client.control('POST', '/clock', { advanceMs: 30_000 });
  expect(await get()).toEqual([200, undefined]);
});

test('polling one envelope within fifteen minutes is marked always and refused when asked', async () => {
  const client = await startClient();
  const id = await client.create(definition());
  await client.call('GET', `/envelopes/${id}`);
  await client.call('GET', `/envelopes/${id}`);
  expect((await client.calls()).map((entry) => entry['polledTooEarly'])).toEqual([undefined, undefined, true]);
  await client.control('PUT', '/limits', { polling: 'error' });
  expect((await client.call('GET', `/envelopes/${id}`)).body['errorCode']).toBe(
    'Hourly_Envelope_Polling_Limit_Exceeded',
  );
  await client.control('POST', '/clock', { advanceMs: 900_000 });
  expect((await client.call('GET', `/envelopes/${id}`)).status).toBe(200);
});

test('too many PUTs on one envelope have their own code', async () => {
  const client = await startClient();
  const id = await client.create(definition({ status: 'created' }));
  await client.control('PUT', '/limits', { envelopePutBurst: 1 });
  await client.call('PUT', `/envelopes/${id}`, { emailBlurb: 'a' });
  expect((await client.call('PUT', `/envelopes/${id}`, { emailBlurb: 'b' })).body['errorCode']).toBe(
    'Burst_APIInvocation_Envelope_Limit_Exceeded',
  );
});
