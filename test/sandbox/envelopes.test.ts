/** Creating, reading and changing one envelope. */
import { expect, test } from 'vitest';
import { asJson, definition, list, pdf, signer, startClient } from './harness.ts';

const onePage = await pdf();
const GUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

test('a sent envelope answers 201 with its id, the limit headers and a trace token', async () => {
  const { call } = await startClient();
  const answer = await call('POST', '/envelopes', definition());
  expect(answer.status).toBe(201);
  expect(answer.body).toMatchObject({ status: 'sent', uri: `/envelopes/${String(answer.body['envelopeId'])}` });
  expect(answer.body['envelopeId']).toMatch(GUID);
  expect(answer.body['statusDateTime']).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}Z$/);
  for (const name of [
    'x-ratelimit-limit',
    'x-ratelimit-remaining',
    'x-ratelimit-reset',
    'x-burstlimit-limit',
    'x-burstlimit-remaining',
  ]) {
    expect(answer.headers.get(name)).toMatch(/^\d+$/);
  }
  expect(answer.headers.get('x-docusign-tracetoken')).toMatch(GUID);
});

test('a draft is sent by a later PUT, and only once', async () => {
  const { call, create } = await startClient();
  const id = await create(definition({ status: 'created' }));
  expect((await call('GET', `/envelopes/${id}`)).body).toMatchObject({ status: 'created', emailSubject: 'Lease 4711' });
  const sent = await call('PUT', `/envelopes/${id}`, { status: 'sent' });
  expect([sent.status, sent.body]).toEqual([200, { envelopeId: id }]);
  const read = await call('GET', `/envelopes/${id}?include=recipients,custom_fields,documents`);
  expect(read.body).toMatchObject({
    status: 'sent',
    expireEnabled: 'true',
    expireAfter: '120',
    purgeState: 'unpurged',
  });
  expect(list(asJson(read.body['recipients'])['signers'])[0]).toMatchObject({
    recipientId: '1',
    status: 'sent',
    routingOrder: '1',
  });
  expect((await call('PUT', `/envelopes/${id}`, { status: 'sent' })).body['errorCode']).toBe('ENVELOPE_INVALID_STATUS');
});

test('numbers and booleans are taken where text is documented, and answered as text', async () => {
  const { call, create } = await startClient();
  const id = await create(
    definition({
      status: 'Sent',
      documents: [{ documentId: 1, name: 'a.pdf', documentBase64: onePage }],
      recipients: {
        signers: [
          signer('1', {
            recipientId: 1,
            routingOrder: 1,
            tabs: {
              textTabs: [
                { documentId: 1, pageNumber: 1, xPosition: 10, yPosition: 20, tabLabel: 'iban', required: true },
              ],
            },
          }),
        ],
      },
      notification: { useAccountDefaults: false, expirations: { expireEnabled: true, expireAfter: 30, expireWarn: 3 } },
    }),
  );
  const recipients = await call('GET', `/envelopes/${id}/recipients?include_tabs=true`);
  const [first] = list(recipients.body['signers']);
  expect(first?.['recipientId']).toBe('1');
  expect(list(asJson(first?.['tabs'])['textTabs'])[0]).toMatchObject({
    xPosition: '10',
    required: 'true',
    pageNumber: '1',
  });
  expect(recipients.body).toMatchObject({
    carbonCopies: [],
    notaries: [],
    recipientCount: '1',
    currentRoutingOrder: '1',
  });
  expect((await call('GET', `/envelopes/${id}/notification`)).body).toMatchObject({
    expirations: { expireAfter: '30', expireWarn: '3', expireEnabled: 'true' },
  });
});

const tab = (members: object): object => ({
  signers: [
    signer('1', {
      tabs: { signHereTabs: [{ documentId: '1', pageNumber: '1', xPosition: '10', yPosition: '10', ...members }] },
    }),
  ],
});

