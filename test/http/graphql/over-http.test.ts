import { connect } from 'node:net';
import { serverAudits } from 'graphql-http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { MAX_GRAPHQL_BYTES } from '../../../src/model/limits.ts';
import { type Gateway, JSON_HEADERS, ORIGIN, post, postForEvents, send, startGateway, TOKEN } from '../kit.ts';

let gateway: Gateway;
beforeAll(async () => {
  gateway = await startGateway();
});
afterAll(() => gateway[Symbol.asyncDispose]());

const NEWER = 'application/graphql-response+json';
const HELLO = JSON.stringify({ query: '{ hello }' });
const fetchFn = (url: string, init: RequestInit = {}): Promise<Response> => {
  const headers = new Headers(init.headers);
  headers.set('authorization', TOKEN);
  return fetch(url, { ...init, headers });
};
const codeOf = (result: { errors?: readonly { extensions?: Record<string, unknown> }[] }): unknown =>
  result.errors?.[0]?.extensions?.['code'];
const padded = (size: number): string => HELLO + ' '.repeat(size - HELLO.length);

describe('GraphQL over HTTP, as graphql-http audits it', () => {
  // the audits read the schema
  let open: Gateway;
  beforeAll(async () => {
    open = await startGateway({ introspection: true });
  });
  afterAll(() => open[Symbol.asyncDispose]());

  const audits = serverAudits({ url: () => open.url, fetchFn });

  test.each(audits.filter(({ name }) => name.startsWith('MUST')).map(({ id, name, fn }) => ({ id, name, fn })))(
    '$id $name',
    async ({ fn }) => {
      const { status } = await fn();
      expect(status).toBe('ok');
    },
  );

  test('all that it should do, it does', async () => {
    const failed = [];
    for (const { name, fn } of audits.filter((one) => one.name.startsWith('SHOULD'))) {
      const { status } = await fn();
      if (status !== 'ok') failed.push(name);
    }
    expect(failed).toEqual([]);
  });
});

describe('the checks of graphql-cop', () => {
  test('alias overloading', async () => {
    const aliases = Array.from({ length: 101 }, (_, n) => `alias${n}:__typename`).join(' ');
    const { result } = await post(gateway.port, `query cop { ${aliases} }`);
    expect(result).not.toHaveProperty('data');
  });

  test('a batch', async () => {
    const body = JSON.stringify(Array.from({ length: 10 }, () => ({ query: 'query cop { __typename }' })));
    const { status, text } = await send(gateway.port, { headers: JSON_HEADERS, body });
    expect(status).toBe(400);
    expect(JSON.parse(text).errors[0].extensions.code).toBe('BAD_REQUEST');
  });

  test('circular introspection', async () => {
    const { result } = await post(
      gateway.port,
      'query cop { __schema { types { fields { type { fields { type { fields { type { name } } } } } } } } }',
    );
    expect(codeOf(result)).toBe('INTROSPECTION_OFF');
  });

  test('directive overloading: one error, not one per directive', async () => {
    const { result } = await post(gateway.port, `query cop { __typename ${'@aa'.repeat(10)} }`);
    expect(result.errors).toHaveLength(1);
    expect(codeOf(result)).toBe('TOO_MANY_DIRECTIVES');
  });

  test('field duplication', async () => {
    const { result } = await post(gateway.port, `query cop { ${'__typename \n'.repeat(500)} }`);
    expect(codeOf(result)).toBe('TOO_MANY_TOKENS');
  });

  test('introspection', async () => {
    const { result } = await post(gateway.port, 'query cop { __schema { types { name } } }');
    expect(codeOf(result)).toBe('INTROSPECTION_OFF');
  });

  test('field suggestions', async () => {
    const { text } = await post(gateway.port, 'query cop { __schema { directive } }');
    expect(text).not.toContain('Did you mean');
  });

  test('GraphiQL', async () => {
    const { status, text } = await send(gateway.port, { method: 'GET', headers: { accept: 'text/html' } });
    expect(status).toBe(405);
    expect(text).not.toMatch(/graphiql/i);
  });

  test.each(['{__typename}', 'mutation{add}'])('GET with %s', async (query) => {
    const { status, headers } = await send(gateway.port, {
      method: 'GET',
      path: `/graphql?query=${encodeURIComponent(query)}`,
      headers: { authorization: TOKEN },
    });
    expect(status).toBe(405);
    expect(headers.allow).toContain('POST');
  });

  test.each([
    ['application/x-www-form-urlencoded', 'query=%7B__typename%7D'],
    [
      'multipart/form-data; boundary=b',
      '--b\r\nContent-Disposition: form-data; name="operations"\r\n\r\n{"query":"mutation{add}"}\r\n--b--',
    ],
    ['text/plain', HELLO],
    ['application/graphql', '{ hello }'],
    ['application/json; charset=utf-16', HELLO],
  ])('POST of %s', async (type, body) => {
    const { status, text } = await send(gateway.port, {
      headers: { authorization: TOKEN, 'content-type': type },
      body,
    });
    expect(status).toBe(415);
    expect(codeOf(JSON.parse(text))).toBe('UNSUPPORTED_MEDIA_TYPE');
  });

  test('trace mode and error details', async () => {
    const { text } = await post(gateway.port, 'query cop { broken }');
    expect(text).not.toMatch(/tracing|exception|stack/);
  });

  test('no mutation has run', () => {
    expect(gateway.seen.mutations).toBe(0);
  });
});

