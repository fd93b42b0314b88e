/** The signing page, walked without a browser by following its links and forms. */
import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { definition, list, signer, startClient, startReceiver } from './harness.ts';

interface Form {
  action: string;
  fields: URLSearchParams;
}

/** The forms of a page as a browser without scripts would send them. */
function forms(html: string): Form[] {
  return [...html.matchAll(/<form method="post" action="([^"]+)">([\s\S]*?)<\/form>/g)].map(
    ([, action = '', inner = '']) => {
      const fields = new URLSearchParams();
      for (const [input] of inner.matchAll(/<input[^>]*>/g)) {
        const name = /name="([^"]*)"/.exec(input)?.[1];
        const ticked = !/type="checkbox"/.test(input) || /\bchecked\b/.test(input);
        if (name !== undefined && ticked) fields.set(name, /value="([^"]*)"/.exec(input)?.[1] ?? '');
      }
      return { action, fields };
    },
  );
}

const post = (url: string, form: Form | undefined): Promise<Response> =>
  fetch(new URL(form?.action ?? '', url), { method: 'POST', body: form?.fields ?? null, redirect: 'manual' });

const fields = {
  signHereTabs: [{ documentId: '1', pageNumber: '1', xPosition: '100', yPosition: '650' }],
  textTabs: [
    { documentId: '1', pageNumber: '1', xPosition: '100', yPosition: '500', tabLabel: 'iban', required: 'true' },
  ],
  checkboxTabs: [{ documentId: '1', pageNumber: '1', xPosition: '100', yPosition: '540', tabLabel: 'pets' }],
};

async function embeddedPage({ returnUrl = 'http://app.example/signed?req=1' } = {}): Promise<{
  client: Awaited<ReturnType<typeof startClient>>;
  id: string;
  html: string;
  receiver: Awaited<ReturnType<typeof startReceiver>>;
}> {
  const client = await startClient();
  const receiver = await startReceiver();
  const id = await client.create(
    definition({
      eventNotification: receiver.subscription(),
      recipients: { signers: [signer('1', { name: 'Bo <b>"Tenant"</b>', clientUserId: 'u1', tabs: fields })] },
    }),
  );
  const view = {
    returnUrl,
    authenticationMethod: 'none',
    clientUserId: 'u1',
    userName: 'Bo <b>"Tenant"</b>',
    email: 'signer1@tenant.example',
  };
  const { body } = await client.call('POST', `/envelopes/${id}/views/recipient`, view);
  const page = await fetch(String(body['url']));
  expect(page.status).toBe(200);
  return { client, id, html: await page.text(), receiver };
}

test('opening the page delivers, signing completes, and the signer is sent back with the event', async () => {
  const { client, id, html, receiver } = await embeddedPage();
  expect((await client.call('GET', `/envelopes/${id}`)).body['status']).toBe('delivered');
  const form = forms(html).find(({ action }) => action.endsWith('/sign'));
  const [iban] = [...(form?.fields.keys() ?? [])];
  form?.fields.set(iban ?? '', 'DE00');
  const back = await post(client.sandbox.url, form);
  expect([back.status, back.headers.get('location')]).toEqual([
    303,
    'http://app.example/signed?req=1&event=signing_complete',
  ]);
  expect((await client.call('GET', `/envelopes/${id}`)).body['status']).toBe('completed');
  expect((await client.call('GET', `/envelopes/${id}/form_data`)).body['formData']).toEqual(
    expect.arrayContaining([
      { name: 'iban', value: 'DE00' },
      { name: 'pets', value: '' },
    ]),
  );
  await client.control('POST', '/idle');
  expect(receiver.events()).toEqual([
    'envelope-sent',
    'recipient-sent 1',
    'recipient-delivered 1',
    'envelope-delivered',
    'recipient-completed 1',
    'envelope-completed',
  ]);
});

test('a required field left empty brings the page back and signs nothing', async () => {
  const { client, id, html } = await embeddedPage();
  const again = await post(
    client.sandbox.url,
    forms(html).find(({ action }) => action.endsWith('/sign')),
  );
  expect([again.status, (await again.text()).includes('Please fill every field')]).toEqual([422, true]);
  expect((await client.call('GET', `/envelopes/${id}`)).body['status']).toBe('delivered');
});

test('decline asks for a reason and ends the envelope', async () => {
  const { client, id, html } = await embeddedPage();
  const form = forms(html).find(({ action }) => action.endsWith('/decline'));
  expect((await post(client.sandbox.url, form)).status).toBe(422);
  form?.fields.set('reason', 'Too dear');
  expect((await post(client.sandbox.url, form)).headers.get('location')).toBe(
    'http://app.example/signed?req=1&event=decline',
  );
  const { body } = await client.call('GET', `/envelopes/${id}/recipients`);
  expect(list(body['signers'])[0]).toMatchObject({ status: 'declined', declinedReason: 'Too dear' });
});