test.each([
  ['no subject', { emailSubject: undefined }, 'ENVELOPE_IS_INCOMPLETE'],
  ['no documents', { documents: [] }, 'ENVELOPE_IS_INCOMPLETE'],
  ['no recipients', { recipients: {} }, 'ENVELOPE_IS_INCOMPLETE'],
  ['a subject over 100 characters', { emailSubject: 'x'.repeat(101) }, 'INVALID_REQUEST_PARAMETER'],
  [
    'a recipient without recipientId',
    { recipients: { signers: [{ name: 'Bo', email: 'bo@x.example' }] } },
    'INVALID_REQUEST_PARAMETER',
  ],
  [
    'a recipient without name',
    { recipients: { signers: [signer('1', { name: undefined })] } },
    'INVALID_REQUEST_PARAMETER',
  ],
  [
    'a bad e-mail address',
    { recipients: { signers: [signer('1', { email: 'bo at x' })] } },
    'INVALID_EMAIL_ADDRESS_FOR_RECIPIENT',
  ],
  [
    'one recipientId in two groups',
    { recipients: { signers: [signer('1')], carbonCopies: [signer('1')] } },
    'ENVELOPE_HAS_DUPLICATE_RECIPIENTS',
  ],
  [
    'a routing order of zero',
    { recipients: { signers: [signer('1', { routingOrder: '0' })] } },
    'INVALID_REQUEST_PARAMETER',
  ],
  [
    'a document that is no base64',
    { documents: [{ documentId: '1', name: 'a.pdf', documentBase64: 'no base64!' }] },
    'INVALID_REQUEST_BODY',
  ],
  [
    'an empty document',
    { documents: [{ documentId: '1', name: 'a.pdf', documentBase64: '' }] },
    'INVALID_REQUEST_PARAMETER',
  ],
  [
    'two documents with one id',
    { documents: ['a', 'b'].map((name) => ({ documentId: '1', name, documentBase64: onePage })) },
    'INVALID_REQUEST_PARAMETER',
  ],
  ['a tab on a page that is not there', { recipients: tab({ pageNumber: '2' }) }, 'TAB_OUT_OF_BOUNDS'],
  ['a tab below the page', { recipients: tab({ yPosition: '793' }) }, 'TAB_OUT_OF_BOUNDS'],
  ['a tab of another document', { recipients: tab({ documentId: '9' }) }, 'INVALID_REQUEST_PARAMETER'],
  ['an unknown status', { status: 'flying' }, 'INVALID_REQUEST_PARAMETER'],
  ['a webhook address that is no URL', { eventNotification: { url: 'nowhere' } }, 'INVALID_REQUEST_PARAMETER'],
])('%s is refused and leaves nothing behind', async (_name, members, errorCode) => {
  const { call, ledger } = await startClient();
  const answer = await call('POST', '/envelopes', definition(members));
  expect([answer.status, answer.body['errorCode']]).toEqual([400, errorCode]);
  expect(await ledger('?kind=envelope')).toEqual([]);
});

const anchored = (members: object): object =>
  definition({
    recipients: { signers: [signer('1', { tabs: { signHereTabs: [{ anchorString: '/sn1/', ...members }] } })] },
  });

test('an anchor text that no document holds fails the create, unless it may be missing', async () => {
  const { call, control } = await startClient();
  await control('PUT', '/settings', { missingAnchors: ['/sn1/'] });
  expect((await call('POST', '/envelopes', anchored({}))).body['errorCode']).toBe('ANCHOR_TAB_STRING_NOT_FOUND');
  expect((await call('POST', '/envelopes', anchored({ anchorIgnoreIfNotPresent: 'true' }))).status).toBe(201);
});

test('a body that is no JSON, or none at all, is refused', async () => {
  const { call } = await startClient();
  expect((await call('POST', '/envelopes', '{"status":')).body['errorCode']).toBe('INVALID_REQUEST_BODY');
  expect((await call('POST', '/envelopes')).body['errorCode']).toBe('INVALID_REQUEST_BODY');
});

