/** Recipients: routing, corrections, and the address of an embedded signer. */
import { expect, test } from 'vitest';
import { type Client, definition, list, signer, startClient } from './harness.ts';

const statuses = async (client: Client, id: string): Promise<unknown[]> => {
  const { body } = await client.call('GET', `/envelopes/${id}/recipients`);
  return ['signers', 'carbonCopies'].flatMap((group) => list(body[group])).map((recipient) => recipient['status']);
};

test('only the lowest routing order is notified, and copies are done when their turn comes', async () => {
  const client = await startClient();
  const id = await client.create(
    definition({
      recipients: {
        signers: [signer('1'), signer('2', { routingOrder: '2' })],
        carbonCopies: [signer('3', { routingOrder: '3' })],
      },
    }),
  );
  expect(await statuses(client, id)).toEqual(['sent', 'created', 'created']);
  await client.control('POST', `/envelopes/${id}/recipients/1/sign`);
  expect(await statuses(client, id)).toEqual(['completed', 'sent', 'created']);
  expect((await client.call('GET', `/envelopes/${id}/recipients`)).body['currentRoutingOrder']).toBe('2');
  await client.control('POST', `/envelopes/${id}/recipients/2/sign`);
  expect(await statuses(client, id)).toEqual(['completed', 'completed', 'completed']);
  expect((await client.call('GET', `/envelopes/${id}`)).body['status']).toBe('completed');
});

test('an envelope is delivered once all whose turn it is have opened it', async () => {
  const client = await startClient();
  const id = await client.create(definition({ recipients: { signers: [signer('1'), signer('2')] } }));
  await client.control('POST', `/envelopes/${id}/recipients/1/open`);
  expect((await client.call('GET', `/envelopes/${id}`)).body['status']).toBe('sent');
  await client.control('POST', `/envelopes/${id}/recipients/2/open`);
  expect((await client.call('GET', `/envelopes/${id}`)).body['status']).toBe('delivered');
});

test('with the switch an envelope returns to sent when the next order is notified', async () => {
  const client = await startClient();
  await client.control('PUT', '/settings', { deliveredReturnsToSent: true });
  const id = await client.create(
    definition({ recipients: { signers: [signer('1'), signer('2', { routingOrder: '2' })] } }),
  );
  await client.control('POST', `/envelopes/${id}/recipients/1/sign`);
  expect((await client.call('GET', `/envelopes/${id}`)).body['status']).toBe('sent');
});

test('with the switch the transient signed can be seen before completed', async () => {
  const client = await startClient();
  await client.control('PUT', '/settings', { signedForMs: 60_000 });
  const id = await client.create(definition());
  await client.control('POST', `/envelopes/${id}/recipients/1/sign`);
  expect([await statuses(client, id), (await client.call('GET', `/envelopes/${id}`)).body['status']]).toEqual([
    ['signed'],
    'signed',
  ]);
  await client.control('POST', '/clock', { advanceMs: 60_000 });
  expect([await statuses(client, id), (await client.call('GET', `/envelopes/${id}`)).body['status']]).toEqual([
    ['completed'],
    'completed',
  ]);
});

test('one decline ends the envelope, with the reason on the recipient alone', async () => {
  const client = await startClient();
  const id = await client.create(definition({ recipients: { signers: [signer('1'), signer('2')] } }));
  await client.control('POST', `/envelopes/${id}/recipients/2/decline`, { reason: 'Too dear' });
  expect((await client.call('GET', `/envelopes/${id}`)).body).toMatchObject({ status: 'declined' });
  const [, second] = list((await client.call('GET', `/envelopes/${id}/recipients`)).body['signers']);
  expect(second).toMatchObject({ status: 'declined', declinedReason: 'Too dear' });
  await expect(client.control('POST', `/envelopes/${id}/recipients/1/sign`)).rejects.toThrow(
    "The envelope is 'declined'",
  );
});

test('a bounced recipient is autoresponded and is invited anew when the address is corrected', async () => {
  const client = await startClient();
  const id = await client.create(definition());
  await client.control('POST', `/envelopes/${id}/recipients/1/autorespond`);
  expect(await statuses(client, id)).toEqual(['autoresponded']);
  const put = await client.call('PUT', `/envelopes/${id}/recipients`, {
    signers: [{ recipientId: '1', email: 'right@tenant.example' }],
  });
  expect(put.body).toEqual({
    recipientUpdateResults: [{ recipientId: '1', errorDetails: { errorCode: 'SUCCESS', message: '' } }],
  });
  expect(await statuses(client, id)).toEqual(['sent']);
});

