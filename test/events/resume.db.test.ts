/**
 * The promise of the log under load: whoever follows it and is cut off at any point goes on by the last cursor and has
 * seen each event exactly once, whatever becomes of the hints.
 */
import { randomUUID } from 'node:crypto';
import { afterEach, beforeAll, describe, expect, inject, it } from 'vitest';
import type { Database } from '../../src/db/client.ts';
import { appendEvents, type NewEvent } from '../../src/events/append.ts';
import { createEventBus, type EventBus } from '../../src/events/bus.ts';
import { encodeCursor } from '../../src/events/cursor.ts';
import { matcher } from '../../src/events/filter.ts';
import { createEventPages } from '../../src/events/pages.ts';
import { type EventFilter, type EventRow, logCursor, readEvents } from '../../src/events/read.ts';
import { createEventStreams, type EventStreams } from '../../src/events/streams.ts';
import { testDatabase } from '../kit/database.ts';
import { amount, newEvent, newSeed, randomFrom, sequences, upTo, world } from './kit.ts';

const WRITERS = 8;
const EVENTS = amount(20_000, inject('database') === 'pglite' ? 300 : 600);
const CUTS = amount(300, 20);

const honest = (bus: EventBus): EventBus => bus;
/** Half the hints never come, the others come twice. */
const lying = (bus: EventBus): EventBus => {
  let turn = 0;
  return {
    ...bus,
    onHint: (listener) =>
      bus.onHint((tenants) => {
        turn += 1;
        if (turn % 2 === 0) return;
        listener(tenants);
        listener(tenants);
      }),
  };
};

/** Follows until `enough`, cut after a random number of messages or while it waits, on one replica or another. */
async function followCut(
  replicasToUse: readonly EventStreams[],
  tenantId: string,
  filter: EventFilter,
  random: () => number,
  enough: (seen: readonly EventRow[]) => boolean,
): Promise<{ seen: EventRow[]; cuts: number }> {
  const seen: EventRow[] = [];
  let after = encodeCursor(tenantId, 0n);
  let cuts = 0;
  // All cuts fall while there is still something to follow, with a filter too.
  const longest = EVENTS / CUTS;
  while (!enough(seen)) {
    const streams = replicasToUse[Math.floor(random() * replicasToUse.length)];
    if (!streams) throw new Error('no replica');
    const abort = new AbortController();
    const stream = streams.follow({ tenantId, after, filter, signal: abort.signal });
    const cutAfter = cuts < CUTS ? Math.ceil(random() * longest) : Infinity;
    const abruptly = random() < 0.5;
    let told = 0;
    for (;;) {
      const { done, value } = await stream.next();
      if (done) throw new Error('the stream ended by itself');
      after = value.cursor;
      if (value.event) seen.push(value.event);
      told += 1;
      if (told >= cutAfter || enough(seen)) break;
    }
    cuts += 1;
    // Sometimes in the middle of waiting for the next message, which is then lost with the connection.
    const lost = abruptly ? stream.next() : null;
    if (abruptly) abort.abort();
    await stream.return();
    await lost;
    expect(streams.size).toBeLessThan(2);
  }
  return { seen, cuts };
}

