import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { BAD_OPERATIONS, follow, type Gateway, post, postForEvents, type Result, startGateway } from './kit.ts';

let gateway: Gateway;
beforeAll(async () => {
  gateway = await startGateway();
});
afterAll(() => gateway[Symbol.asyncDispose]());

describe.each(BAD_OPERATIONS)('an operation that is refused with $code', ({ code, query }) => {
  test('is refused over HTTP', async () => {
    const { result, status } = await post(gateway.port, query, { accept: 'application/graphql-response+json' });
    expect(result.errors?.[0]?.extensions?.['code']).toBe(code);
    expect(result).not.toHaveProperty('data');
    expect(status).toBe(400);
  });

  test('is refused over server-sent events', async () => {
    const { results, text } = await postForEvents(gateway.port, query);
    expect(results.map(({ errors }) => errors?.[0]?.extensions?.['code'])).toEqual([code]);
    expect(text).toMatch(/event: complete\ndata:\n\n$/);
  });

  test('is refused over WebSocket, and the other subscriptions of the socket go on', async () => {
    const client = gateway.client();
    const ticks: Result[] = [];
    const stop = client.subscribe(
      { query: 'subscription { ticks { count } }' },
      { next: (one) => void ticks.push(one as Result), error: () => undefined, complete: () => undefined },
    );
    await expect.poll(() => ticks.length).toBeGreaterThan(0);
    const { refused } = await follow(client, query);
    expect(refused?.[0]?.extensions?.['code']).toBe(code);
    const before = ticks.length;
    await expect.poll(() => ticks.length).toBeGreaterThan(before + 1);
    stop();
  });
});

test('no refused mutation has run', () => {
  expect(gateway.seen.mutations).toBe(0);
});

test.each([
  ['field', '{ helo }', {}],
  ['value of a variable', 'query ($c: Color) { paint(color: $c) }', { variables: { c: 'CRIMSOM' } }],
])('a misspelt %s brings no suggestion', async (_, query, more) => {
  const { text, result } = await post(gateway.port, query, {}, more);
  expect(result.errors).toHaveLength(1);
  expect(text).not.toMatch(/did you mean|CRIMSON|hello/i);
});

test('a fragment named __schema does not hide depth', async () => {
  const query = `{ node { ...__schema } } fragment __schema on Node ${'{ child '.repeat(9)} { name } ${'}'.repeat(9)}`;
  const { result } = await post(gateway.port, query);
  expect(result.errors?.[0]?.extensions?.['code']).toBe('QUERY_TOO_DEEP');
});

test('mutations in a fragment count as well', async () => {
  const query = `mutation { ...a ...a } fragment a on Mutation { ${Array.from({ length: 4 }, (_, n) => `a${n}: add`).join(' ')} }`;
  const { result } = await post(gateway.port, query);
  expect(result.errors?.[0]?.extensions?.['code']).toBe('TOO_MANY_MUTATIONS');
});

test('an operation at the limits runs', async () => {
  const query = `{ ${Array.from({ length: 15 }, (_, n) => `a${n}: hello`).join(' ')} node ${'{ child '.repeat(6)} { name } ${'}'.repeat(6)} }`;
  const { result } = await post(gateway.port, query);
  expect(result.errors).toBeUndefined();
});