test('one recipient is asked again by a correction of nothing, and stays as far as they were', async () => {
  const client = await startClient();
  const id = await client.create(definition({ recipients: { signers: [signer('1'), signer('2')] } }));
  await client.control('POST', `/envelopes/${id}/recipients/1/open`);
  const put = await client.call('PUT', `/envelopes/${id}/recipients?resend_envelope=true`, {
    signers: [{ recipientId: '1' }],
  });
  expect(put.body).toMatchObject({ recipientUpdateResults: [{ errorDetails: { errorCode: 'SUCCESS' } }] });
  expect(await statuses(client, id)).toEqual(['delivered', 'sent']);
  const resent = (await client.ledger('?event=resent')).map((entry) => [entry['kind'], entry['recipientId']]);
  expect(resent).toEqual([
    ['mail', '1'],
    ['recipient', '1'],
  ]);
});

test('a new address is mailed once, asked to or not, and what the old one has opened counts no more', async () => {
  const client = await startClient();
  for (const query of ['', '?resend_envelope=true']) {
    const id = await client.create(definition());
    await client.control('POST', `/envelopes/${id}/recipients/1/open`);
    await client.call('PUT', `/envelopes/${id}/recipients${query}`, {
      signers: [{ recipientId: '1', email: 'right@tenant.example' }],
    });
    expect(await statuses(client, id)).toEqual(['sent']);
    const mails = await client.ledger(`?kind=mail&envelopeId=${id}`);
    expect(mails.map((mail) => [mail['event'], mail['to']])).toEqual([
      ['invitation', 'signer1@tenant.example'],
      ['resent', 'right@tenant.example'],
    ]);
    expect(await client.ledger(`?kind=recipient&event=corrected&envelopeId=${id}`)).toMatchObject([
      { recipientId: '1', email: 'right@tenant.example' },
    ]);
  }
});

test('a resend mails no embedded recipient, and nobody before their turn', async () => {
  const client = await startClient();
  const id = await client.create(
    definition({
      recipients: {
        signers: [signer('1', { clientUserId: 'user-88' }), signer('2'), signer('3', { routingOrder: '2' })],
      },
    }),
  );
  await client.call('PUT', `/envelopes/${id}?resend_envelope=true`, {});
  await client.call('PUT', `/envelopes/${id}/recipients?resend_envelope=true`, { signers: [{ recipientId: '3' }] });
  expect((await client.ledger('?kind=mail&event=resent')).map((mail) => mail['recipientId'])).toEqual(['2']);
});

test('nobody of an envelope that has ended is corrected or asked again', async () => {
  const client = await startClient();
  const id = await client.create(definition());
  await client.control('POST', `/envelopes/${id}/sign`);
  for (const query of ['', '?resend_envelope=true']) {
    const put = await client.call('PUT', `/envelopes/${id}/recipients${query}`, { signers: [{ recipientId: '1' }] });
    expect([put.status, put.body['errorCode']]).toEqual([400, 'ENVELOPE_INVALID_STATUS']);
  }
});

test('a correction answers 200 with an error per item', async () => {
  const client = await startClient();
  const id = await client.create(
    definition({ recipients: { signers: [signer('1'), signer('2', { routingOrder: '2' })] } }),
  );
  await client.control('POST', `/envelopes/${id}/recipients/1/sign`);
  const put = await client.call('PUT', `/envelopes/${id}/recipients`, {
    signers: [
      { recipientId: '1', name: 'Late' },
      { recipientId: '2', name: 'Cy Owner', email: 'no address' },
      { name: 'nobody' },
    ],
  });
  expect(put.status).toBe(200);
  const codes = list(put.body['recipientUpdateResults']).map((result) => result['errorDetails']);
  expect(codes).toMatchObject([
    { errorCode: 'ENVELOPE_INVALID_STATUS' },
    { errorCode: 'INVALID_EMAIL_ADDRESS_FOR_RECIPIENT' },
    { errorCode: 'INVALID_REQUEST_PARAMETER' },
  ]);
});