describe('a body', () => {
  test('of the most bytes allowed is read', async () => {
    const { status } = await send(gateway.port, { headers: JSON_HEADERS, body: padded(MAX_GRAPHQL_BYTES) });
    expect(status).toBe(200);
  });

  test('of one byte more is refused, announced', async () => {
    const { status, text } = await send(gateway.port, {
      headers: { ...JSON_HEADERS, 'content-length': String(MAX_GRAPHQL_BYTES + 1) },
      body: '',
    });
    expect(status).toBe(413);
    expect(JSON.parse(text).errors[0].extensions.code).toBe('BODY_TOO_LARGE');
  });

  test('of one byte more is refused, in chunks', async () => {
    const answer = await new Promise<string>((resolve) => {
      const socket = connect(gateway.port, '127.0.0.1');
      socket.write(
        `POST /graphql HTTP/1.1\r\nHost: x\r\nAuthorization: ${TOKEN}\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n`,
      );
      socket.write(`${(MAX_GRAPHQL_BYTES + 1).toString(16)}\r\n${padded(MAX_GRAPHQL_BYTES + 1)}\r\n`);
      socket.once('data', (data) => {
        resolve(data.toString());
        socket.destroy();
      });
      socket.on('error', () => undefined);
    });
    expect(answer).toMatch(/^HTTP\/1.1 413/);
    expect(answer).toMatch(/connection: close/i);
  });

  test('that is no JSON is refused', async () => {
    const { status, text } = await send(gateway.port, { headers: JSON_HEADERS, body: '{' });
    expect(status).toBe(400);
    expect(JSON.parse(text).errors[0].extensions.code).toBe('BAD_REQUEST');
  });
});

describe('a web page', () => {
  test('of an allowed origin may read the answer, and gets no cookie', async () => {
    const { headers } = await post(gateway.port, '{ hello }', { origin: ORIGIN });
    expect(headers).toMatchObject({ 'access-control-allow-origin': ORIGIN, 'cache-control': 'no-store' });
    expect(headers).not.toHaveProperty('set-cookie');
    expect(headers).not.toHaveProperty('access-control-allow-credentials');
  });

  test('of another may not, nor pass a preflight', async () => {
    const origin = 'http://evil.example';
    const answer = await post(gateway.port, '{ hello }', { origin });
    expect(answer.headers).not.toHaveProperty('access-control-allow-origin');
    const preflight = await send(gateway.port, {
      method: 'OPTIONS',
      headers: { origin, 'access-control-request-method': 'POST' },
    });
    expect(preflight.headers).not.toHaveProperty('access-control-allow-headers');
  });

  test('of an allowed origin passes the preflight', async () => {
    const { status, headers } = await send(gateway.port, { method: 'OPTIONS', headers: { origin: ORIGIN } });
    expect(status).toBe(204);
    expect(headers['access-control-allow-headers']).toContain('authorization');
  });
});

describe('a token', () => {
  test.each([
    ['none', {}],
    ['a bad one', { authorization: 'Bearer bad' }],
  ])('%s is answered 401', async (_, headers: Record<string, string>) => {
    const {
      status,
      text,
      headers: answered,
    } = await send(gateway.port, { headers: { 'content-type': 'application/json', ...headers }, body: HELLO });
    expect(status).toBe(401);
    expect(answered['www-authenticate']).toBe('Bearer');
    expect(JSON.parse(text).errors[0].extensions.code).toBe('UNAUTHENTICATED');
  });

  test('in the URL counts for nothing', async () => {
    const { status } = await send(gateway.port, {
      path: '/graphql?access_token=good&authorization=Bearer%20good',
      headers: { 'content-type': 'application/json' },
      body: HELLO,
    });
    expect(status).toBe(401);
  });

  test('decides who asks', async () => {
    const { result } = await post(gateway.port, '{ hello }', { authorization: 'Bearer other' });
    expect(result.data).toEqual({ hello: 'hello t2' });
  });
});

