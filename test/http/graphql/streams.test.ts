import { IncomingMessage } from 'node:http';
import { connect, Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createClient } from 'graphql-ws';
import { WebSocket } from 'ws';
import { MAX_GRAPHQL_BYTES } from '../../../src/model/limits.ts';
import { systemWorld } from '../../../src/world.ts';
import {
  follow,
  type Gateway,
  JSON_HEADERS,
  ORIGIN,
  postForEvents,
  type Result,
  startGateway,
  TOKEN,
  until,
} from '../kit.ts';

let gateway: Gateway;
beforeAll(async () => {
  gateway = await startGateway();
});
afterAll(() => gateway[Symbol.asyncDispose]());

const TICKS = 'subscription { ticks { count } }';
const SILENT = 'subscription { silent { count } }';
const codeOf = (result: Result | undefined): unknown => result?.errors?.[0]?.extensions?.['code'];

/** A bare socket: what graphql-ws's client would never do. */
function open(port: number, headers: Record<string, string> = {}, protocol: string | null = 'graphql-transport-ws') {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/graphql`, protocol ? [protocol] : [], { headers });
  socket.on('error', () => undefined);
  const closed = new Promise<{ code: number; reason: string }>((resolve) => {
    socket.on('close', (code, reason) => resolve({ code, reason: String(reason) }));
  });
  const opened = new Promise<boolean>((resolve) => {
    socket.on('open', () => resolve(true));
    socket.on('close', () => resolve(false));
  });
  return { socket, closed, opened };
}

const INIT = JSON.stringify({ type: 'connection_init', payload: { authorization: TOKEN } });
const pingOf = (size: number): string => {
  const bare = JSON.stringify({ type: 'ping', payload: { pad: '' } });
  return JSON.stringify({ type: 'ping', payload: { pad: 'x'.repeat(size - bare.length) } });
};

describe('a source that ends with a code', () => {
  const expected = { cursor: 'place-1', earliestCursor: 'place-0' };

  test.each(['SLOW_CONSUMER', 'CURSOR_EXPIRED', 'TOKEN_EXPIRED'])(
    '%s: the last result tells it, alike on SSE and WebSocket',
    async (code) => {
      const query = `subscription { ended(code: "${code}") { count } }`;
      const { results: sse } = await postForEvents(gateway.port, query);
      const { results: ws, refused } = await follow(gateway.client(), query);
      expect(refused).toBeNull();
      expect(ws).toEqual(sse);
      expect(ws).toHaveLength(2);
      expect(ws[0]).toEqual({ data: { ended: { count: 1 } } });
      expect(ws[1]?.errors?.[0]?.extensions).toEqual({ code, ...expected, retryAfterMs: 0 });
      expect(ws[1]).not.toHaveProperty('data');
    },
  );
});

describe('a stream that is refused when it begins', () => {
  test.each([
    ['INVALID_CURSOR', {}],
    ['CURSOR_EXPIRED', { earliestCursor: 'place-0' }],
  ])('with %s tells it in its only result, alike on SSE and WebSocket', async (code, more) => {
    const query = `subscription { refusing(code: "${code}") { count } }`;
    const { results: sse, text } = await postForEvents(gateway.port, query);
    const { results: ws, refused } = await follow(gateway.client(), query);
    expect(refused).toBeNull();
    expect(ws).toEqual(sse);
    expect(ws).toHaveLength(1);
    expect(ws[0]?.errors?.[0]?.extensions).toEqual({ code, ...more });
    expect(text).toMatch(/event: complete\ndata:\n\n$/);
  });
});

test.each(['crashing { count }', 'refusing(code: "OTHER") { count }'])(
  'an error that nobody expected is masked over WebSocket, and the socket stays open: %s',
  async (field) => {
    const client = gateway.client();
    const { results, refused } = await follow(client, `subscription { ${field} }`);
    expect(refused).toBeNull();
    expect(codeOf(results.at(-1))).toBe('INTERNAL');
    expect(JSON.stringify(results)).not.toMatch(/SELECT|\/var\/lib/);
    expect((await follow(client, '{ hello }')).results).toEqual([{ data: { hello: 'hello t1' } }]);
  },
);

describe('a token that ends', () => {
  test.each([TICKS, SILENT])('ends the stream over SSE with a last result: %s', async (query) => {
    const { results, text } = await postForEvents(gateway.port, query, {
      authorization: `Bearer until:200:sse${query}`,
    });
    expect(codeOf(results.at(-1))).toBe('TOKEN_EXPIRED');
    expect(text).toMatch(/event: complete\ndata:\n\n$/);
  });

  test('ends the streams over WebSocket with a last result each, then closes with 4403', async () => {
    const closed = Promise.withResolvers<unknown>();
    const client = gateway.client('Bearer until:300:ws', { closed: closed.resolve });
    const [ticks, silent] = await Promise.all([follow(client, TICKS), follow(client, SILENT)]);
    expect(ticks.results.length).toBeGreaterThan(1);
    expect(codeOf(ticks.results.at(-1))).toBe('TOKEN_EXPIRED');
    expect(silent.results.map(codeOf)).toEqual(['TOKEN_EXPIRED']);
    expect([ticks.closed, silent.closed]).toEqual([null, null]);
  });

  test('closes a socket that follows nothing with 4403', async () => {
    const { socket, closed } = open(gateway.port);
    socket.on('open', () =>
      socket.send(JSON.stringify({ type: 'connection_init', payload: { authorization: 'Bearer until:150:idle' } })),
    );
    expect(await closed).toEqual({ code: 4403, reason: 'TOKEN_EXPIRED' });
  });
});

describe('a socket', () => {
  test.each(['Bearer bad', ''])(
    'whose init carries the token %j is closed with 4403 and the reason',
    async (authorization) => {
      const { socket, closed } = open(gateway.port);
      socket.on('open', () => socket.send(JSON.stringify({ type: 'connection_init', payload: { authorization } })));
      expect(await closed).toEqual({ code: 4403, reason: 'UNAUTHENTICATED: The token is not valid.' });
    },
  );

  test('is closed with as much of a long reason as a close frame holds', async () => {
    await using small = await startGateway({
      verify: async () => {
        throw Object.assign(new Error('ä'.repeat(200)), { code: 'UNAUTHENTICATED' });
      },
    });
    const { socket, closed } = open(small.port);
    socket.on('open', () => socket.send(JSON.stringify({ type: 'connection_init' })));
    expect(await closed).toEqual({ code: 4403, reason: `UNAUTHENTICATED: ${'ä'.repeat(51)}…` });
  });

  test.each(['authorization', 'Authorization', 'AUTHORIZATION'])('takes its token as `%s`', async (name) => {
    const client = createClient({
      url: `ws://127.0.0.1:${gateway.port}/graphql`,
      webSocketImpl: WebSocket,
      connectionParams: { [name]: TOKEN },
      retryAttempts: 0,
    });
    const { results, closed } = await follow(client, '{ hello }');
    await client.dispose();
    expect({ results, closed }).toEqual({ results: [{ data: { hello: 'hello t1' } }], closed: null });
  });

  test.each([{}, { payload: null }, { payload: { Token: TOKEN } }])(
    'whose init is %j has no token, and is closed with 4403',
    async (more) => {
      const { socket, closed } = open(gateway.port);
      socket.on('open', () => socket.send(JSON.stringify({ type: 'connection_init', ...more })));
      expect(await closed).toEqual({ code: 4403, reason: 'UNAUTHENTICATED: The token is not valid.' });
    },
  );

  test('is refused to a page of a foreign origin, and given to an allowed one', async () => {
    expect(await open(gateway.port, { origin: 'http://evil.example' }).opened).toBe(false);
    const allowed = open(gateway.port, { origin: ORIGIN });
    expect(await allowed.opened).toBe(true);
    allowed.socket.close();
  });

  test.each([null, 'graphql-ws'])('is refused with the subprotocol %s', async (protocol) => {
    expect(await open(gateway.port, {}, protocol).opened).toBe(false);
  });

  test('that never begins is closed with 4408', async () => {
    await using impatient = await startGateway({ initWaitMs: 100 });
    expect((await open(impatient.port).closed).code).toBe(4408);
  });

  test('may send a message of the most bytes allowed, and is closed with 1009 for one more', async () => {
    const { socket, closed } = open(gateway.port);
    const messages: string[] = [];
    socket.on('message', (data) => messages.push(String(data)));
    socket.on('open', () => socket.send(INIT));
    await until(() => messages.length === 1);
    socket.send(pingOf(MAX_GRAPHQL_BYTES));
    await until(() => messages.length === 2);
    socket.send(pingOf(MAX_GRAPHQL_BYTES + 1));
    expect((await closed).code).toBe(1009);
  });

  test('may run 100 operations, and the one beyond is refused alone', async () => {
    const client = gateway.client();
    const begun = gateway.seen.pulled;
    const running = Array.from({ length: 100 }, () =>
      follow(client, 'subscription { ticks(waitMs: 60000) { count } }'),
    );
    await until(() => gateway.seen.pulled >= begun + 100);
    const { refused } = await follow(client, '{ hello }');
    expect(refused?.[0]?.extensions?.['code']).toBe('TOO_MANY_OPERATIONS');
    await client.dispose();
    await Promise.all(running);
  });

  test('is refused when its tenant has too many, until one of them closes', async () => {
    await using small = await startGateway({ socketsPerTenant: 1 });
    const [first, second] = [open(small.port), open(small.port)];
    await Promise.all([first.opened, second.opened]);
    first.socket.send(INIT);
    await new Promise((resolve) => first.socket.once('message', resolve));
    second.socket.send(INIT);
    expect(await second.closed).toEqual({ code: 1013, reason: 'TOO_MANY_SOCKETS' });
    first.socket.close();
    await first.closed;
    await systemWorld().sleep(50);
    const third = await follow(small.client(), '{ hello }');
    expect(third.results).toEqual([{ data: { hello: 'hello t1' } }]);
  });

  test('that closes before its token is judged is not counted', async () => {
    const judged = Promise.withResolvers<void>();
    let asked = 0;
    await using small = await startGateway({
      socketsPerTenant: 1,
      async verify() {
        asked += 1;
        if (asked === 1) await judged.promise;
        const expiresAt = new Date(Date.now() + 60_000);
        return { tenantId: 't1', subject: 's', scopes: new Set(), scopeClaims: ['scope'], envelopes: null, expiresAt };
      },
    });
    const first = open(small.port);
    await first.opened;
    first.socket.send(INIT);
    await until(() => asked === 1);
    first.socket.terminate();
    await until(() => small.server.sockets === 0);
    judged.resolve();
    await systemWorld().sleep(20);
    expect((await follow(small.client(), '{ hello }')).results).toEqual([{ data: { hello: 'hello t1' } }]);
  });

  test('that is refused and breaks at the same time harms nobody', async () => {
    const broken = new Duplex({
      read: () => undefined,
      write: (_chunk, _encoding, done) => done(new Error('ECONNRESET')),
    });
    const request = new IncomingMessage(new Socket());
    request.headers = { origin: 'http://evil.example' };
    gateway.server.upgrade(request, broken, Buffer.alloc(0));
    await until(() => broken.destroyed);
    expect((await follow(gateway.client(), '{ hello }')).results).toHaveLength(1);
  });

  test('whose peer is dead is cut', async () => {
    await using beating = await startGateway({ heartbeatMs: 50 });
    const { socket, opened } = open(beating.port);
    await opened;
    // no more reading: pings are not answered
    socket.pause();
    socket.send(INIT);
    await expect.poll(() => beating.server.sockets).toBe(0);
    socket.terminate();
  });

  test('that completes an operation lets its source go at once, even one that waits', async () => {
    const client = gateway.client();
    const before = gateway.seen.returned;
    const stop = client.subscribe(
      { query: SILENT },
      { next: () => undefined, error: () => undefined, complete: () => undefined },
    );
    await follow(client, '{ hello }');
    stop();
    await expect.poll(() => gateway.seen.returned).toBe(before + 1);
  });
});