test('a recipient can be added to and removed from an envelope under way', async () => {
  const client = await startClient();
  const id = await client.create(definition());
  expect((await client.call('POST', `/envelopes/${id}/recipients`, { signers: [signer('2')] })).status).toBe(201);
  expect(await statuses(client, id)).toEqual(['sent', 'sent']);
  expect((await client.call('POST', `/envelopes/${id}/recipients`, { signers: [signer('2')] })).body['errorCode']).toBe(
    'ENVELOPE_HAS_DUPLICATE_RECIPIENTS',
  );
  expect((await client.call('DELETE', `/envelopes/${id}/recipients/2`)).status).toBe(200);
  expect(await statuses(client, id)).toEqual(['sent']);
  expect(
    (await client.call('DELETE', `/envelopes/${id}/recipients`, { signers: [{ recipientId: '9' }] })).body['errorCode'],
  ).toBe('INVALID_REQUEST_PARAMETER');
});

const embedded = {
  recipients: {
    signers: [
      signer('1', { clientUserId: 'user-88' }),
      signer('2', { routingOrder: '2', clientUserId: 'user-89' }),
      signer('3', { routingOrder: '3' }),
    ],
  },
};
const view = (members: object = {}): object => ({
  returnUrl: 'https://app.example/signed?req=1',
  authenticationMethod: 'none',
  clientUserId: 'user-88',
  userName: 'Signer 1',
  email: 'signer1@tenant.example',
  ...members,
});

test('an embedded signer gets no mail but an address of one use', async () => {
  const client = await startClient();
  const id = await client.create(definition(embedded));
  expect((await client.control('GET', '/mails'))['mails']).toEqual([]);
  const answer = await client.call('POST', `/envelopes/${id}/views/recipient`, view());
  expect(answer.status).toBe(201);
  const url = String(answer.body['url']);
  expect(url).toContain('/Signing/MTRedeem/v1/');
  const first = await fetch(url, { redirect: 'manual' });
  expect(first.headers.get('location')).toMatch(/^\/Signing\/session\//);
  const second = await fetch(url, { redirect: 'manual' });
  expect(second.headers.get('location')).toBe('https://app.example/signed?req=1&event=ttl_expired');
});

test('a later address ends the earlier one, and five minutes end any', async () => {
  const client = await startClient();
  const id = await client.create(definition(embedded));
  const urls: string[] = [];
  for (let round = 0; round < 2; round += 1)
    urls.push(String((await client.call('POST', `/envelopes/${id}/views/recipient`, view())).body['url']));
  expect((await fetch(urls[0] ?? '', { redirect: 'manual' })).headers.get('location')).toContain('event=ttl_expired');
  await client.control('POST', '/clock', { advanceMs: 301_000 });
  expect((await fetch(urls[1] ?? '', { redirect: 'manual' })).headers.get('location')).toContain('event=ttl_expired');
});

test.each([
  ['another name', { userName: 'Someone' }, 'UNKNOWN_ENVELOPE_RECIPIENT'],
  ['another clientUserId', { clientUserId: 'user-99' }, 'UNKNOWN_ENVELOPE_RECIPIENT'],
  [
    'a recipient who is not embedded',
    { clientUserId: undefined, userName: 'Signer 3', email: 'signer3@tenant.example' },
    'UNKNOWN_ENVELOPE_RECIPIENT',
  ],
  [
    'a recipient before their turn',
    { clientUserId: 'user-89', userName: 'Signer 2', email: 'signer2@tenant.example' },
    'RECIPIENT_NOT_IN_SEQUENCE',
  ],
  ['no returnUrl', { returnUrl: undefined }, 'INVALID_REQUEST_PARAMETER'],
  [
    'a returnUrl over 500 characters',
    { returnUrl: `https://app.example/${'x'.repeat(500)}` },
    'INVALID_REQUEST_PARAMETER',
  ],
  ['no authenticationMethod', { authenticationMethod: undefined }, 'INVALID_REQUEST_PARAMETER'],
  ['no identity', { userName: undefined }, 'INVALID_REQUEST_PARAMETER'],
])('a view with %s is refused', async (_name, members, errorCode) => {
  const client = await startClient();
  const id = await client.create(definition(embedded));
  const answer = await client.call('POST', `/envelopes/${id}/views/recipient`, view(members));
  expect([answer.status, answer.body['errorCode']]).toEqual([400, errorCode]);
});

test('a view of an ended envelope is refused', async () => {
  const client = await startClient();
  const id = await client.create(definition(embedded));
  await client.call('PUT', `/envelopes/${id}`, { status: 'voided', voidedReason: 'x' });
  expect((await client.call('POST', `/envelopes/${id}/views/recipient`, view())).body['errorCode']).toBe(
    'ENVELOPE_INVALID_STATUS',
  );
});
