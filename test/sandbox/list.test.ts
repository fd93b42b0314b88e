/** Many envelopes in one call: `GET /envelopes` and `PUT /envelopes/status`. */
import { expect, test } from 'vitest';
import { type Client, asJson, definition, list, startClient } from './harness.ts';

const ids = (body: Record<string, unknown>): unknown[] =>
  list(body['envelopes'] ?? []).map((envelope) => envelope['envelopeId']);

async function three(client: Client): Promise<string[]> {
  const made: string[] = [];
  for (const ref of ['a', 'b', 'c'])
    made.push(
      await client.create(
        definition({ transactionId: `t-${ref}`, customFields: { textCustomFields: [{ name: 'ref', value: ref }] } }),
      ),
    );
  return made;
}

test('a list without any selector is refused', async () => {
  const { call } = await startClient();
  expect((await call('GET', '/envelopes')).body['errorCode']).toBe('INVALID_REQUEST_PARAMETER');
  expect((await call('GET', '/envelopes?status=sent')).body['errorCode']).toBe('INVALID_REQUEST_PARAMETER');
});

test('a list by ids holds just those, with recipients when asked', async () => {
  const client = await startClient();
  const [a, , c] = await three(client);
  const { body } = await client.call(
    'GET',
    `/envelopes?envelope_ids=${a},${c},00000000-0000-4000-8000-000000000000&include=recipients`,
  );
  expect(ids(body)).toEqual([a, c]);
  expect(body).toMatchObject({
    resultSetSize: '2',
    startPosition: '0',
    endPosition: '1',
    totalSetSize: '2',
    nextUri: '',
  });
  expect(asJson(list(body['envelopes'])[0]?.['recipients'])['recipientCount']).toBe('1');
});

test('of a repeated parameter the first counts, or all by the switch', async () => {
  const client = await startClient();
  const [a, b] = await three(client);
  const path = `/envelopes?envelope_ids=${a}&envelope_ids=${b}`;
  expect(ids((await client.call('GET', path)).body)).toEqual([a]);
  await client.control('PUT', '/settings', { repeatedParameters: 'all' });
  expect(ids((await client.call('GET', path)).body)).toEqual([a, b]);
});

test('an empty list has counts of zero and no envelopes member', async () => {
  const { call } = await startClient();
  const { body } = await call('GET', '/envelopes?from_date=2020-01-01');
  expect(body).toMatchObject({ resultSetSize: '0', totalSetSize: '0' });
  expect(body).not.toHaveProperty('envelopes');
});

test('pages follow each other by start_position until nextUri is empty', async () => {
  const client = await startClient();
  const made = await three(client);
  const first = (await client.call('GET', '/envelopes?from_date=2020-01-01&count=2')).body;
  expect(ids(first)).toEqual(made.slice(0, 2));
  const second = (await client.call('GET', String(first['nextUri']))).body;
  expect(ids(second)).toEqual(made.slice(2));
  expect(second).toMatchObject({ nextUri: '', totalSetSize: '3' });
});

test('filters by status, date of a change and custom field narrow the list', async () => {
  const client = await startClient();
  const [a, b, c] = await three(client);
  await client.control('POST', `/envelopes/${a}/sign`);
  await client.call('PUT', `/envelopes/${b}`, { status: 'voided', voidedReason: 'x' });
  const get = async (query: string): Promise<unknown[]> =>
    ids((await client.call('GET', `/envelopes?from_date=2020-01-01T00:00:00Z&${query}`)).body);
  expect(await get('status=completed,voided')).toEqual([a, b]);
  expect(await get('status=any')).toEqual([a, b, c]);
  expect(await get('from_to_status=completed')).toEqual([a]);
  expect(await get('from_to_status=completed&status=sent')).toEqual([]);
  expect(await get('custom_field=ref%3Dc')).toEqual([c]);
  expect(await get('to_date=2021-01-01')).toEqual([]);
});

test('a transaction id finds its envelope for seven days, and an unknown one is told as such', async () => {
  const client = await startClient();
  const [a] = await three(client);
  const { body } = await client.call('GET', '/envelopes?transaction_ids=t-a,t-none');
  expect(list(body['envelopeTransactionStatuses'])).toMatchObject([
    { transactionId: 't-a', envelopeId: a, status: 'sent' },
    { transactionId: 't-none', errorDetails: { errorCode: 'ENVELOPE_DOES_NOT_EXIST' } },
  ]);
  expect(list(body['envelopeTransactionStatuses'])[1]).not.toHaveProperty('envelopeId');
  await client.control('POST', '/clock', { advanceMs: 8 * 86_400_000 });
  const later = await client.call('GET', '/envelopes?transaction_ids=t-a');
  expect(list(later.body['envelopeTransactionStatuses'])[0]).not.toHaveProperty('envelopeId');
});

test('a second create with the same transaction id makes a second envelope, unless the switch says otherwise', async () => {
  const { call, create, control } = await startClient();
  const first = await create(definition({ transactionId: 't' }));
  const second = await create(definition({ transactionId: 't' }));
  expect(second).not.toBe(first);
  expect(list((await call('GET', '/envelopes?transaction_ids=t')).body['envelopeTransactionStatuses'])).toHaveLength(2);
  await control('PUT', '/settings', { transactionIdReuse: 'same' });
  expect(await create(definition({ transactionId: 't' }))).toBe(second);
  await control('PUT', '/settings', { transactionIdReuse: 'refuse' });
  expect((await call('POST', '/envelopes', definition({ transactionId: 't' }))).status).toBe(400);
});

test('the batch status reads ids from the body and never shows recipients', async () => {
  const client = await startClient();
  const [a, b] = await three(client);
  const { body } = await client.call('PUT', '/envelopes/status?envelope_ids=request_body&include=recipients', {
    envelopeIds: [a, b],
  });
  expect(ids(body)).toEqual([a, b]);
  expect(list(body['envelopes'])[0]).not.toHaveProperty('recipients');
  expect((await client.call('PUT', '/envelopes/status', {})).status).toBe(400);
  expect(
    (await client.call('PUT', '/envelopes/status?transaction_ids=request_body', { transactionIds: ['t-b'] })).body[
      'totalSetSize'
    ],
  ).toBe('1');
});

test('a lagging list does not show what was only just created', async () => {
  const client = await startClient();
  await client.control('PUT', '/settings', { listLagMs: 5000 });
  const [a] = await three(client);
  expect(ids((await client.call('GET', `/envelopes?envelope_ids=${a}`)).body)).toEqual([]);
  await client.control('POST', '/clock', { advanceMs: 6000 });
  expect(ids((await client.call('GET', `/envelopes?envelope_ids=${a}`)).body)).toEqual([a]);
});
