/**
 * What a page of another origin may read of a whole gateway: everything that is answered, refusals too, if its origin is
 * allowed; else nothing.
 */
import { randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, test } from 'vitest';
import { MAX_GRAPHQL_BYTES } from '../../src/model/limits.ts';
import { startTestGateway, type TestGateway } from '../kit/gateway.ts';

const ORIGIN = 'https://app.example';
const FOREIGN = 'https://evil.example';
const JSON_TYPE = { 'content-type': 'application/json' };
const HELLO = JSON.stringify({ query: '{ __typename }' });

let api: TestGateway;
let token: string;
beforeAll(async () => {
  api = await startTestGateway({ allowedOrigins: [ORIGIN] });
  token = await api.token({ tenantId: randomUUID() });
});

const CASES: readonly (readonly [status: number, path: string, init: () => RequestInit])[] = [
  [200, '/graphql', () => posted(HELLO, { authorization: `Bearer ${token}` })],
  [401, '/graphql', () => posted(HELLO)],
  [400, '/graphql', () => posted('{', { authorization: `Bearer ${token}` })],
  [405, '/graphql', () => ({ method: 'DELETE' })],
  [413, '/graphql', () => posted(' '.repeat(MAX_GRAPHQL_BYTES + 1), { authorization: `Bearer ${token}` })],
  [415, '/graphql', () => ({ method: 'POST', body: HELLO })],
  [404, '/graphq', () => posted(HELLO)],
  [404, '/uploads/none', () => ({ method: 'PUT', body: 'x' })],
  [405, '/uploads/none', () => ({ method: 'POST', body: 'x' })],
  [404, '/documents/none', () => ({})],
  [405, '/documents/none', () => ({ method: 'POST' })],
  [200, '/errors/NOT_FOUND', () => ({})],
  [404, '/errors/NONE', () => ({})],
  [200, '/health/ready', () => ({})],
];

function posted(body: string, headers: Record<string, string> = {}): RequestInit {
  return { method: 'POST', body, headers: { ...JSON_TYPE, ...headers } };
}

async function asked(origin: string, path: string, { headers, ...init }: RequestInit): Promise<Response> {
  const response = await fetch(`${api.url}${path}`, { ...init, headers: { ...headers, origin } });
  await response.arrayBuffer();
  return response;
}

function preflight(origin: string, path: string, more: Record<string, string> = {}): Promise<Response> {
  return asked(origin, path, { method: 'OPTIONS', headers: { 'access-control-request-method': 'POST', ...more } });
}

describe('an answer', () => {
  test.each(CASES)('of %i at %s can be read by a page of an allowed origin alone', async (status, path, init) => {
    const allowed = await asked(ORIGIN, path, init());
    expect(allowed.status).toBe(status);
    expect(allowed.headers.get('access-control-allow-origin')).toBe(ORIGIN);
    expect(allowed.headers.get('vary')).toContain('Origin');
    for (const name of ['content-disposition', 'retry-after', 'x-request-id'])
      expect(allowed.headers.get('access-control-expose-headers')).toContain(name);
    expect(allowed.headers.has('access-control-allow-credentials')).toBe(false);

    const foreign = await asked(FOREIGN, path, init());
    expect(foreign.status).toBe(status);
    expect([...foreign.headers.keys()].filter((name) => name.startsWith('access-control-'))).toEqual([]);
    expect(foreign.headers.get('vary')).toContain('Origin');
  });
});

describe('a preflight', () => {
  test.each(['/graphql', '/uploads/none', '/documents/none', '/graphq'])(
    'at %s allows what it asks for, so that the page reads the answer to the request itself',
    async (path) => {
      const { status, headers } = await preflight(ORIGIN, path, {
        'access-control-request-method': 'PUT',
        'access-control-request-headers': 'authorization,traceparent',
      });
      expect(status).toBe(204);
      expect(headers.get('access-control-allow-origin')).toBe(ORIGIN);
      expect(headers.get('access-control-allow-methods')).toBe('PUT');
      expect(headers.get('access-control-allow-headers')).toBe('authorization,traceparent');
      expect(Number(headers.get('access-control-max-age'))).toBeGreaterThan(0);
      expect(headers.has('access-control-allow-private-network')).toBe(false);
    },
  );

  test('of Chromium for the way into a private network is answered as it asks', async () => {
    const { headers } = await preflight(ORIGIN, '/graphql', { 'access-control-request-private-network': 'true' });
    expect(headers.get('access-control-allow-private-network')).toBe('true');
  });

  test('is nothing that a program sends: without an origin, OPTIONS tells what there is', async () => {
    const { status, headers } = await fetch(`${api.url}/graphql`, { method: 'OPTIONS' });
    expect([status, headers.get('allow')]).toEqual([204, 'GET, HEAD, POST, OPTIONS']);
    expect([...headers.keys()].filter((name) => name.startsWith('access-control-'))).toEqual([]);
  });

  test('of another origin is refused with the remedy, and allows nothing', async () => {
    const response = await fetch(`${api.url}/graphql`, {
      method: 'OPTIONS',
      headers: {
        origin: FOREIGN,
        'access-control-request-method': 'POST',
        'access-control-request-private-network': 'true',
      },
    });
    expect(response.status).toBe(403);
    expect(await response.json()).toMatchObject({
      code: 'ORIGIN_NOT_ALLOWED',
      detail: expect.stringContaining('ALLOWED_ORIGINS'),
    });
    expect([...response.headers.keys()].filter((name) => name.startsWith('access-control-'))).toEqual([]);
  });
});
