import { once } from 'node:events';
import { createClient } from 'graphql-ws';
import { describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { systemWorld } from '../../../src/world.ts';
import { follow, type Gateway, postForEvents, type Result, startGateway, TOKEN, until } from '../kit.ts';

const TICKS = 'subscription { ticks { count } }';
const ENDED = 'subscription { ended(code: "DRAINING") { count } }';
const codeOf = (result: Result | undefined): unknown => result?.errors?.[0]?.extensions?.['code'];

interface Message {
  readonly type: string;
  readonly id?: string;
  readonly payload?: unknown;
}

/** A socket that keeps all it was sent; `say` subscribes. */
async function socketOf({ port }: Gateway) {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/graphql`, 'graphql-transport-ws');
  const messages: Message[] = [];
  socket.on('message', (data) => messages.push(JSON.parse(String(data)) as Message));
  socket.on('open', () => socket.send(JSON.stringify({ type: 'connection_init', payload: { authorization: TOKEN } })));
  const closed = once(socket, 'close').then(([code, reason]) => [code, String(reason)]);
  await until(() => messages.length === 1);
  return {
    closed,
    say: (id: string, query: string) => socket.send(JSON.stringify({ type: 'subscribe', id, payload: { query } })),
    of: (id: string) => messages.filter((message) => message.id === id),
  };
}

const next = (id: string, payload: unknown): Message => ({ id, type: 'next', payload });

describe('a drain over server-sent events', () => {
  test('ends every stream with a last result, and begins none more', async () => {
    await using leaving = await startGateway();
    const open = postForEvents(leaving.port, TICKS);
    const placed = postForEvents(leaving.port, ENDED);
    await until(() => leaving.seen.pulled > 3);
    await leaving.server.drain();
    expect(codeOf((await open).results.at(-1))).toBe('DRAINING');
    const late = await postForEvents(leaving.port, TICKS);
    expect(late.results.map(codeOf)).toEqual(['DRAINING']);
    const { results, text } = await placed;
    expect(results.map(({ data }) => data)).toEqual([{ ended: { count: 1 } }, undefined]);
    const extensions = { code: 'DRAINING', cursor: 'place-1', earliestCursor: 'place-0', retryAfterMs: 1_000 };
    expect(results[1]?.errors?.[0]?.extensions).toEqual(extensions);
    expect(text).toMatch(/event: complete\ndata:\n\n$/);
  });
});

test('an event that comes while the server drains is told, so that the cursor of the end is after it', async () => {
  // The source has its time, however busy this machine is.
  const world = { ...systemWorld(), timer: (ms: number, fire: () => void) => systemWorld().timer(ms * 50, fire) };
  await using leaving = await startGateway({ world });
  const query = 'subscription { ended(code: "DRAINING", lateMs: 100) { count } }';
  const sse = postForEvents(leaving.port, query);
  const { closed, say, of } = await socketOf(leaving);
  say('1', query);
  await until(() => of('1').length === 1);
  await leaving.server.drain();
  await closed;
  const { results } = await sse;
  const told = results.map(({ data }) => data);
  expect(told).toEqual([{ ended: { count: 1 } }, { ended: { count: 2 } }, undefined]);
  expect(results.at(-1)?.errors?.[0]?.extensions).toMatchObject({ code: 'DRAINING', cursor: 'place-1' });
  expect(of('1')).toEqual([1, 2, 3].map((count) => next('1', { data: { ended: { count } } })));
});

describe('a drain over a WebSocket', () => {
  test('sends a heartbeat, no error and no complete, and closes the socket with 1012', async () => {
    await using leaving = await startGateway();
    const { closed, say, of } = await socketOf(leaving);
    say('placed', ENDED);
    say('ticks', TICKS);
    say('silent', 'subscription { silent { count } }');
    await until(() => of('ticks').length > 0 && of('placed').length > 0);
    await leaving.server.drain();
    expect(await closed).toEqual([1012, 'DRAINING']);
    expect(of('placed')).toEqual([
      next('placed', { data: { ended: { count: 1 } } }),
      next('placed', { data: { ended: { count: 3 } } }),
    ]);
    expect(new Set(of('ticks').map(({ type }) => type))).toEqual(new Set(['next']));
    expect(of('silent')).toEqual([]);
  });

  test.each(['ended', 'refusing'])('closes the socket of a stream whose source alone drains: %s', async (field) => {
    await using leaving = await startGateway();
    const { closed, say, of } = await socketOf(leaving);
    say('1', `subscription { ${field}(code: "DRAINING") { count } }`);
    expect(await closed).toEqual([1012, 'DRAINING']);
    expect(of('1').filter(({ type, payload }) => type !== 'next' || codeOf(payload as Result))).toEqual([]);
  });

  test('answers what is under way before it closes, though that takes longer than a client may stall', async () => {
    await using leaving = await startGateway({ stallMs: 100 });
    const { closed, say, of } = await socketOf(leaving);
    say('1', 'mutation { addLater(ms: 600) }');
    await until(() => leaving.seen.mutations === 1);
    await leaving.server.drain(10_000);
    await closed;
    expect(of('1')).toEqual([next('1', { data: { addLater: 1 } }), { id: '1', type: 'complete' }]);
  });

  test('begins nothing more: who repeats it elsewhere must not have it done twice', async () => {
    await using leaving = await startGateway();
    const { closed, say, of } = await socketOf(leaving);
    say('under way', 'mutation { addLater(ms: 500) }');
    await until(() => leaving.seen.mutations === 1);
    const drained = leaving.server.drain();
    for (const query of ['mutation { add }', TICKS, '{ hello }']) say(query, query);
    await drained;
    expect(await closed).toEqual([1012, 'DRAINING']);
    expect([of('mutation { add }'), of(TICKS), of('{ hello }')]).toEqual([[], [], []]);
    expect(leaving.seen.mutations).toBe(1);
  });

  test("sends a new socket away in a manner that graphql-ws's client tries again after", async () => {
    await using leaving = await startGateway();
    await using staying = await startGateway();
    await leaving.server.drain();
    const asked: number[] = [];
    const client = createClient({
      url: () => {
        const { port } = asked.length === 0 ? leaving : staying;
        asked.push(port);
        return `ws://127.0.0.1:${port}/graphql`;
      },
      webSocketImpl: WebSocket,
      connectionParams: { authorization: TOKEN },
      retryWait: async () => undefined,
    });
    expect((await follow(client, '{ hello }')).results).toEqual([{ data: { hello: 'hello t1' } }]);
    expect(asked).toEqual([leaving.port, staying.port]);
    await client.dispose();
  });
});
