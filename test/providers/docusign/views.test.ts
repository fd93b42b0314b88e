import { text } from 'node:stream/consumers';
import { Response } from 'undici';
import { describe, expect, it } from 'vitest';
import { NotTheirTurn, ProviderRefused } from '../../../src/model/problems.ts';
import { answer, networkError } from '../scripted-world.ts';
import { clientOf, ENVELOPE, refusal, restCalls } from './fixtures.ts';

const SESSION = {
  providerId: ENVELOPE,
  recipient: { ref: '2', name: 'Cy Owner', email: 'cy@owner.example', embeddedId: 'user-88' },
  returnUrl: 'https://app.example/signed?req=1',
};

describe('a signing session', () => {
  it('is asked for as the recipient that was sent, and lives five minutes from before the request', async () => {
    const { client, world } = clientOf((_asked, world) => {
      world.advance(2_000);
      return answer(201, { url: 'https://demo.docusign.net/Signing/x' });
    });
    const before = world.now().getTime();
    expect(await client.signingUrl(SESSION)).toEqual({
      url: 'https://demo.docusign.net/Signing/x',
      expiresAt: new Date(before + 300_000),
      singleUse: true,
    });
    expect(JSON.parse(restCalls(world)[0]?.body ?? '')).toEqual({
      returnUrl: SESSION.returnUrl,
      authenticationMethod: 'none',
      clientUserId: 'user-88',
      recipientId: '2',
      userName: 'Cy Owner',
      email: 'cy@owner.example',
    });
  });

  it('out of turn is NotTheirTurn', async () => {
    const { client } = clientOf(() => refusal(400, 'RECIPIENT_NOT_IN_SEQUENCE'));
    await expect(client.signingUrl(SESSION)).rejects.toThrow(NotTheirTurn);
  });

  it('of another person is refused', async () => {
    const { client } = clientOf(() => refusal(400, 'UNKNOWN_ENVELOPE_RECIPIENT'));
    await expect(client.signingUrl(SESSION)).rejects.toThrow(ProviderRefused);
  });

  it('whose answer was lost is asked for again: a second address only makes the first one void', async () => {
    let calls = 0;
    const { client } = clientOf(() => {
      if ((calls += 1) === 1) throw networkError('ECONNRESET', 'read');
      return answer(201, { url: 'https://demo.docusign.net/Signing/2' });
    });
    await expect(client.signingUrl(SESSION)).resolves.toMatchObject({ url: 'https://demo.docusign.net/Signing/2' });
  });

  it('with an address that is none is no answer', async () => {
    const { client } = clientOf(() => answer(201, { url: 'javascript:alert(1)' }));
    await expect(client.signingUrl(SESSION)).rejects.toThrow('unexpected answer');
  });
});

describe('a document', () => {
  it('flows through, with its type and size', async () => {
    const { client, world } = clientOf(
      () => new Response('%PDF-1.7', { headers: { 'content-type': 'application/pdf', 'content-length': '8' } }),
    );
    const { contentType, size, body } = await client.download(ENVELOPE, 'combined');
    expect({ contentType, size, text: await text(body) }).toEqual({
      contentType: 'application/pdf',
      size: 8,
      text: '%PDF-1.7',
    });
    expect(restCalls(world)[0]).toMatchObject({
      url: expect.stringMatching(/\/documents\/combined$/),
      headers: { accept: 'application/pdf' },
    });
  });

  it.each([
    ['certificate', '/documents/certificate', 'application/pdf'],
    ['combined', '/documents/combined?certificate=false', 'application/pdf'],
    ['archive', '/documents/archive', 'application/zip'],
  ] as const)('that proves an envelope, %s, is asked for at %s', async (which, path, contentType) => {
    const { client, world } = clientOf(
      () => new Response('bytes', { headers: { 'content-type': 'application/octet-stream' } }),
    );
    const { body, ...rest } = await client.evidence(ENVELOPE, which);
    expect({ ...rest, text: await text(body) }).toEqual({ contentType, size: null, text: 'bytes' });
    expect(restCalls(world)[0]).toMatchObject({
      url: expect.stringContaining(`/envelopes/${ENVELOPE}${path}`),
      headers: { accept: contentType },
    });
  });

  it('that is unknown is refused with the code of the provider', async () => {
    const { client } = clientOf(() => refusal(404, 'DOCUMENT_DOES_NOT_EXIST'));
    await expect(client.download(ENVELOPE, '9')).rejects.toMatchObject({
      fault: { providerCode: 'DOCUMENT_DOES_NOT_EXIST' },
    });
  });

  it('that stalls in its middle breaks off instead of waiting for ever', async () => {
    const stalling = new ReadableStream<Uint8Array>({ start: (stream) => stream.enqueue(Buffer.from('%PDF')) });
    const { client, world } = clientOf(() => new Response(stalling));
    const { body } = await client.download(ENVELOPE, '1');
    const reading = text(body);
    await new Promise((resolve) => setImmediate(resolve));
    world.advance(60_000);
    await expect(reading).rejects.toThrow('no byte of the document');
  });
});
