import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { ApolloClient, gql, HttpLink, InMemoryCache } from '@apollo/client';
import { PersistedQueryLink } from '@apollo/client/link/persisted-queries';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { type Gateway, JSON_HEADERS, send, startGateway, TOKEN, until } from '../kit.ts';

let gateway: Gateway;
beforeAll(async () => {
  gateway = await startGateway();
});
afterAll(() => gateway[Symbol.asyncDispose]());

const extensions = { persistedQuery: { version: 1, sha256Hash: '0'.repeat(64) } };
const HASH_ONLY = { operationName: null, variables: {}, extensions };
const BY_GET = `/graphql?${new URLSearchParams({ variables: '{}', extensions: JSON.stringify(extensions) })}`;
const NOT_SUPPORTED = {
  message: 'PersistedQueryNotSupported',
  extensions: { code: 'PERSISTED_QUERY_NOT_SUPPORTED' },
};

describe('a hash without its document', () => {
  test.each([HASH_ONLY, { ...HASH_ONLY, query: '' }, { ...HASH_ONLY, query: null }])(
    'is told by POST that it is not supported: %j',
    async (body) => {
      const { status, text } = await send(gateway.port, { headers: JSON_HEADERS, body: JSON.stringify(body) });
      expect(JSON.parse(text)).toEqual({ errors: [NOT_SUPPORTED] });
      expect(status).toBe(200);
    },
  );

  test('is told so by the status as well, where the media type has a say in it', async () => {
    const headers = { ...JSON_HEADERS, accept: 'application/graphql-response+json' };
    for (const sent of [
      { headers, body: JSON.stringify(HASH_ONLY) },
      { headers, method: 'GET', path: BY_GET },
    ]) {
      const { status, text } = await send(gateway.port, sent);
      expect([status, JSON.parse(text)]).toEqual([400, { errors: [NOT_SUPPORTED] }]);
    }
  });

  test('is told so by GET, which takes nothing else', async () => {
    const headers = { authorization: TOKEN };
    const { status, text } = await send(gateway.port, { method: 'GET', path: BY_GET, headers });
    expect([status, JSON.parse(text)]).toEqual([200, { errors: [NOT_SUPPORTED] }]);
    for (const path of [`${BY_GET}&query={hello}`, '/graphql?query={hello}', '/graphql?extensions={', '/graphql']) {
      expect((await send(gateway.port, { method: 'GET', path, headers })).status).toBe(405);
    }
  });

  test('needs a token like any operation', async () => {
    for (const sent of [
      { headers: { 'content-type': 'application/json' }, body: JSON.stringify(HASH_ONLY) },
      { method: 'GET', path: BY_GET },
    ]) {
      expect((await send(gateway.port, sent)).status).toBe(401);
    }
  });

  test('is told so over server-sent events', async () => {
    const headers = { ...JSON_HEADERS, accept: 'text/event-stream' };
    const { text } = await send(gateway.port, { headers, body: JSON.stringify(HASH_ONLY) });
    expect(text).toContain(`event: next\ndata: ${JSON.stringify({ errors: [NOT_SUPPORTED] })}\n\n`);
  });

  test('is told so over WebSocket, whose other operations go on', async () => {
    const socket = new WebSocket(`ws://127.0.0.1:${gateway.port}/graphql`, 'graphql-transport-ws');
    const messages: unknown[] = [];
    socket.on('message', (data) => messages.push(JSON.parse(String(data))));
    await once(socket, 'open');
    const say = (message: object): void => socket.send(JSON.stringify(message));
    say({ type: 'connection_init', payload: { authorization: TOKEN } });
    await until(() => messages.length === 1);
    say({ type: 'subscribe', id: 'absent', payload: HASH_ONLY });
    say({ type: 'subscribe', id: 'empty', payload: { ...HASH_ONLY, query: '' } });
    say({ type: 'subscribe', id: 'text', payload: { ...HASH_ONLY, query: '{ hello }' } });
    await until(() => messages.length === 5);
    expect(messages).toContainEqual({ type: 'error', id: 'absent', payload: [NOT_SUPPORTED] });
    expect(messages).toContainEqual({ type: 'error', id: 'empty', payload: [NOT_SUPPORTED] });
    expect(messages).toContainEqual({ type: 'next', id: 'text', payload: { data: { hello: 'hello t1' } } });
    socket.close();
  });

  test('is no excuse for a request without both', async () => {
    const body = JSON.stringify({ variables: {}, extensions: {} });
    const { status, text } = await send(gateway.port, { headers: JSON_HEADERS, body });
    expect(status).toBe(400);
    expect(JSON.parse(text).errors[0]).toMatchObject({
      message: expect.stringContaining('query: '),
      extensions: { code: 'BAD_REQUEST' },
    });
  });
});

describe("Apollo Client's persisted queries", () => {
  test.each([false, true])('go on with the text, and send no hash alone again (by GET: %s)', async (byGet) => {
    const asked: string[] = [];
    const http = new HttpLink({
      uri: gateway.url,
      headers: { authorization: TOKEN },
      fetch: (input, init) => {
        const whole = `${init?.method} ${String(input)} ${String(init?.body)}`;
        asked.push(`${init?.method} ${whole.includes('hello') ? 'text' : 'hash'}`);
        return fetch(input, init);
      },
    });
    const persisted = new PersistedQueryLink({
      sha256: (text: string) => createHash('sha256').update(text).digest('hex'),
      useGETForHashedQueries: byGet,
    });
    const client = new ApolloClient({ link: persisted.concat(http), cache: new InMemoryCache() });
    const ask = () => client.query({ query: gql('query { hello }'), fetchPolicy: 'network-only' });
    expect((await ask()).data).toEqual({ hello: 'hello t1' });
    expect((await ask()).data).toEqual({ hello: 'hello t1' });
    expect(asked).toEqual([byGet ? 'GET hash' : 'POST hash', 'POST text', 'POST text']);
  });
});
