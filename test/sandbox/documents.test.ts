/** Documents: what can be downloaded before and after the end. */
import { PDFDocument } from '@cantoo/pdf-lib';
import { expect, test } from 'vitest';
import { type Client, definition, list, pdf, signer, startClient } from './harness.ts';

const fields = {
  signHereTabs: [{ documentId: '1', pageNumber: '2', xPosition: '100', yPosition: '650', tabLabel: 'sig' }],
  textTabs: [
    { documentId: '1', pageNumber: '1', xPosition: '100', yPosition: '500', tabLabel: 'iban', required: 'true' },
  ],
  checkboxTabs: [{ documentId: '1', pageNumber: '1', xPosition: '100', yPosition: '540', tabLabel: 'pets' }],
};

async function download(
  client: Client,
  path: string,
  headers: Record<string, string> = {},
): Promise<{ status: number; type: string | null; bytes: Buffer }> {
  const { sandbox, token } = client;
  const response = await fetch(`${sandbox.url}/restapi/v2.1/accounts/${sandbox.credentials.accountId}${path}`, {
    headers: { authorization: `Bearer ${token}`, ...headers },
  });
  return {
    status: response.status,
    type: response.headers.get('content-type'),
    bytes: Buffer.from(await response.arrayBuffer()),
  };
}

test('a document is served as it came until completion, then with the signature drawn in', async () => {
  const client = await startClient();
  const original = Buffer.from(await pdf(2), 'base64');
  const id = await client.create(
    definition({
      documents: [{ documentId: '1', name: 'lease.pdf', documentBase64: original.toString('base64') }],
      recipients: { signers: [signer('1', { name: 'Bö 田中', tabs: fields })] },
    }),
  );
  expect((await download(client, `/envelopes/${id}/documents/1`)).bytes.equals(original)).toBe(true);
  await client.control('POST', `/envelopes/${id}/sign`, { tabs: { iban: 'DE00', pets: true } });
  const signed = await download(client, `/envelopes/${id}/documents/1`);
  expect([signed.status, signed.type]).toEqual([200, 'application/pdf']);
  expect(signed.bytes.equals(original)).toBe(false);
  expect((await PDFDocument.load(signed.bytes)).getPageCount()).toBe(2);
  expect((await download(client, `/envelopes/${id}/documents/1`)).bytes.equals(signed.bytes)).toBe(true);
});

test('the list names pages and ends with the summary', async () => {
  const client = await startClient();
  const id = await client.create(
    definition({ documents: [{ documentId: '7', name: 'lease.pdf', documentBase64: await pdf(2) }] }),
  );
  const documents = list((await client.call('GET', `/envelopes/${id}/documents`)).body['envelopeDocuments']);
  expect(documents).toMatchObject([
    {
      documentId: '7',
      type: 'content',
      order: '1',
      uri: `/envelopes/${id}/documents/7`,
      pages: [{ sequence: '1', width: '612', height: '792', dpi: '72' }, { sequence: '2' }],
    },
    { documentId: 'certificate', name: 'Summary', type: 'summary', order: '999' },
  ]);
});

test('combined joins all pages, with the certificate when asked', async () => {
  const client = await startClient();
  const documents = await Promise.all(
    ['1', '2'].map(async (documentId) => ({ documentId, name: `${documentId}.pdf`, documentBase64: await pdf(2) })),
  );
  const id = await client.create(definition({ documents }));
  const pages = async (query: string): Promise<number> =>
    (
      await PDFDocument.load((await download(client, `/envelopes/${id}/documents/combined${query}`)).bytes)
    ).getPageCount();
  expect(await pages('')).toBe(4);
  expect(await pages('?certificate=true')).toBe(5);
});

test('the certificate is a PDF and the archive a ZIP of all files', async () => {
  const client = await startClient();
  const id = await client.create(definition());
  expect(
    (await PDFDocument.load((await download(client, `/envelopes/${id}/documents/certificate`)).bytes)).getPageCount(),
  ).toBe(1);
  const archive = await download(client, `/envelopes/${id}/documents/archive`);
  expect([archive.type, archive.bytes.subarray(0, 4).toString('latin1')]).toEqual([
    'application/zip',
    'PK\u0003\u0004',
  ]);
  expect(archive.bytes.includes('Summary.pdf')).toBe(true);
});

test('a file that is no readable PDF is served back as it came, also when completed', async () => {
  const client = await startClient();
  const bytes = Buffer.from('%PDF-1.7 broken beyond repair');
  const id = await client.create(
    definition({ documents: [{ documentId: '1', name: 'x.pdf', documentBase64: bytes.toString('base64') }] }),
  );
  await client.control('POST', `/envelopes/${id}/sign`);
  expect((await download(client, `/envelopes/${id}/documents/1`)).bytes.equals(bytes)).toBe(true);
});

test('an unknown document is a 404 with a JSON body, and base64 comes when the header asks for it', async () => {
  const client = await startClient();
  const id = await client.create(definition());
  const answer = await client.call('GET', `/envelopes/${id}/documents/9`);
  expect([answer.status, answer.body['errorCode']]).toEqual([404, 'DOCUMENT_DOES_NOT_EXIST']);
  const plain = await download(client, `/envelopes/${id}/documents/1`);
  const encoded = await download(client, `/envelopes/${id}/documents/1`, { 'content-transfer-encoding': 'base64' });
  expect(Buffer.from(encoded.bytes.toString('latin1'), 'base64').equals(plain.bytes)).toBe(true);
});

test('form data holds what the signer filled', async () => {
  const client = await startClient();
  const id = await client.create(
    definition({
      documents: [{ documentId: '1', name: 'a.pdf', documentBase64: await pdf(2) }],
      recipients: { signers: [signer('1', { tabs: fields })] },
    }),
  );
  await client.control('POST', `/envelopes/${id}/sign`, { tabs: { iban: 'DE00', pets: true } });
  const { body } = await client.call('GET', `/envelopes/${id}/form_data`);
  expect(body['formData']).toEqual(
    expect.arrayContaining([
      { name: 'iban', value: 'DE00' },
      { name: 'pets', value: 'X' },
    ]),
  );
  expect(list(body['recipientFormData'])[0]).toMatchObject({ recipientId: '1', email: 'signer1@tenant.example' });
});
