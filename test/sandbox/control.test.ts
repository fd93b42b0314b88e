/** The control API: ledger, signing, auto-signer, reset, and that the same seed gives the same run. */
import { expect, test } from 'vitest';
import { signEnvelope } from '../../src/sandbox/docusign/control.ts';
import { type Client, type Json, definition, list, signer, startClient, startReceiver } from './harness.ts';

test('signEnvelope signs for everyone in order until the envelope is complete', async () => {
  const client = await startClient();
  const id = await client.create(
    definition({ recipients: { signers: [signer('1'), signer('2', { routingOrder: '2' })] } }),
  );
  expect(await signEnvelope(client.sandbox.url, id)).toEqual({ envelopeId: id, status: 'completed' });
});

test('signEnvelope signs for one recipient alone', async () => {
  const client = await startClient();
  const id = await client.create(definition({ recipients: { signers: [signer('1'), signer('2')] } }));
  expect(await signEnvelope(client.sandbox.url, id, { recipientId: '2' })).toEqual({ envelopeId: id, status: 'sent' });
  await expect(signEnvelope(client.sandbox.url, id, { recipientId: '2' })).rejects.toThrow(
    "The recipient is 'completed'",
  );
});

test('what cannot be signed is refused in words', async () => {
  const client = await startClient();
  const draft = await client.create(definition({ status: 'created' }));
  await expect(signEnvelope(client.sandbox.url, draft)).rejects.toThrow("The envelope is 'created'");
  await expect(signEnvelope(client.sandbox.url, '00000000-0000-4000-8000-000000000000')).rejects.toThrow(
    'no such envelope',
  );
});

test('the auto-signer signs after its time, and stops when switched off', async () => {
  const client = await startClient({ autoSign: { afterMs: 1000 } });
  const id = await client.create(
    definition({ recipients: { signers: [signer('1'), signer('2', { routingOrder: '2' })] } }),
  );
  const status = async (): Promise<unknown> => (await client.call('GET', `/envelopes/${id}`)).body['status'];
  await client.control('POST', '/clock', { advanceMs: 1500 });
  expect(await status()).toBe('delivered');
  await client.control('POST', '/clock', { advanceMs: 1000 });
  expect(await status()).toBe('completed');
  await client.control('PUT', '/autosign', { autoSign: false });
  const second = await client.create(definition());
  await client.control('POST', '/clock', { advanceMs: 5000 });
  expect((await client.call('GET', `/envelopes/${second}`)).body['status']).toBe('sent');
});

test('the ledger tells the envelope story with transaction id and custom fields', async () => {
  const client = await startClient();
  const id = await client.create(
    definition({ transactionId: 't1', customFields: { textCustomFields: [{ name: 'gatewayRef', value: 'req_1' }] } }),
  );
  await client.control('POST', `/envelopes/${id}/sign`);
  const envelopes = await client.ledger('?kind=envelope');
  expect(envelopes.map((entry) => entry['event'])).toEqual(['created', 'sent', 'delivered', 'completed']);
  for (const entry of envelopes)
    expect(entry).toMatchObject({ envelopeId: id, transactionId: 't1', customFields: { gatewayRef: 'req_1' } });
  expect((await client.ledger(`?envelopeId=${id}&kind=call`))[0]).toMatchObject({
    route: 'POST /envelopes',
    status: 201,
  });
  const last = Number(envelopes.at(-1)?.['seq']);
  expect(await client.ledger(`?after=${last}&kind=envelope`)).toEqual([]);
  expect(await client.control('GET', '/ledger/summary')).toMatchObject({
    envelope: { total: 4, by: { sent: 1 } },
    call: { by: { 'POST /envelopes': 1 } },
  });
});

test('a list call names the envelopes it asked for', async () => {
  const client = await startClient();
  const [a, b] = [await client.create(definition()), await client.create(definition())];
  await client.call('GET', `/envelopes?envelope_ids=${a},${b}`);
  expect((await client.ledger('?kind=call')).at(-1)).toMatchObject({ route: 'GET /envelopes', envelopeIds: [a, b] });
});

test('the same seed and the same calls give the same ledger', async () => {
  const receiver = await startReceiver();
  const run = async (seed: number): Promise<Json[]> => {
    const client = await startClient({ seed });
    await client.control('POST', '/faults', { route: 'GET *', kind: 'status', status: 500, probability: 0.4 });
    for (let round = 0; round < 4; round += 1) {
      const id = await client.create(definition({ eventNotification: receiver.subscription() }));
      await client.control('POST', '/idle');
      await client.call('GET', `/envelopes/${id}`);
      await client.control('POST', `/envelopes/${id}/sign`);
      await client.control('POST', '/idle');
    }
    return (await client.ledger()).map((entry) => Object.assign(entry, { at: '' }));
  };
  const first = await run(11);
  expect(first.length).toBeGreaterThan(40);
  expect(await run(11)).toEqual(first);
  expect(await run(12)).not.toEqual(first);
});

const unseeded = async (): Promise<[unknown, string]> => {
  const client = await startClient({}, 'unseeded');
  return [client.sandbox.credentials, await client.create(definition())];
};

test('without a seed a restart keeps the credentials and makes new ids', async () => {
  const [first, second] = [await unseeded(), await unseeded()];
  expect(second[0]).toEqual(first[0]);
  expect(second[1]).not.toBe(first[1]);
});

test('reset empties everything but the credentials', async () => {
  const client = await startClient();
  await client.create(definition());
  await client.control('POST', '/faults', { route: 'GET *', kind: 'reset' });
  await client.control('POST', '/reset');
  expect(await client.ledger()).toEqual([]);
  const state = await client.control('GET', '/state');
  expect([state['envelopes'], state['faults']]).toEqual([[], []]);
  expect(list(state['accounts'])[0]?.['accountId']).toBe(client.sandbox.credentials.accountId);
});

test('a setting that does not exist is refused by name', async () => {
  const client = await startClient();
  await expect(client.control('PUT', '/settings', { nonsense: 1 })).rejects.toThrow('nonsense');
});

test('over three hundred creates at once every send is in the ledger once', async () => {
  const client: Client = await startClient();
  const ids = await Promise.all(
    Array.from({ length: 300 }, (_, index) => client.create(definition({ transactionId: `t-${index}` }))),
  );
  const sent = await client.ledger('?kind=envelope&event=sent');
  expect(new Set(ids).size).toBe(300);
  expect(new Set(sent.map((entry) => entry['transactionId'])).size).toBe(300);
  expect(sent).toHaveLength(300);
});