test('a client that goes away lets the source go', async () => {
  const before = gateway.seen.returned;
  const stop = new AbortController();
  const answer = await fetch(gateway.url, {
    method: 'POST',
    headers: { ...JSON_HEADERS, accept: 'text/event-stream' },
    body: JSON.stringify({ query: SILENT }),
    signal: stop.signal,
  });
  expect(answer.headers.get('content-type')).toContain('text/event-stream');
  stop.abort();
  await until(() => gateway.seen.returned === before + 1);
});

test('a silent SSE stream carries comments as heartbeat', async () => {
  await using beating = await startGateway({ heartbeatMs: 30 });
  const { text } = await postForEvents(beating.port, SILENT, { authorization: 'Bearer until:2000:beat' });
  expect(text.split(':\n\n').length).toBeGreaterThan(5);
});

/** Pulled events when the system's own buffers are full, and when the connection was cut. */
async function stall(stalling: Gateway, begin: () => () => void): Promise<{ full: number; cut: number }> {
  const stop = begin();
  await until(() => stalling.seen.pulled > 0);
  let full = -1;
  while (full !== stalling.seen.pulled) {
    full = stalling.seen.pulled;
    await systemWorld().sleep(150);
  }
  await until(() => stalling.seen.returned === 1);
  stop();
  return { full, cut: stalling.seen.pulled };
}

