/**
 * Look-ups joined over requests: what is asked for while others are in flight shares the next statement, so a busy
 * gateway asks the database seldom and an idle one at once. Nothing is cached: a look-up begins after it was asked for.
 * @module
 */
import DataLoader from 'dataloader';
import type { World } from '../world.ts';

/** Milliseconds that others wait for one to come back; one that takes longer holds up nobody. */
const PATIENCE_MS = 50;
const MOST_KEYS = 1_000;

export interface Loader<Value> {
  load(key: string): Promise<Value>;
}

/** `lookUp` gets keys of which no two are equal; what it answers for a key, all who asked for it get. */
export function joinedLoader<Value>(
  world: World,
  lookUp: (keys: readonly string[]) => Promise<(key: string) => Value>,
): Loader<Value> {
  let awaited: symbol | null = null;
  const waiting: (() => void)[] = [];

  function begin(): void {
    if (awaited === null) waiting.shift()?.();
  }

  async function look(keys: readonly string[]): Promise<Value[]> {
    const mine = Symbol('a look-up');
    awaited = mine;
    const over = (): void => {
      if (awaited !== mine) return;
      awaited = null;
      begin();
    };
    const patience = world.timer(PATIENCE_MS, over);
    try {
      const valueOf = await lookUp([...new Set(keys)]);
      return keys.map(valueOf);
    } finally {
      patience.cancel();
      over();
    }
  }

  return new DataLoader<string, Value>(look, {
    cache: false,
    maxBatchSize: MOST_KEYS,
    batchScheduleFn: (dispatch) => {
      waiting.push(dispatch);
      // After all that this turn asks for: the fields of a page are resolved in it one after the other.
      queueMicrotask(() => process.nextTick(begin));
    },
  });
}