describe('a follower that is cut off again and again', () => {
  let database: Database;
  beforeAll(async () => {
    database = await testDatabase();
  });

  const toClose: { close(): Promise<void> }[] = [];
  afterEach(async () => {
    for (const opened of toClose.splice(0).toReversed()) await opened.close();
  });

  /** Two replicas, as far as a process can play them: each its own bus and streams. */
  async function replicas(distort: (bus: EventBus) => EventBus): Promise<EventStreams[]> {
    const made: EventStreams[] = [];
    for (let n = 0; n < 2; n += 1) {
      const bus = await createEventBus({ database, world });
      const streams = createEventStreams({ database, bus: distort(bus), world, pollMs: 25, heartbeatMs: 50, keep: 64 });
      toClose.push(bus, streams);
      made.push(streams);
    }
    return made;
  }

  /** Eight writers with chance delays and 5 % rollbacks. Answers what was committed, once all is written. */
  async function write(tenantId: string, envelopeIds: readonly string[], seed: number, hint: () => void) {
    const committed: string[] = [];
    const other = randomUUID();
    const writer = async (number: number): Promise<void> => {
      const random = randomFrom(seed + number);
      let left = Math.ceil(EVENTS / WRITERS);
      while (left > 0) {
        const events: NewEvent[] = Array.from({ length: Math.min(left, 1 + Math.floor(random() * 4)) }, () =>
          newEvent(tenantId, { envelopeId: envelopeIds[Math.floor(random() * envelopeIds.length)] ?? '' }),
        );
        const rollback = random() < 0.05;
        const [before, after] = [random() * 3, random() * 3];
        const noise = random() < 0.3 ? [newEvent(other)] : [];
        try {
          await database.withTenants([tenantId, other], async (tx) => {
            await world.sleep(before);
            await appendEvents(tx, [...noise, ...events]);
            await world.sleep(after);
            if (rollback) throw new RangeError('rolled back');
          });
          committed.push(...events.map(({ id }) => id));
          left -= events.length;
          hint();
        } catch (error) {
          if (!(error instanceof RangeError)) throw error;
        }
      }
    };
    await Promise.all(upTo(WRITERS).map(writer));
    return committed;
  }

  const none: EventFilter = {};
  const [first, second, third] = [randomUUID(), randomUUID(), randomUUID()];

  it.each([
    ['without a filter', none, honest],
    ['with a filter', { envelopeIds: [first, third] }, honest],
    ['though half the hints are lost and the others doubled', none, lying],
  ])('misses nothing and repeats nothing %s', async (_how, filter, distort) => {
    const seed = newSeed();
    const tenantId = randomUUID();
    const streams = await replicas(distort);
    const hinting = await createEventBus({ database, world });
    toClose.push(hinting);
    let expected = Infinity;
    const writing = write(tenantId, [first, second, third], seed, () => hinting.hint([tenantId]));
    const following = followCut(streams, tenantId, filter, randomFrom(seed), (seen) => seen.length >= expected);
    await writing;
    const all = await database.withTenants([tenantId], (tx) =>
      readEvents(tx, { tenantId, after: 0n, limit: 2 * EVENTS, filter: {} }),
    );
    const matching = all.rows.filter(matcher(filter));
    expected = matching.length;
    const { seen, cuts } = await following;
    expect(all.rows.map(({ id }) => id).toSorted(), `SEED=${seed}`).toEqual((await writing).toSorted());
    expect(sequences(seen), `SEED=${seed}`).toEqual(sequences(matching));
    expect(seen, `SEED=${seed}`).toEqual(matching);
    expect(cuts, `SEED=${seed}`).toBeGreaterThanOrEqual(CUTS);
    if (process.env['LONG']) console.log(`${all.rows.length} events, ${cuts} cuts, ${seen.length} seen`);
  });

  it('sees what a query saw, and then the rest: query, then follow after its cursor', async () => {
    const seed = newSeed();
    const tenantId = randomUUID();
    const [streams] = await replicas(honest);
    const hinting = await createEventBus({ database, world });
    toClose.push(hinting);
    const pages = createEventPages(database);
    const writing = write(tenantId, [first], seed, () => hinting.hint([tenantId]));
    const random = randomFrom(seed);
    const rounds = amount(50, 5);
    for (let round = 0; round < rounds; round += 1) {
      await world.sleep(random() * 40);
      const queried = await database.readSnapshot([tenantId], async (tx) => ({
        rows: (await readEvents(tx, { tenantId, after: 0n, limit: 2 * EVENTS, filter: {} })).rows,
        cursor: await logCursor(tx, tenantId),
      }));
      const stream = streams?.follow({ tenantId, after: queried.cursor });
      const followed: EventRow[] = [];
      const page = await pages.page({ tenantId, after: queried.cursor, limit: 20, filter: {} });
      while (followed.length < page.rows.length) {
        const message = await stream?.next();
        if (message?.value?.event) followed.push(message.value.event);
      }
      await stream?.return();
      expect(sequences([...queried.rows, ...followed]), `SEED=${seed}`).toEqual(
        upTo(queried.rows.length + page.rows.length),
      );
    }
    await writing;
  });
});

describe('the gap that sequences alone would leave', () => {
  it('is never seen by a reader that goes on from the last number it read', async () => {
    const database = await testDatabase();
    const seed = newSeed();
    const tenantId = randomUUID();
    const stop = new AbortController();
    let written = 0;
    const writer = async (number: number): Promise<void> => {
      const random = randomFrom(seed + number);
      while (written < amount(20_000, 300)) {
        const events = Array.from({ length: 1 + Math.floor(random() * 3) }, () => newEvent(tenantId));
        const rollback = random() < 0.05;
        const pause = random() * 5;
        await database
          .withTenants([tenantId], async (tx) => {
            await appendEvents(tx, events);
            // A transaction that has its numbers and commits late: what the reader must not overtake.
            await world.sleep(pause);
            if (rollback) throw new RangeError('rolled back');
            written += events.length;
          })
          .catch((error: unknown) => {
            if (!(error instanceof RangeError)) throw error;
          });
      }
    };
    const reading = (async () => {
      const read: EventRow[] = [];
      for (;;) {
        const last = stop.signal.aborted;
        const after = read.at(-1)?.sequence ?? 0n;
        const { rows } = await database.withTenants([tenantId], (tx) =>
          readEvents(tx, { tenantId, after, limit: 7, filter: {} }),
        );
        read.push(...rows);
        if (last && rows.length === 0) return read;
      }
    })();
    await Promise.all(upTo(8).map(writer));
    stop.abort();
    expect(sequences(await reading), `SEED=${seed}`).toEqual(upTo(written));
  });
});