test('a multipart create keeps the bytes of its documents exactly', async () => {
  const { sandbox, token, call } = await startClient();
  const bytes = Buffer.from(Array.from({ length: 512 }, (_, index) => index % 256));
  const json = JSON.stringify(definition({ documents: [{ documentId: '1', name: 'raw.bin' }] }));
  const body = Buffer.concat([
    Buffer.from(`--B\r\nContent-Type: application/json\r\nContent-Disposition: form-data\r\n\r\n${json}\r\n`),
    Buffer.from(
      '--B\r\nContent-Type: application/pdf\r\nContent-Disposition: file; filename="raw.bin";documentid=1\r\n\r\n',
    ),
    bytes,
    Buffer.from('\r\n--B--\r\n'),
  ]);
  const answer = await call('POST', '/envelopes', body, { 'content-type': 'multipart/form-data; boundary=B' });
  expect(answer.status).toBe(201);
  const at = `${sandbox.url}/restapi/v2.1/accounts/${sandbox.credentials.accountId}/envelopes/${String(answer.body['envelopeId'])}/documents/1`;
  const served = await fetch(at, { headers: { authorization: `Bearer ${token}` } });
  expect(Buffer.from(await served.arrayBuffer()).equals(bytes)).toBe(true);
});

test('an id that is no GUID and one that is unknown get different errors', async () => {
  const { call } = await startClient();
  const unknown = '00000000-0000-4000-8000-000000000000';
  const answers = [
    await call('GET', '/envelopes/abc'),
    await call('GET', `/envelopes/${unknown}`),
    await call('PUT', `/envelopes/${unknown}`, { status: 'voided', voidedReason: 'x' }),
  ];
  expect(answers.map(({ status, body }) => [status, body['errorCode']])).toEqual([
    [400, 'INVALID_REQUEST_PARAMETER'],
    [404, 'ENVELOPE_DOES_NOT_EXIST'],
    [400, 'ENVELOPE_DOES_NOT_EXIST'],
  ]);
});

test('a void needs a reason, works once and is final', async () => {
  const { call, create } = await startClient();
  const id = await create(definition());
  expect((await call('PUT', `/envelopes/${id}`, { status: 'voided' })).body['errorCode']).toBe(
    'INVALID_REQUEST_PARAMETER',
  );
  expect(
    (await call('PUT', `/envelopes/${id}`, { status: 'voided', voidedReason: 'x'.repeat(201) })).body['errorCode'],
  ).toBe('INVALID_REQUEST_PARAMETER');
  expect((await call('PUT', `/envelopes/${id}`, { status: 'voided', voidedReason: 'Superseded' })).status).toBe(200);
  expect((await call('GET', `/envelopes/${id}`)).body).toMatchObject({ status: 'voided', voidedReason: 'Superseded' });
  const again = await call('PUT', `/envelopes/${id}`, { status: 'voided', voidedReason: 'Superseded' });
  expect([again.status, again.body]).toEqual([
    400,
    {
      errorCode: 'ENVELOPE_CANNOT_VOID_INVALID_STATE',
      message: "Only envelopes in the 'Sent' or 'Delivered' states may be voided.",
    },
  ]);
});

test('a draft and a completed envelope cannot be voided', async () => {
  const { call, create, control } = await startClient();
  const draft = await create(definition({ status: 'created' }));
  const done = await create(definition());
  await control('POST', `/envelopes/${done}/sign`);
  for (const id of [draft, done]) {
    expect((await call('PUT', `/envelopes/${id}`, { status: 'voided', voidedReason: 'x' })).body['errorCode']).toBe(
      'ENVELOPE_CANNOT_VOID_INVALID_STATE',
    );
  }
});

test('invitations are sent again while the envelope is under way, and never after its end', async () => {
  const { call, create, control } = await startClient();
  const id = await create(definition());
  expect((await call('PUT', `/envelopes/${id}?resend_envelope=true`, {})).status).toBe(200);
  const { mails } = await control('GET', '/mails');
  expect(list(mails).map((mail) => mail['kind'])).toEqual(['invitation', 'resent']);
  await control('POST', `/envelopes/${id}/sign`);
  expect((await call('PUT', `/envelopes/${id}?resend_envelope=true`, {})).body['errorCode']).toBe(
    'EDIT_LOCK_INVALID_STATE_FOR_LOCK',
  );
});

