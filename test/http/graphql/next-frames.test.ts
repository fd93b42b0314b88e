import { type ExecutionResult, GraphQLError } from 'graphql';
import { describe, expect, it } from 'vitest';
import { sendNext } from '../../../src/http/graphql/next-frames.ts';

/** A subscription that gives these results, each when it is asked for. */
async function* giving(...results: ExecutionResult[]): AsyncGenerator<ExecutionResult, void, void> {
  yield* results;
}

/** A socket that takes what it is sent when `take` is called. */
function socket() {
  const sent: string[] = [];
  const waiting: (() => void)[] = [];
  const left: unknown[] = [];
  return {
    sent,
    left,
    receiver: {
      send: (data: string) => {
        sent.push(data);
        return new Promise<void>((resolve) => void waiting.push(resolve));
      },
      leave: () => void left.push(sent.length),
    },
    take: async () => {
      waiting.shift()?.();
      await new Promise((resolve) => setImmediate(resolve));
    },
  };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('results sent as `next`', () => {
  it('are messages of the protocol, whatever the id is', async () => {
    const { sent, receiver, take } = socket();
    const ended = sendNext(giving({ data: { n: 1 } }), 'a"b', receiver).next();
    await turn();
    await take();
    expect(sent.map((text) => JSON.parse(text))).toEqual([{ id: 'a"b', type: 'next', payload: { data: { n: 1 } } }]);
    expect(await ended).toEqual({ done: true, value: undefined });
  });

  it('wait for the socket to take the one before', async () => {
    const { sent, receiver, take } = socket();
    void sendNext(giving({ data: { n: 1 } }, { data: { n: 2 } }), '1', receiver).next();
    await turn();
    expect(sent).toHaveLength(1);
    await take();
    expect(sent).toHaveLength(2);
  });

  it('are written as text once, however many they are sent to', async () => {
    let written = 0;
    const shared = { data: { toJSON: () => ({ written: (written += 1) }) } };
    const sockets = [socket(), socket(), socket()];
    for (const { receiver } of sockets) void sendNext(giving(shared), '1', receiver).next();
    await turn();
    expect(sockets.map(({ sent }) => sent)).toEqual(
      Array.from({ length: 3 }, () => ['{"id":"1","type":"next","payload":{"data":{"written":1}}}']),
    );
  });

  it('are none after the client has completed the operation, whose id may be taken again', async () => {
    const gate = Promise.withResolvers<void>();
    async function* late(): AsyncGenerator<ExecutionResult, void, void> {
      await gate.promise;
      yield { data: { n: 1 } };
    }
    const { sent, receiver } = socket();
    const results = sendNext(late(), '1', receiver);
    const ended = results.next();
    void results.return();
    gate.resolve();
    expect(await ended).toEqual({ done: true, value: undefined });
    expect(sent).toEqual([]);
  });

  it('end at the last result of a drain, which is left to the socket to tell by its close', async () => {
    const draining = { errors: [new GraphQLError('Going.', { extensions: { code: 'DRAINING' } })] };
    const { sent, left, receiver, take } = socket();
    const ended = sendNext(giving({ data: { n: 1 } }, draining), '1', receiver).next();
    await turn();
    await take();
    expect(await ended).toEqual({ done: true, value: undefined });
    expect([sent.length, left]).toEqual([1, [1]]);
  });
});
