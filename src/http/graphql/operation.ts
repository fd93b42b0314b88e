/**
 * One operation from its arrival to its last byte, alike on every transport: who asks, when it must end, and why.
 * @module
 */
import type { Principal } from '../../auth/principal.ts';
import type { Timer, World } from '../../world.ts';

export type Transport = 'http' | 'sse' | 'websocket';

/** Why the server itself ends a stream. */
export type EndReason = 'TOKEN_EXPIRED' | 'DRAINING';

export interface Operation {
  readonly requestId: string;
  readonly transport: Transport;
  readonly principal: Principal | null;
  /** Aborted when nobody waits for the operation any more: what it holds can be let go. */
  readonly signal: AbortSignal;
  /** Aborted, with the EndReason as its reason, when the server asks a stream to end. */
  readonly ending: AbortSignal;
  end(reason: EndReason): void;
  /** The operation is over, for whatever reason. Harmless when repeated. */
  close(): void;
}

export interface Operations {
  open(of: { transport: Transport; principal: Principal | null; requestId?: string }): Operation;
  readonly draining: boolean;
  /** Ends all with DRAINING, and whatever is opened from now on. */
  drain(): void;
}

/** Without a reason of its own each abort would make an error with a stack. */
const CLOSED = new Error('the operation is over');

export function createOperations(world: World): Operations {
  const live = new Set<Operation>();
  let draining = false;

  return {
    open({ transport, principal, requestId = world.uuid() }) {
      const gone = new AbortController();
      const ending = new AbortController();
      // Only what goes on has to be ended: a query over HTTP is answered at once.
      const token =
        principal && transport !== 'http' ? at(world, principal.expiresAt, () => operation.end('TOKEN_EXPIRED')) : null;
      const operation: Operation = {
        requestId,
        transport,
        principal,
        signal: gone.signal,
        ending: ending.signal,
        end: (reason) => ending.abort(reason),
        close() {
          live.delete(operation);
          token?.cancel();
          gone.abort(CLOSED);
        },
      };
      live.add(operation);
      if (draining) operation.end('DRAINING');
      return operation;
    },
    get draining() {
      return draining;
    },
    drain() {
      draining = true;
      for (const operation of live) operation.end('DRAINING');
    },
  };
}

/** Node's timers hold no more than 2^31 - 1 ms, and fire at once when asked to. */
const LONGEST_TIMER_MS = 2_000_000_000;

/** Runs `fire` once when the wall clock reaches `time`, however far that is. */
export function at(world: World, time: Date, fire: () => void): Timer {
  let timer: Timer;
  const arm = (): void => {
    const left = time.getTime() - world.now().getTime();
    timer = left > LONGEST_TIMER_MS ? world.timer(LONGEST_TIMER_MS, arm) : world.timer(Math.max(0, left), fire);
  };
  arm();
  return { cancel: () => timer.cancel() };
}
