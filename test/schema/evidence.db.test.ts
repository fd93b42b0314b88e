import { createHash, randomUUID } from 'node:crypto';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { at, eventually, textAt } from '../kit/answer.ts';
import { envelope, send } from '../kit/envelopes.ts';
import { startTestGateway } from '../kit/gateway.ts';

const api = await startTestGateway();
const tenantId = randomUUID();
const token = await api.token({ tenantId });
const account = await api.connectSandboxAccount(tenantId);

beforeEach(async () => {
  await api.control('DELETE', '/faults');
});

interface Sent {
  readonly id: string;
  readonly providerId: string;
}

async function sent(): Promise<Sent> {
  const made = at(await send(api, token, { envelope: envelope(account) }), 'data.sendEnvelope.envelope');
  return { id: textAt(made, 'id'), providerId: textAt(made, 'providerId') };
}

async function completed(): Promise<Sent> {
  const made = await sent();
  await api.control('POST', `/envelopes/${made.providerId}/sign`);
  await eventually(async () => (await evidenceOf(made.id)) !== null);
  return made;
}

const EVIDENCE = `query Q($id: ID!) { envelope(id: $id) { status evidence {
  certificate { ...D } combined { ...D } archive { ...D }
} } } fragment D on Download { url expiresAt filename sha256 }`;

async function evidenceOf(id: string): Promise<unknown> {
  return at(await api.gql(token, EVIDENCE, { id }), 'data.envelope.evidence');
}

describe('evidence', () => {
  let done: Sent;
  beforeAll(async () => {
    done = await completed();
  });

  test('is null until the envelope is completed', async () => {
    expect(await evidenceOf((await sent()).id)).toBeNull();
  });

  test.each([
    ['certificate', 'application/pdf', '%PDF-', 'certificate.pdf'],
    ['combined', 'application/pdf', '%PDF-', 'signed.pdf'],
    ['archive', 'application/zip', 'PK\u0003\u0004', 'archive.zip'],
  ])('%s is what the provider has of it', async (which, contentType, begin, name) => {
    const { id } = done;
    const response = await fetch(textAt(await evidenceOf(id), `${which}.url`));
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe(contentType);
    expect(response.headers.get('content-disposition')).toBe(`attachment; filename*=UTF-8''${id}-${name}`);
    expect(
      Buffer.from(await response.arrayBuffer())
        .toString('latin1')
        .slice(0, begin.length),
    ).toBe(begin);
  });

  test('has a hash once it has streamed whole, and that of the bytes that came', async () => {
    const { id } = await completed();
    expect(at(await evidenceOf(id), 'certificate.sha256')).toBeNull();
    const bytes = await (await fetch(textAt(await evidenceOf(id), 'certificate.url'))).arrayBuffer();
    const hash = createHash('sha256').update(Buffer.from(bytes)).digest('hex');
    expect(await evidenceOf(id)).toMatchObject({ certificate: { sha256: hash }, combined: { sha256: null } });
  });

  test('has none after a look at its headers', async () => {
    const { id } = await completed();
    const response = await fetch(textAt(await evidenceOf(id), 'combined.url'), { method: 'HEAD' });
    expect(response.status).toBe(200);
    expect(at(await evidenceOf(id), 'combined.sha256')).toBeNull();
  });

  test('that the provider refuses is a problem, with nothing of it streamed', async () => {
    const { id } = done;
    const url = textAt(await evidenceOf(id), 'certificate.url');
    const refusal = { errorCode: 'DOCUMENT_DOES_NOT_EXIST', message: 'The document specified was not found.' };
    await api.control('POST', '/faults', { route: 'GET /envelopes/*', kind: 'status', status: 404, body: refusal });
    const response = await fetch(url);
    expect(response.status).toBe(502);
    expect(response.headers.get('content-type')).toBe('application/problem+json');
    expect(await response.json()).toMatchObject({ code: 'PROVIDER_REFUSED' });
  });
});