describe('where introspection is on', () => {
  test('the schema needs no token, and all else does', async () => {
    await using open = await startGateway({ introspection: true });
    const headers = { 'content-type': 'application/json', accept: NEWER };
    const schema = await send(open.port, {
      headers,
      body: JSON.stringify({ query: '{ __schema { queryType { name } } }' }),
    });
    expect(JSON.parse(schema.text).data).toEqual({ __schema: { queryType: { name: 'Query' } } });
    const both = await send(open.port, {
      headers,
      body: JSON.stringify({ query: '{ __schema { queryType { name } } hello }' }),
    });
    expect(both.status).toBe(401);
    expect(JSON.parse(both.text).errors[0].extensions.code).toBe('UNAUTHENTICATED');
  });

  test('a stream without a token is answered 401 too', async () => {
    await using open = await startGateway({ introspection: true });
    const { status, headers } = await send(open.port, {
      headers: { 'content-type': 'application/json', accept: 'text/event-stream' },
      body: JSON.stringify({ query: 'subscription { ticks { count } }' }),
    });
    expect(status).toBe(401);
    expect(headers['www-authenticate']).toBe('Bearer');
    expect(open.seen.pulled).toBe(0);
  });

  test('lists of lists of it, which grow without end, are refused', async () => {
    await using open = await startGateway({ introspection: true });
    const query = `{ __schema { types ${'{ fields { type '.repeat(8)} { name } ${'} }'.repeat(8)} } }`;
    const { result } = await post(open.port, query);
    expect(codeOf(result)).toBe('GRAPHQL_VALIDATION_FAILED');
  });
});

describe('an error that nobody expected', () => {
  test('is masked, told by the id of the request, and logged once', async () => {
    const before = gateway.seen.logged.length;
    const { result, text, headers } = await post(gateway.port, '{ broken hello }');
    expect(result.data).toEqual({ broken: null, hello: 'hello t1' });
    expect(result.errors).toHaveLength(1);
    expect(result.errors?.[0]).toMatchObject({
      path: ['broken'],
      extensions: { code: 'INTERNAL', requestId: headers['x-request-id'] },
    });
    expect(text).not.toMatch(/SELECT|\/var\/lib/);
    expect(gateway.seen.logged.slice(before)).toHaveLength(1);
    expect(gateway.seen.logged[before]?.fields).toMatchObject({ requestId: headers['x-request-id'] });
  });

  test('is masked in a stream too, as its last result', async () => {
    const { results, text } = await postForEvents(gateway.port, 'subscription { crashing { count } }');
    expect(results).toHaveLength(2);
    expect(results[1]?.errors?.[0]?.extensions?.['code']).toBe('INTERNAL');
    expect(text).not.toMatch(/SELECT/);
  });

  test.each([
    ['wrongState', 'WRONG_STATE', 'It is COMPLETED already.'],
    ['badInput', 'BAD_USER_INPUT', '`first` must be from 1 to 200.'],
  ])('unlike one of the codes that are answered as they are: %s', async (field, code, message) => {
    const before = gateway.seen.logged.length;
    const { result } = await post(gateway.port, `{ ${field} }`);
    expect(result.errors?.[0]).toMatchObject({ message, path: [field], extensions: { code } });
    expect(gateway.seen.logged).toHaveLength(before);
  });

  test('unlike one that was meant for the client', async () => {
    const { result } = await post(gateway.port, '{ forbidden }');
    expect(result.errors?.[0]).toMatchObject({ message: 'Not with this scope.', extensions: { code: 'FORBIDDEN' } });
  });
});

test('a subscription asked for as JSON is refused, and never begun', async () => {
  const before = gateway.seen.pulled;
  const { status, result } = await post(gateway.port, 'subscription { ticks { count } }');
  expect(status).toBe(406);
  expect(result.errors?.[0]?.extensions?.['code']).toBe('NOT_ACCEPTABLE');
  expect(gateway.seen.pulled).toBe(before);
});

test('a slow body is cut', async () => {
  await using gateway = await startGateway({ bodyDeadlineMs: 100 });
  const { status, text } = await send(gateway.port, {
    headers: { ...JSON_HEADERS, 'content-length': '500' },
    body: HELLO,
    unfinished: true,
  });
  expect(status).toBe(408);
  expect(JSON.parse(text).errors[0].extensions.code).toBe('BODY_TOO_SLOW');
});
