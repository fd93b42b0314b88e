/**
 * Results of a subscription onto a WebSocket without graphql-ws in between: it would write each of them anew for each
 * follower. Its beginning, its end and everything else of the protocol stay with graphql-ws.
 * Source: GraphQL over WebSocket protocol, "Next".
 * @module
 */
import type { ExecutionResult } from 'graphql';
import type { Outcome } from './engine.ts';
import { isDraining } from './stream.ts';

type Results = Exclude<Outcome, ExecutionResult>;

interface Receiver {
  /** Resolves when the socket has taken the message. */
  send(data: string): Promise<void>;
  /** Called in place of sending the last result of a drain. */
  leave(): void;
}

/** Results that are shared by many followers are one object, so this is one text for all of them. */
const texts = new WeakMap<ExecutionResult, string>();

function textOf(result: ExecutionResult): string {
  const text = texts.get(result) ?? JSON.stringify(result);
  texts.set(result, text);
  return text;
}

/** Sends each result as a `next` of operation `id`, the following once the socket has taken it, and yields none itself. */
export function sendNext(results: Results, id: string, { send, leave }: Receiver): Results {
  const head = `{"id":${JSON.stringify(id)},"type":"next","payload":`;
  let stopped = false;
  const sending: Results = {
    async next() {
      for (;;) {
        const step = await results.next();
        // The id may be another operation's by now.
        if (step.done || stopped) return { done: true, value: undefined };
        if (isDraining(step.value)) {
          leave();
          return { done: true, value: undefined };
        }
        await send(`${head}${textOf(step.value)}}`);
      }
    },
    async return() {
      stopped = true;
      return results.return();
    },
    async throw(error) {
      stopped = true;
      return results.throw(error);
    },
    [Symbol.asyncIterator]: () => sending,
    async [Symbol.asyncDispose]() {
      await sending.return();
    },
  };
  return sending;
}
