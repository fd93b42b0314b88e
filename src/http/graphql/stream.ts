/**
 * A subscription's results, pulled one by one: nothing is read ahead of who reads. However it ends, the last result says
 * why: graphql drops the error of a source stream. Over a WebSocket the end of a drain is preceded by a heartbeat, for
 * the transport keeps that last result from the client.
 * @module
 */
import type { ExecutionResult, GraphQLError } from 'graphql';
import { StreamEnded } from '../../events/stream-ended.ts';
import type { Timer, World } from '../../world.ts';
import { refusal } from './errors.ts';
import type { Operation } from './operation.ts';

/** How long a source has to end by itself, telling its cursor, before the stream is ended without. */
const GRACE_MS = 250;

const ENDINGS = {
  TOKEN_EXPIRED: { message: 'The token has ended: follow again with a fresh one.', retryAfterMs: 0 },
  DRAINING: { message: 'This server is shutting down: follow again, another one answers.', retryAfterMs: 1_000 },
} as const;

export interface StreamOptions {
  readonly source: AsyncIterable<unknown>;
  readonly operation: Operation;
  readonly world: World;
  /** Makes the result for one event. */
  execute(event: unknown): Promise<ExecutionResult>;
  publicError(error: unknown): GraphQLError;
  onCleanUpFailure(error: unknown): void;
}

export function endedResult(operation: Operation): ExecutionResult {
  const code = operation.ending.reason === 'DRAINING' ? 'DRAINING' : 'TOKEN_EXPIRED';
  const { message, retryAfterMs } = ENDINGS[code];
  return { errors: [refusal(code, message, { cursor: null, earliestCursor: null, retryAfterMs })] };
}

/** The last result of a drain, and the only one of a stream that was begun during it. */
export function isDraining({ data, errors }: ExecutionResult): boolean {
  return data === undefined && errors?.[0]?.extensions['code'] === 'DRAINING';
}

export function streamResults(options: StreamOptions): AsyncGenerator<ExecutionResult, void, void> {
  const { source, operation, world, execute, publicError, onCleanUpFailure } = options;
  const iterator = source[Symbol.asyncIterator]();
  const ends = watchEnds(operation, world);
  let finished = false;
  let toldAfterEnd = false;
  let afterHeartbeat: ExecutionResult | null = null;

  function finish(): void {
    if (finished) return;
    finished = true;
    operation.close();
    // not awaited: a generator that waits for news answers only when these come
    iterator.return?.()?.catch(onCleanUpFailure);
  }

  function last(result: ExecutionResult): IteratorResult<ExecutionResult, void> {
    finish();
    return { done: false, value: result };
  }

  function needsHeartbeat(error: unknown): error is StreamEnded {
    if (operation.transport !== 'websocket' || !(error instanceof StreamEnded)) return false;
    return error.code === 'DRAINING' && error.heartbeat !== null;
  }

  const results: AsyncGenerator<ExecutionResult, void, void> = {
    async next() {
      if (finished) return { done: true, value: undefined };
      if (afterHeartbeat) return last(afterHeartbeat);
      try {
        const step = await ends.before(iterator.next());
        if (finished) return { done: true, value: undefined };
        if (operation.ending.aborted) {
          // An event that was on its way when a drain began is told: the end comes next, with the cursor after it. After
          // the end of a token nothing is: a client that follows again gets it after the last cursor it has.
          const mayTell = operation.ending.reason === 'DRAINING' && !toldAfterEnd;
          if (!step || !mayTell) return last(endedResult(operation));
          toldAfterEnd = true;
        }
        if (!step || step.done) {
          finish();
          return { done: true, value: undefined };
        }
        return { done: false, value: await execute(step.value) };
      } catch (error) {
        if (finished) return { done: true, value: undefined };
        const result = { errors: [publicError(error)] };
        if (!needsHeartbeat(error)) return last(result);
        afterHeartbeat = result;
        return { done: false, value: await execute(error.heartbeat) };
      }
    },
    async return() {
      finish();
      return { done: true, value: undefined };
    },
    async throw(error) {
      finish();
      throw error;
    },
    [Symbol.asyncIterator]: () => results,
    async [Symbol.asyncDispose]() {
      finish();
    },
  };
  return results;
}

interface Ends {
  /** The pending step; or null when the operation is over, or was asked to end and its source didn't in time. */
  before<T>(pending: Promise<T>): Promise<T | null>;
}

/** Listens once for the whole stream: a thousand followers take a step each for every event. */
function watchEnds({ signal, ending }: Operation, world: World): Ends {
  let giveUp: (() => void) | null = null;
  let grace: Timer | null = null;
  const asked = (): void => {
    grace = world.timer(GRACE_MS, () => giveUp?.());
  };
  signal.addEventListener('abort', () => giveUp?.(), { once: true });
  ending.addEventListener('abort', () => giveUp && asked(), { once: true });
  return {
    before: (pending) =>
      new Promise((resolve, reject) => {
        const settle = (how: () => void): void => {
          giveUp = null;
          grace?.cancel();
          how();
        };
        giveUp = () => settle(() => resolve(null));
        if (ending.aborted) asked();
        if (signal.aborted) giveUp();
        pending.then(
          (step) => settle(() => resolve(step)),
          (error: unknown) => settle(() => reject(error)),
        );
      }),
  };
}