describe('a client that stops reading', () => {
  // 256 KiB each: what is pulled fits the kernel's buffers of both ends and few of ours
  const MOST = 64;
  const BIG = 'subscription { ticks(size: 262144, waitMs: 0) { count text } }';

  test('over SSE is not read ahead of, and cut', async () => {
    await using stalling = await startGateway({ stallMs: 1_000 });
    const { full, cut } = await stall(stalling, () => {
      const body = JSON.stringify({ query: BIG });
      const socket = connect(stalling.port, '127.0.0.1');
      socket.pause();
      socket.on('error', () => undefined);
      socket.write(
        `POST /graphql HTTP/1.1\r\nHost: x\r\nAuthorization: ${TOKEN}\r\nAccept: text/event-stream\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
      );
      return () => socket.destroy();
    });
    expect(full).toBeLessThan(MOST);
    expect(cut).toBe(full);
  });

  test('over WebSocket is not read ahead of, and cut', async () => {
    await using stalling = await startGateway({ stallMs: 1_000 });
    const { full, cut } = await stall(stalling, () => {
      const { socket } = open(stalling.port);
      socket.on('message', () => {
        socket.pause();
        socket.send(JSON.stringify({ type: 'subscribe', id: '1', payload: { query: BIG } }));
      });
      socket.on('open', () => socket.send(INIT));
      return () => socket.terminate();
    });
    expect(full).toBeLessThan(MOST);
    expect(cut).toBe(full);
  });
});
