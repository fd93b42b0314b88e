/**
 * The tails of the tenants that are followed in this process, each there while a stream of its tenant is. On a hint one
 * statement reads the heads of them all; only those that have moved are read on.
 * @module
 */
import type { Database } from '../db/client.ts';
import type { World } from '../world.ts';
import type { EventBus } from './bus.ts';
import { readHeads } from './read.ts';
import { startTail, type Tail } from './tail.ts';

export interface Tails {
  /** The tail of the tenant, started by the first who asks. Each `acquire` is given back by one `release`. */
  acquire(tenantId: string): Tail;
  release(tenantId: string): void;
  /** Tenants that are followed. */
  readonly size: number;
  /** Events between the end of the log and what has been read of it, of the tenant furthest behind. */
  lag(): Promise<number>;
  close(): Promise<void>;
}

export interface TailsOptions {
  readonly database: Database;
  readonly bus: EventBus;
  readonly world: World;
  /** Milliseconds between two looks when no hint comes. */
  readonly pollMs: number;
  /** Events of each tenant kept in memory, at least. */
  readonly keep: number;
  readonly onError: (error: unknown) => void;
}

/** A transaction names its tenants in a setting: this many keep it near 20 kB. */
const TENANTS_PER_LOOK = 500;

export function createTails({ database, bus, world, pollMs, keep, onError }: TailsOptions): Tails {
  const followed = new Map<string, { readonly tail: Tail; users: number }>();
  const stopping = new Set<Promise<void>>();
  let looking: Promise<void> | null = null;
  let lookAgain = false;
  const closing = new AbortController();

  const eachHead = async (see: (tail: Tail, head: bigint) => void): Promise<void> => {
    const tenantIds = [...followed.keys()];
    for (let from = 0; from < tenantIds.length; from += TENANTS_PER_LOOK) {
      const some = tenantIds.slice(from, from + TENANTS_PER_LOOK);
      const heads = await database.withTenants(some, (tx) => readHeads(tx, some));
      for (const [tenantId, sequence] of heads) {
        const held = followed.get(tenantId);
        if (held) see(held.tail, sequence);
      }
    }
  };
  const lookAtHeads = (): Promise<void> => eachHead((tail, head) => tail.readTo(head));

  /** Hints that come during a look share the next one. */
  const look = (): void => {
    if (closing.signal.aborted || followed.size === 0) return;
    if (looking) {
      lookAgain = true;
      return;
    }
    looking = (async () => {
      do {
        lookAgain = false;
        await lookAtHeads().catch(onError);
      } while (lookAgain && !closing.signal.aborted);
      looking = null;
    })();
  };

  let polling = world.timer(pollMs, () => poll());
  function poll(): void {
    look();
    polling = world.timer(pollMs, poll);
  }
  const unhint = bus.onHint((tenantIds) => {
    if (!tenantIds || tenantIds.some((tenantId) => followed.has(tenantId))) look();
  });

  const stop = (tail: Tail): void => {
    const stopped = tail.stop().finally(() => stopping.delete(stopped));
    stopping.add(stopped);
  };

  return {
    acquire(tenantId) {
      const held = followed.get(tenantId) ?? { tail: startTail({ tenantId, database, keep, onError }), users: 0 };
      held.users += 1;
      followed.set(tenantId, held);
      return held.tail;
    },
    release(tenantId) {
      const held = followed.get(tenantId);
      if (!held || --held.users > 0) return;
      followed.delete(tenantId);
      stop(held.tail);
    },
    get size() {
      return followed.size;
    },
    async lag() {
      let most = 0n;
      await eachHead((tail, head) => {
        if (head - tail.head > most) most = head - tail.head;
      });
      return Number(most);
    },
    async close() {
      closing.abort();
      polling.cancel();
      unhint();
      for (const { tail } of followed.values()) stop(tail);
      followed.clear();
      await looking;
      await Promise.all(stopping);
    },
  };
}