test('those who have not signed are reminded and warned as the notification says, which the pages show', async () => {
  const { call, create, control, ledger, sandbox } = await startClient();
  const notification = {
    useAccountDefaults: 'false',
    reminders: { reminderEnabled: 'true', reminderDelay: '2', reminderFrequency: '3' },
    expirations: { expireEnabled: 'true', expireAfter: '10', expireWarn: '4' },
  };
  const id = await create(definition({ notification }));
  expect((await call('GET', `/envelopes/${id}/notification`)).body).toEqual(notification);
  expect(await (await fetch(sandbox.url)).text()).toMatch(
    /reminds after 2 days, then every 3; expires \S+Z, warns 4 days before/,
  );
  const mails: unknown[] = [];
  for (let day = 1; day <= 10; day += 1) {
    const after = (await ledger()).at(-1)?.['seq'];
    await control('POST', '/clock', { advanceMs: 86_400_000 });
    for (const mail of await ledger(`?kind=mail&after=${String(after)}`)) mails.push([day, mail['event']]);
  }
  expect(mails).toEqual([
    [2, 'reminder'],
    [5, 'reminder'],
    [6, 'expiring'],
    [8, 'reminder'],
    [10, 'voided'],
  ]);
});

test('the mail of a draft can be changed, that of a sent envelope not', async () => {
  const { call, create } = await startClient();
  const id = await create(definition({ status: 'created' }));
  await call('PUT', `/envelopes/${id}`, { emailSubject: 'Lease 4712', emailBlurb: 'Please.' });
  expect((await call('GET', `/envelopes/${id}`)).body).toMatchObject({
    emailSubject: 'Lease 4712',
    emailBlurb: 'Please.',
  });
  await call('PUT', `/envelopes/${id}`, { status: 'sent' });
  expect((await call('PUT', `/envelopes/${id}`, { emailSubject: 'x' })).body['errorCode']).toBe(
    'ENVELOPE_INVALID_STATUS',
  );
});

test('a completed envelope is purged fourteen days after it was queued, and its documents are gone', async () => {
  const { call, create, control } = await startClient();
  const id = await create(definition());
  expect((await call('PUT', `/envelopes/${id}`, { purgeState: 'documents_queued' })).body['errorCode']).toBe(
    'ENVELOPE_INVALID_STATUS',
  );
  await control('POST', `/envelopes/${id}/sign`);
  expect((await call('PUT', `/envelopes/${id}`, { purgeState: 'documents_queued' })).body['purgeState']).toBe(
    'documents_queued',
  );
  await control('POST', '/clock', { advanceMs: 15 * 86_400_000 });
  const { envelopes } = await control('GET', '/state');
  expect(list(envelopes)[0]?.['purgeState']).toBe('documents_purged');
});

test('an envelope expires as voided after its days on the virtual clock', async () => {
  const { create, control } = await startClient();
  const id = await create(definition({ notification: { expirations: { expireEnabled: 'true', expireAfter: '30' } } }));
  await control('POST', '/clock', { advanceMs: 29 * 86_400_000 });
  expect(list((await control('GET', '/state'))['envelopes'])[0]?.['status']).toBe('sent');
  await control('POST', '/clock', { advanceMs: 2 * 86_400_000 });
  expect(list((await control('GET', '/state'))['envelopes'])[0]).toMatchObject({
    envelopeId: id,
    status: 'voided',
    voidedReason: 'Envelope has expired.',
  });
});

test('an envelope whose expiry is switched off expires by the default, as one of which nothing was said', async () => {
  const { call, create } = await startClient();
  const off = await create(definition({ notification: { expirations: { expireEnabled: 'false', expireAfter: '5' } } }));
  const unsaid = await create(definition());
  for (const id of [off, unsaid]) {
    const { body } = await call('GET', `/envelopes/${id}`);
    expect(body).toMatchObject({ expireEnabled: 'true', expireAfter: '120' });
    const days = (Date.parse(String(body['expireDateTime'])) - Date.parse(String(body['sentDateTime']))) / 86_400_000;
    expect(days).toBe(120);
  }
});