test('finish later sends back with cancel and tells Connect', async () => {
  const { client, html, receiver } = await embeddedPage();
  const back = await post(
    client.sandbox.url,
    forms(html).find(({ action }) => action.endsWith('/later')),
  );
  expect(back.headers.get('location')).toBe('http://app.example/signed?req=1&event=cancel');
  await client.control('POST', '/idle');
  expect(receiver.events().at(-1)).toBe('recipient-finish-later 1');
});

test.each([
  ['http://app.example/signed?name=Bo%20Tenant&flag', 'http://app.example/signed?name=Bo%20Tenant&flag&event=cancel'],
  ['http://app.example/signed#/route?x', 'http://app.example/signed?event=cancel#/route?x'],
  ['http://app.example/büro?', 'http://app.example/b%C3%BCro?&event=cancel'],
])('%s is sent back to as it was given, with the event behind its query', async (returnUrl, location) => {
  const { client, html } = await embeddedPage({ returnUrl });
  const back = await post(
    client.sandbox.url,
    forms(html).find(({ action }) => action.endsWith('/later')),
  );
  expect(back.headers.get('location')).toBe(location);
});

test('a void ends an open session with ttl_expired', async () => {
  const { client, id, html } = await embeddedPage();
  await client.call('PUT', `/envelopes/${id}`, { status: 'voided', voidedReason: 'x' });
  const back = await post(
    client.sandbox.url,
    forms(html).find(({ action }) => action.endsWith('/sign')),
  );
  expect(back.headers.get('location')).toBe('http://app.example/signed?req=1&event=ttl_expired');
});

test('the page needs nothing from outside, escapes what it shows, and links the PDF', async () => {
  const { client, html } = await embeddedPage();
  expect(html).toContain('Bo &lt;b&gt;&quot;Tenant&quot;&lt;/b&gt;');
  expect(html).not.toMatch(/<script|src="http|href="http/);
  const link = /href="(\/Signing\/session\/[^"]+\/documents\/1)"/.exec(html)?.[1] ?? '';
  const file = await fetch(new URL(link, client.sandbox.url));
  expect([file.status, file.headers.get('content-type')]).toEqual([200, 'application/pdf']);
});

test('a remote signer goes from the inbox to the page and ends on a thank-you page', async () => {
  const client = await startClient();
  const id = await client.create(definition());
  const inbox = await (await fetch(`${client.sandbox.url}/inbox`)).text();
  const link = /href="(\/Signing\/EmailStart\/[^"]+)"/.exec(inbox)?.[1] ?? '';
  const page = await (await fetch(new URL(link, client.sandbox.url))).text();
  const end = await post(
    client.sandbox.url,
    forms(page).find(({ action }) => action.endsWith('/sign')),
  );
  expect([end.status, (await end.text()).includes('Thank you')]).toEqual([200, true]);
  expect((await client.call('GET', `/envelopes/${id}`)).body['status']).toBe('completed');
  const later = await (await fetch(new URL(link, client.sandbox.url))).text();
  expect(later).toContain('The envelope is completed; your part is completed.');
});

test('an access code stands before the documents, and a wrong one is an authentication failure', async () => {
  const client = await startClient();
  const receiver = await startReceiver();
  const id = await client.create(
    definition({
      eventNotification: receiver.subscription(),
      recipients: { signers: [signer('1', { accessCode: '4711' })] },
    }),
  );
  const inbox = await (await fetch(`${client.sandbox.url}/inbox`)).text();
  const link = new URL(/href="(\/Signing\/EmailStart\/[^"]+)"/.exec(inbox)?.[1] ?? '', client.sandbox.url);
  const [wrong] = forms(await (await fetch(link)).text());
  wrong?.fields.set('accessCode', '0815');
  expect(await (await post(client.sandbox.url, wrong)).text()).toContain('Wrong access code');
  const [right] = forms(await (await fetch(link)).text());
  right?.fields.set('accessCode', '4711');
  expect((await post(client.sandbox.url, right)).headers.get('location')).toMatch(/^\/Signing\/session\//);
  await client.control('POST', '/idle');
  expect(receiver.events()).toContain('recipient-authenticationfailed 1');
  expect((await client.call('GET', `/envelopes/${id}`)).body['status']).toBe('sent');
});

test('the policy of a page allows exactly its own style', async () => {
  const client = await startClient();
  const page = await fetch(client.sandbox.url);
  const style = /<style>([\s\S]*?)<\/style>/.exec(await page.text())?.[1] ?? '';
  const hash = createHash('sha256').update(style).digest('base64');
  expect(page.headers.get('content-security-policy')).toContain(`default-src 'none'; style-src 'sha256-${hash}'`);
});

test('the home page lists envelopes with their state', async () => {
  const client = await startClient();
  const id = await client.create(definition({ emailSubject: 'Lease <4711>' }));
  const home = await (await fetch(client.sandbox.url)).text();
  expect(home).toContain('Lease &lt;4711&gt;');
  expect(home).toContain(id);
});
