import { gunzipSync } from 'node:zlib';
import { getIntrospectionQuery } from 'graphql';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Gateway, post, send, startGateway, TOKEN } from '../kit.ts';

let gateway: Gateway;
beforeAll(async () => {
  gateway = await startGateway({
    introspection: true,
    graphiql: {
      headers: { Authorization: TOKEN },
      tabs: [{ name: 'Follow', query: 'subscription { ticks { count } }' }],
    },
  });
});
afterAll(() => gateway[Symbol.asyncDispose]());

test('the page is sent compressed, holds token and tabs, and loads nothing from another host', async () => {
  const response = await fetch(gateway.url, { headers: { accept: 'text/html', 'accept-encoding': 'gzip' } });
  expect(response.headers.get('content-encoding')).toBe('gzip');
  expect(Number(response.headers.get('content-length'))).toBeLessThan(4_000_000);
  const html = await response.text();
  expect(html).toContain(TOKEN);
  expect(html).toContain('# Follow');
  expect(html).not.toMatch(/<(?:script|link)[^>]+(?:src|href)="https?:/);
});

test('the page is sent where its address holds a query, as GraphiQL writes it there', async () => {
  const headers = { accept: 'text/html' };
  const { status, text } = await send(gateway.port, { method: 'GET', path: '/graphql?query=%7Bhello%7D', headers });
  expect(status).toBe(200);
  expect(text).toContain('<title>countersign</title>');
});

test('the page is not sent again to who has it', async () => {
  const first = await fetch(gateway.url, { headers: { accept: 'text/html' } });
  await first.arrayBuffer();
  const again = await send(gateway.port, {
    method: 'GET',
    headers: { accept: 'text/html', 'if-none-match': first.headers.get('etag') ?? '' },
  });
  expect(again.status).toBe(304);
});

test('a client that takes no gzip gets the same page plain', async () => {
  const compressed = await fetch(gateway.url, { headers: { accept: 'text/html' } });
  const plain = await send(gateway.port, { method: 'GET', headers: { accept: 'text/html' } });
  expect(plain.headers).not.toHaveProperty('content-encoding');
  expect(plain.text === (await compressed.text())).toBe(true);
  expect(() => gunzipSync(Buffer.from(plain.text.slice(0, 100)))).toThrow(/header/);
});

test.each([
  {},
  {
    descriptions: true,
    specifiedByUrl: true,
    directiveIsRepeatable: true,
    schemaDescription: true,
    inputValueDeprecation: true,
    oneOf: true,
  },
])('the introspection query of tools is within the limits (%j)', async (options) => {
  const { result } = await post(gateway.port, getIntrospectionQuery(options));
  expect(result.errors).toBeUndefined();
  expect(result.data).toHaveProperty('__schema');
});
