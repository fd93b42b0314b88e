/**
 * A virtual clock: wall time plus an offset that can be moved forward. Expiry and retry schedules of days
 * run in the moment it takes to advance over them.
 * @module
 */

export interface Alarm {
  cancel(): void;
}

export interface SandboxClock {
  /** Virtual time, milliseconds since the epoch. */
  now(): number;
  /** The machine's own time: what clients put into their assertions. */
  wall(): number;
  /** How far the virtual time is ahead of the machine's, in milliseconds. */
  ahead(): number;
  /** Runs `fire` once the virtual time has come. A promise it returns is awaited by `advance`. */
  at(due: number, fire: () => unknown): Alarm;
  after(ms: number, fire: () => unknown): Alarm;
  /** Moves the clock and rings every alarm on the way, in order, each at its own time. */
  advance(ms: number): Promise<void>;
  stop(): void;
}

interface Entry {
  due: number;
  order: number;
  fire: (() => unknown) | undefined;
}

const LONGEST_TIMEOUT = 2_147_483_647;
/** An alarm's work (a webhook to a silent receiver) may not hold `advance` for longer, in real milliseconds. */
const LONGEST_WAIT = 10_000;

/** `ahead` is that of an earlier clock, which this one continues. */
export function createClock(ahead = 0): SandboxClock {
  const heap: Entry[] = [];
  let offset = ahead;
  let frozen: number | undefined;
  let order = 0;
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;

  const now = (): number => frozen ?? Date.now() + offset;

  const ring = (entry: Entry): unknown => {
    const fire = entry.fire;
    entry.fire = undefined;
    return fire?.();
  };

  const arm = (): void => {
    clearTimeout(timer);
    timer = undefined;
    const first = heap[0];
    if (first === undefined || stopped || frozen !== undefined) return;
    timer = setTimeout(wake, Math.min(Math.max(first.due - now(), 0), LONGEST_TIMEOUT));
    timer.unref();
  };

  const wake = (): void => {
    for (let first = heap[0]; first !== undefined && first.due <= now(); first = heap[0]) {
      pop(heap);
      ring(first);
    }
    arm();
  };

  const at = (due: number, fire: () => unknown): Alarm => {
    const entry: Entry = { due, order: order++, fire };
    push(heap, entry);
    if (heap[0] === entry) arm();
    return {
      cancel: () => {
        entry.fire = undefined;
      },
    };
  };

  return {
    now,
    wall: () => Date.now(),
    ahead: () => now() - Date.now(),
    at,
    after: (ms, fire) => at(now() + ms, fire),
    async advance(ms) {
      const target = now() + ms;
      for (let first = heap[0]; first !== undefined && first.due <= target; first = heap[0]) {
        pop(heap);
        if (first.fire === undefined) continue;
        frozen = Math.max(first.due, now());
        await bounded(ring(first));
      }
      frozen = undefined;
      offset = target - Date.now();
      arm();
    },
    stop() {
      stopped = true;
      clearTimeout(timer);
    },
  };
}

async function bounded(work: unknown): Promise<void> {
  if (!(work instanceof Promise)) return;
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise((resolve) => {
    timer = setTimeout(resolve, LONGEST_WAIT);
  });
  await Promise.race([work, limit]);
  clearTimeout(timer);
}

const before = (a: Entry, b: Entry): boolean => a.due < b.due || (a.due === b.due && a.order < b.order);

function push(heap: Entry[], entry: Entry): void {
  heap.push(entry);
  let child = heap.length - 1;
  while (child > 0) {
    const parent = (child - 1) >> 1;
    const above = heap[parent];
    if (above === undefined || before(above, entry)) break;
    heap[child] = above;
    child = parent;
  }
  heap[child] = entry;
}

function pop(heap: Entry[]): void {
  const last = heap.pop();
  if (last === undefined || heap.length === 0) return;
  let parent = 0;
  for (;;) {
    let child = 2 * parent + 1;
    let below = heap[child];
    if (below === undefined) break;
    const right = heap[child + 1];
    if (right !== undefined && before(right, below)) {
      child += 1;
      below = right;
    }
    if (before(last, below)) break;
    heap[parent] = below;
    parent = child;
  }
  heap[parent] = last;
}
