import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { BAD_OPERATIONS, follow, type Gateway, post, postForEvents, type Result, startGateway } from '../kit.ts';

let gateway: Gateway;
/** Its schema may be read. */
let open: Gateway;
beforeAll(async () => {
  [gateway, open] = await Promise.all([startGateway(), startGateway({ introspection: true })]);
});
afterAll(() => Promise.all([gateway, open].map((one) => one[Symbol.asyncDispose]())));

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

describe.each([
  { what: 'field', query: '{ helo }', meant: 'hello' },
  { what: 'argument', query: '{ paint(colour: CRIMSON) }', meant: 'color' },
  { what: 'enum value', query: '{ paint(color: CRIMSOM) }', meant: 'CRIMSON' },
  { what: 'type', query: '{ node { ... on Nod { name } } }', meant: 'Node' },
  {
    what: 'value of a variable',
    query: 'query ($c: Color) { paint(color: $c) }',
    variables: { c: 'CRIMSOM' },
    meant: 'CRIMSON',
  },
])('a misspelt $what', ({ query, meant, variables = {} }) => {
  const suggestion = new RegExp(`Did you mean [^?]*"${meant}"`);

  test('brings no suggestion where introspection is off', async () => {
    const { text, result } = await post(gateway.port, query, {}, { variables });
    expect(result.errors).toHaveLength(1);
    expect(text).not.toMatch(/did you mean/i);
  });

  test('brings the nearest name where introspection is on, alike over HTTP and WebSocket', async () => {
    const { result } = await post(open.port, query, {}, { variables });
    expect(result.errors?.map(({ message }) => message)).toEqual([expect.stringMatching(suggestion)]);
    const { results, refused } = await follow(open.client(), query, Infinity, variables);
    expect((refused ?? results[0]?.errors)?.map(({ message }) => message)).toEqual([expect.stringMatching(suggestion)]);
  });
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
