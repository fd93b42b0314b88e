/**
 * What clients as they are make of a stream that the server ends: only a drain is made up for by themselves, see
 * draining.test.ts and test/system/deployment.test.ts.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { followBy, STANDARD_CLIENTS } from '../../kit/standard-clients.ts';
import { type Gateway, startGateway, TOKEN, until } from '../kit.ts';

let gateway: Gateway;
beforeAll(async () => {
  gateway = await startGateway();
});
afterAll(() => gateway[Symbol.asyncDispose]());

describe.each(STANDARD_CLIENTS)('%s', (name) => {
  test.each(['SLOW_CONSUMER', 'CURSOR_EXPIRED', 'TOKEN_EXPIRED'])(
    'tells its application that a stream is over with %s, and the code and the cursors',
    async (code) => {
      const operation = { query: `subscription { ended(code: "${code}") { count } }`, variables: {} };
      const follower = followBy(name, gateway.url, TOKEN, operation);
      await until(() => follower.over);
      follower.stop();
      const told = follower.happened.filter(({ closed }) => closed === undefined);
      expect(told[0]).toMatchObject({ data: { ended: { count: 1 } } });
      expect(told.filter(({ error }) => error === undefined)).toHaveLength(1);
      const extensions = { code, cursor: 'place-1', earliestCursor: 'place-0', retryAfterMs: 0 };
      expect(told.at(-1)?.error).toMatchObject(extensions);
    },
  );

  test('tells its application the code of an operation that is refused', async () => {
    const operation = { query: 'subscription { tick { count } }', variables: {} };
    const follower = followBy(name, gateway.url, TOKEN, operation);
    await until(() => follower.happened.length > 0);
    follower.stop();
    expect(follower.happened[0]?.error).toMatchObject({ code: 'GRAPHQL_VALIDATION_FAILED' });
  });

  test('tells its application of the end of its token, before the socket is closed with 4403', async () => {
    const operation = { query: 'subscription { silent { count } }', variables: {} };
    const follower = followBy(name, gateway.url, `Bearer until:1500:${name}`, operation);
    await until(() => follower.happened.some(({ closed }) => closed !== undefined), 10_000);
    follower.stop();
    expect(follower.over).toBe(true);
    expect(follower.happened[0]?.error).toMatchObject({ code: 'TOKEN_EXPIRED' });
    expect(follower.happened.at(-1)).toEqual({ closed: 4403 });
  });
});