test.each([
  ['expirations', { expireEnabled: 'true', expireAfter: '1000' }, 'expireAfter'],
  ['expirations', { expireEnabled: 'true', expireAfter: '10', expireWarn: '1000' }, 'expireWarn'],
  ['reminders', { reminderEnabled: 'true', reminderDelay: '1000' }, 'reminderDelay'],
  ['reminders', { reminderEnabled: 'true', reminderDelay: '1', reminderFrequency: '1000' }, 'reminderFrequency'],
])('more than 999 days of %s are refused: %j', async (group, given, name) => {
  const { call } = await startClient();
  const { status, body } = await call('POST', '/envelopes', definition({ notification: { [group]: given } }));
  expect([status, body]).toMatchObject([
    400,
    {
      errorCode: 'INVALID_REQUEST_PARAMETER',
      message: `The request contained at least one invalid parameter. Invalid value specified for ${name}.`,
    },
  ]);
});

test('notification can be changed after sending, and moves the expiry', async () => {
  const { call, create } = await startClient();
  const id = await create(definition());
  const before = (await call('GET', `/envelopes/${id}`)).body['expireDateTime'];
  const put = await call('PUT', `/envelopes/${id}/notification`, {
    useAccountDefaults: 'false',
    expirations: { expireEnabled: 'true', expireAfter: '5' },
    reminders: { reminderEnabled: 'true', reminderDelay: '2' },
  });
  expect(put.body).toMatchObject({
    reminders: { reminderEnabled: 'true', reminderDelay: '2' },
    expirations: { expireAfter: '5' },
  });
  expect(Date.parse(String((await call('GET', `/envelopes/${id}`)).body['expireDateTime']))).toBeLessThan(
    Date.parse(String(before)),
  );
});

test('reminders are mailed after their delay and then as often as asked, until the signer is done', async () => {
  const { create, control } = await startClient();
  const reminders = { reminderEnabled: 'true', reminderDelay: '2', reminderFrequency: '3' };
  const id = await create(definition({ notification: { useAccountDefaults: 'false', reminders } }));
  const reminded = async (days: number): Promise<number> => {
    await control('POST', '/clock', { advanceMs: days * 86_400_000 });
    return list((await control('GET', '/mails'))['mails']).filter((mail) => mail['kind'] === 'reminder').length;
  };
  expect([await reminded(1), await reminded(1), await reminded(3)]).toEqual([0, 1, 2]);
  await control('POST', `/envelopes/${id}/sign`);
  expect(await reminded(10)).toBe(2);
});

test('custom fields get ids, are added by POST and changed by PUT', async () => {
  const { call, create } = await startClient();
  const id = await create(
    definition({ customFields: { textCustomFields: [{ name: 'gatewayRef', value: 'req_1', show: 'false' }] } }),
  );
  const [field] = list((await call('GET', `/envelopes/${id}/custom_fields`)).body['textCustomFields']);
  expect(field).toMatchObject({ name: 'gatewayRef', value: 'req_1', show: 'false', required: 'false' });
  expect(
    (await call('POST', `/envelopes/${id}/custom_fields`, { textCustomFields: [{ name: 'other', value: '2' }] }))
      .status,
  ).toBe(201);
  await call('PUT', `/envelopes/${id}/custom_fields`, { textCustomFields: [{ ...field, value: 'req_2' }] });
  const fields = list((await call('GET', `/envelopes/${id}/custom_fields`)).body['textCustomFields']);
  expect(fields.map((entry) => entry['value'])).toEqual(['req_2', '2']);
});

test('the audit trail tells who did what', async () => {
  const { call, create, control } = await startClient();
  const id = await create(definition());
  await control('POST', `/envelopes/${id}/sign`);
  const events = list((await call('GET', `/envelopes/${id}/audit_events`)).body['auditEvents']);
  const actions = events.map(
    (event) => list(event['eventFields']).find((field) => field['name'] === 'Action')?.['value'],
  );
  expect(actions).toEqual(['Registered', 'Sent', 'Viewed', 'Signed', 'Completed']);
});
