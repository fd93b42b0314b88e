/**
 * Writing to the log and following it, as the tests of this folder do.
 * @module
 */
import { randomUUID } from 'node:crypto';
import type { Database } from '../../src/db/client.ts';
import { appendEvents, type NewEvent } from '../../src/events/append.ts';
import type { EventBus, HintListener } from '../../src/events/bus.ts';
import type { EventRow } from '../../src/events/read.ts';
import type { StreamMessage } from '../../src/events/streams.ts';
import { systemWorld, type World } from '../../src/world.ts';

export const world = systemWorld();
export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;

/** The real world, whose clock a test can put forward: timers that have come due by then fire at once. */
export function jumpingWorld(): World & { jump(ms: number): void } {
  let ahead = 0;
  const pending = new Set<{ readonly at: number; readonly fire: () => void }>();
  const monotonic = (): number => world.monotonic() + ahead;
  return {
    ...world,
    now: () => new Date(world.now().getTime() + ahead),
    monotonic,
    timer(ms, fire) {
      const entry = {
        at: monotonic() + ms,
        fire: () => {
          cancel();
          fire();
        },
      };
      const real = world.timer(ms, entry.fire);
      const cancel = (): void => {
        real.cancel();
        pending.delete(entry);
      };
      pending.add(entry);
      return { cancel };
    },
    jump(ms) {
      ahead += ms;
      for (const entry of [...pending].toSorted((a, b) => a.at - b.at)) if (entry.at <= monotonic()) entry.fire();
    },
  };
}

/** How much the long form does, and the short one. */
export const amount = (long: number, short: number): number => (process.env['LONG'] ? long : short);

/** Mulberry32: the same numbers in [0, 1) for the same seed. */
export function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A seed for this run, printed so that a failure can be played again with SEED=… */
export function newSeed(): number {
  const seed = Number(process.env['SEED'] ?? Math.floor(Math.random() * 2 ** 31));
  console.log(`SEED=${seed}`);
  return seed;
}

export function newEvent(tenantId: string, given: Partial<NewEvent> = {}): NewEvent {
  return {
    tenantId,
    id: world.uuid(),
    envelopeId: randomUUID(),
    accountId: randomUUID(),
    type: 'ENVELOPE_SENT',
    occurredAt: new Date('2026-03-01T12:00:00.123Z'),
    source: 'WEBHOOK',
    status: 'SENT',
    recipientId: null,
    recipientStatus: null,
    ...given,
  };
}

export async function append(database: Database, ...events: readonly NewEvent[]): Promise<void> {
  const tenants = [...new Set(events.map(({ tenantId }) => tenantId))];
  await database.withTenants(tenants, (tx) => appendEvents(tx, events));
}

/** `count` events of one tenant in one transaction. */
export async function appendMany(database: Database, tenantId: string, count: number): Promise<NewEvent[]> {
  const events = Array.from({ length: count }, () => newEvent(tenantId));
  await append(database, ...events);
  return events;
}

export const sequences = (rows: readonly EventRow[]): number[] => rows.map(({ sequence }) => Number(sequence));

/** 1, 2, 3 … */
export const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1);

/** A bus that a test pulls the strings of: nothing is told unless it says so. */
export function silentBus(): EventBus & { readonly listeners: Set<HintListener> } {
  const listeners = new Set<HintListener>();
  return {
    listeners,
    hint(tenantIds) {
      for (const listener of listeners) listener(tenantIds);
    },
    onHint(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    close: async () => undefined,
  };
}

/** Pulls until `count` events have come; messages without event are passed over. The stream stays open. */
export async function take(
  stream: AsyncGenerator<StreamMessage, void, void>,
  count: number,
): Promise<(StreamMessage & { event: EventRow })[]> {
  const taken: (StreamMessage & { event: EventRow })[] = [];
  while (taken.length < count) {
    const { done, value } = await stream.next();
    if (done) throw new Error(`the stream ended after ${taken.length} events`);
    if (value.event) taken.push({ cursor: value.cursor, event: value.event });
  }
  return taken;
}

/** The message that comes next; fails when the stream has ended. */
export async function next<T>(stream: AsyncGenerator<T, void, void>): Promise<T> {
  const { done, value } = await stream.next();
  if (done) throw new Error('the stream has ended');
  return value;
}

/** Waits until `holds`, or fails after five seconds. */
export async function eventually(holds: () => boolean): Promise<void> {
  const end = performance.now() + 5_000;
  while (!holds()) {
    if (performance.now() > end) throw new Error(`never came true: ${holds.toString()}`);
    await world.sleep(2);
  }
}
