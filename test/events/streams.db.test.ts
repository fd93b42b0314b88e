import { randomUUID } from 'node:crypto';
import { eq } from 'drizzle-orm';
import { afterEach, beforeAll, describe, expect, inject, it } from 'vitest';
import type { Database } from '../../src/db/client.ts';
import { events, heads } from '../../src/db/tables.ts';
import { createEventBus } from '../../src/events/bus.ts';
import { decodeCursor, encodeCursor, InvalidCursor } from '../../src/events/cursor.ts';
import { createEventStreams, type EventStreams, type StreamsOptions } from '../../src/events/streams.ts';
import { testDatabase } from '../kit/database.ts';
import { append, appendMany, eventually, jumpingWorld, newEvent, next, silentBus, take, upTo, world } from './kit.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** A database that fails while told to. */
function flaky(database: Database) {
  const control = { broken: false };
  const withTenants: Database['withTenants'] = (tenants, work) =>
    control.broken ? Promise.reject(new Error('no connection')) : database.withTenants(tenants, work);
  return { control, database: { ...database, withTenants } };
}

describe('following the log', () => {
  let database: Database;
  beforeAll(async () => {
    database = await testDatabase();
  });

  const running: EventStreams[] = [];
  afterEach(async () => {
    await Promise.all(running.splice(0).map((streams) => streams.close()));
  });

  /** Streams that never look by themselves, unless told otherwise: what a test sees comes from its own hints. */
  function start(given: Partial<StreamsOptions> = {}) {
    const bus = silentBus();
    const streams = createEventStreams({
      database,
      bus,
      world,
      pollMs: HOUR,
      heartbeatMs: HOUR,
      onError: (error) => {
        throw error;
      },
      ...given,
    });
    running.push(streams);
    const write = async (tenantId: string, count: number) => {
      const written = await appendMany(database, tenantId, count);
      bus.hint([tenantId]);
      return written;
    };
    return { bus, streams, write };
  }

  describe('where it begins', () => {
    it('answers a cursor and no event at once', async () => {
      const { streams } = start();
      const tenantId = randomUUID();
      await appendMany(database, tenantId, 3);
      expect(await next(streams.follow({ tenantId }))).toEqual({ cursor: encodeCursor(tenantId, 3n), event: null });
    });

    it('is now, the earliest event, or after a cursor, which outdoes `from`', async () => {
      const { streams, write } = start();
      const tenantId = randomUUID();
      await appendMany(database, tenantId, 3);
      const now = streams.follow({ tenantId });
      const earliest = streams.follow({ tenantId, from: 'EARLIEST' });
      const after = streams.follow({ tenantId, from: 'EARLIEST', after: encodeCursor(tenantId, 2n) });
      await next(now);
      await write(tenantId, 1);
      const first = await Promise.all([now, earliest, after].map(async (stream) => (await take(stream, 1))[0]));
      expect(first.map((message) => message?.event.sequence)).toEqual([4n, 1n, 3n]);
    });

    it('misses nothing that is committed between the first message and the first wait', async () => {
      const { streams, write } = start();
      const tenantId = randomUUID();
      const stream = streams.follow({ tenantId });
      await next(stream);
      await write(tenantId, 2);
      await eventually(() => true);
      expect((await take(stream, 2)).map(({ event }) => event.sequence)).toEqual([1n, 2n]);
    });

    it.each([
      ['garbage', () => 'not a cursor'],
      ["another tenant's", () => encodeCursor(randomUUID(), 0n)],
      ['beyond the head', (tenantId: string) => encodeCursor(tenantId, 99n)],
    ])('refuses a cursor that is %s', async (_what, cursor) => {
      const { streams } = start();
      const tenantId = randomUUID();
      await expect(streams.follow({ tenantId, after: cursor(tenantId) }).next()).rejects.toThrow(InvalidCursor);
      expect(streams.size).toBe(0);
    });

    it('ends with CURSOR_EXPIRED and the earliest cursor when events after the cursor are no longer kept', async () => {
      const { streams } = start();
      const tenantId = randomUUID();
      await appendMany(database, tenantId, 5);
      await forget(tenantId, 3);
      const after = encodeCursor(tenantId, 2n);
      await expect(streams.follow({ tenantId, after }).next()).rejects.toMatchObject({
        code: 'CURSOR_EXPIRED',
        cursor: after,
        earliestCursor: encodeCursor(tenantId, 3n),
      });
    });

    it('ends with CURSOR_EXPIRED when the log is cut off under a stream that is still catching up', async () => {
      const { streams } = start();
      const tenantId = randomUUID();
      await appendMany(database, tenantId, 500);
      const stream = streams.follow({ tenantId, from: 'EARLIEST' });
      await take(stream, 200);
      await forget(tenantId, 300);
      await expect(take(stream, 1)).rejects.toMatchObject({
        code: 'CURSOR_EXPIRED',
        cursor: encodeCursor(tenantId, 200n),
        earliestCursor: encodeCursor(tenantId, 300n),
      });
    });
  });

  describe('on its way', () => {
    it('tells each event once, in order, with the cursor to go on from it', async () => {
      const { streams, write } = start();
      const tenantId = randomUUID();
      const stream = streams.follow({ tenantId });
      await next(stream);
      const written = await write(tenantId, 3);
      const told = await take(stream, 3);
      expect(told.map(({ event }) => event.id)).toEqual(written.map(({ id }) => id));
      expect(told.map(({ cursor }) => decodeCursor(tenantId, cursor))).toEqual([1n, 2n, 3n]);
    });

    it('catches up through pages of the database, further back than memory reaches, and goes on live', async () => {
      const { streams, write } = start({ keep: 10 });
      const tenantId = randomUUID();
      await appendMany(database, tenantId, 450);
      const stream = streams.follow({ tenantId, from: 'EARLIEST' });
      await take(stream, 10);
      await write(tenantId, 50);
      expect((await take(stream, 490)).map(({ event }) => Number(event.sequence))).toEqual(
        upTo(490).map((n) => n + 10),
      );
      await write(tenantId, 1);
      expect((await take(stream, 1))[0]?.event.sequence).toBe(501n);
    });

    it('lets through what the filter does, and moves the cursor past the rest with each heartbeat', async () => {
      const { streams, bus } = start({ heartbeatMs: 40 });
      const tenantId = randomUUID();
      const envelopeId = randomUUID();
      const stream = streams.follow({ tenantId, filter: { envelopeIds: [envelopeId] } });
      await next(stream);
      await append(database, newEvent(tenantId), newEvent(tenantId, { envelopeId }), newEvent(tenantId));
      bus.hint();
      expect((await take(stream, 1))[0]?.event.sequence).toBe(2n);
      expect(await next(stream)).toEqual({ cursor: encodeCursor(tenantId, 3n), event: null });
    });

    it('sends heartbeats though news that the filter leaves out never ceases', async () => {
      const { streams, write } = start({ heartbeatMs: 60 });
      const tenantId = randomUUID();
      const stream = streams.follow({ tenantId, filter: { types: ['ENVELOPE_VOIDED'] } });
      await next(stream);
      const stop = new AbortController();
      const writing = (async () => {
        while (!stop.signal.aborted) await write(tenantId, 1);
      })();
      const began = performance.now();
      const beats = [await next(stream), await next(stream), await next(stream)];
      const took = performance.now() - began;
      stop.abort();
      await writing;
      expect(beats.map(({ event }) => event)).toEqual([null, null, null]);
      expect(took).toBeGreaterThan(170);
      expect(took).toBeLessThan(1_500);
    });

    it('shows a narrowed token the events of its envelopes alone, whatever the filter asks for', async () => {
      const { streams, bus } = start();
      const tenantId = randomUUID();
      const [mine, other] = [randomUUID(), randomUUID()];
      const streamsOf = [undefined, { envelopeIds: [mine, other] }].map((filter) =>
        streams.follow({ tenantId, from: 'EARLIEST', allowed: new Set([mine]), ...(filter && { filter }) }),
      );
      const write = () =>
        append(database, newEvent(tenantId, { envelopeId: other }), newEvent(tenantId, { envelopeId: mine }));
      await write();
      for (const stream of streamsOf) expect((await take(stream, 1))[0]?.event.envelopeId).toBe(mine);
      await write();
      bus.hint();
      for (const stream of streamsOf) expect((await take(stream, 1))[0]?.event.sequence).toBe(4n);
    });

    it("never shows another tenant's events", async () => {
      const { streams, write } = start();
      const [mine, theirs] = [randomUUID(), randomUUID()];
      const stream = streams.follow({ tenantId: mine });
      await next(stream);
      await write(theirs, 5);
      await write(mine, 1);
      expect((await take(stream, 1))[0]?.event.tenantId).toBe(mine);
    });

    it('finds by its own slow look what no hint told', async () => {
      const { streams } = start({ pollMs: 30 });
      const tenantId = randomUUID();
      const stream = streams.follow({ tenantId });
      await next(stream);
      await appendMany(database, tenantId, 1);
      expect((await take(stream, 1))[0]?.event.sequence).toBe(1n);
    });

    it('survives a look that fails, and makes up for it with the next', async () => {
      const failures: unknown[] = [];
      let broken = false;
      const flaky: Database = {
        ...database,
        withTenants: (tenants, work) =>
          broken ? Promise.reject(new Error('no connection')) : database.withTenants(tenants, work),
      };
      const { streams, bus, write } = start({ database: flaky, onError: (error) => failures.push(error) });
      const tenantId = randomUUID();
      const stream = streams.follow({ tenantId });
      await next(stream);
      const waiting = take(stream, 1);
      broken = true;
      await write(tenantId, 1);
      await eventually(() => failures.length > 0);
      broken = false;
      bus.hint();
      expect((await waiting)[0]?.event.sequence).toBe(1n);
    });
  });

  describe('while the database fails', () => {
    it('fails a stream that needs it, which goes on by its cursor afterwards and has missed nothing', async () => {
      const { control, database: weak } = flaky(database);
      const { streams } = start({ database: weak });
      const tenantId = randomUUID();
      await appendMany(database, tenantId, 450);
      const stream = streams.follow({ tenantId, from: 'EARLIEST' });
      const told = await take(stream, 200);
      control.broken = true;
      await expect(take(stream, 1)).rejects.toThrow('no connection');
      expect(streams.size).toBe(0);
      control.broken = false;
      const after = told.at(-1)?.cursor ?? '';
      const rest = await take(streams.follow({ tenantId, after }), 250);
      expect([...told, ...rest].map(({ event }) => Number(event.sequence))).toEqual(upTo(450));
    });

    it('fails all streams that begin meanwhile, holds nothing of them, and lets the next begin', async () => {
      const { control, database: weak } = flaky(database);
      const { streams } = start({ database: weak });
      const tenantId = randomUUID();
      control.broken = true;
      const begun = upTo(3).map(() => streams.follow({ tenantId }).next());
      for (const outcome of await Promise.allSettled(begun)) expect(outcome.status).toBe('rejected');
      expect(streams.size).toBe(0);
      control.broken = false;
      expect(await next(streams.follow({ tenantId }))).toEqual({ cursor: encodeCursor(tenantId, 0n), event: null });
    });
  });

  // PGlite is one process: there are no replicas.
  describe.skipIf(inject('database') === 'pglite')('on two replicas', () => {
    it('hears of what another one wrote by its hint alone, long before the slow look', async () => {
      const [here, there] = await Promise.all([
        createEventBus({ database, world }),
        createEventBus({ database, world }),
      ]);
      const { streams } = start({ bus: here });
      const tenantId = randomUUID();
      const stream = streams.follow({ tenantId });
      await next(stream);
      const waiting = take(stream, 3);
      for (let n = 0; n < 3; n += 1) {
        await appendMany(database, tenantId, 1);
        there.hint([tenantId]);
      }
      expect((await waiting).map(({ event }) => Number(event.sequence))).toEqual([1, 2, 3]);
      await Promise.all([here.close(), there.close()]);
    });
  });

  describe('how it ends', () => {
    it('ends all streams with DRAINING and their cursor, and those that begin afterwards', async () => {
      const { streams, write } = start();
      const tenantId = randomUUID();
      const [waiting, fresh] = [streams.follow({ tenantId }), streams.follow({ tenantId })];
      const changes = streams.changes({ tenantId, envelopeId: randomUUID() });
      await next(waiting);
      await next(changes);
      await write(tenantId, 1);
      await take(waiting, 1);
      const pulls = [waiting.next(), changes.next()];
      streams.drain();
      const draining = { name: 'StreamEnded', code: 'DRAINING', cursor: encodeCursor(tenantId, 1n) };
      for (const pull of pulls) await expect(pull).rejects.toMatchObject(draining);
      await expect(fresh.next()).rejects.toMatchObject(draining);
      expect(streams.size).toBe(0);
    });

    it('ends within a second of the end of its token, though nothing happens', async () => {
      const { streams } = start();
      const tenantId = randomUUID();
      const until = new Date(Date.now() + 150);
      const stream = streams.follow({ tenantId, until });
      await next(stream);
      await expect(stream.next()).rejects.toMatchObject({
        code: 'TOKEN_EXPIRED',
        cursor: encodeCursor(tenantId, 0n),
      });
      expect(Date.now() - until.getTime()).toBeGreaterThanOrEqual(0);
      expect(Date.now() - until.getTime()).toBeLessThan(1_000);
    });

    it('tells no event after the end of its token, though some wait', async () => {
      const clock = jumpingWorld();
      const { streams } = start({ world: clock });
      const tenantId = randomUUID();
      await appendMany(database, tenantId, 10);
      const stream = streams.follow({ tenantId, from: 'EARLIEST', until: new Date(Date.now() + MINUTE) });
      await take(stream, 4);
      clock.jump(2 * MINUTE);
      await expect(stream.next()).rejects.toMatchObject({
        code: 'TOKEN_EXPIRED',
        cursor: encodeCursor(tenantId, 4n),
      });
    });

    it('ends a consumer that pulls too late and is too far behind, with the cursor of what it has', async () => {
      const clock = jumpingWorld();
      const { streams, write } = start({ world: clock, slowMs: MINUTE, maxLag: 5 });
      const tenantId = randomUUID();
      const slow = streams.follow({ tenantId });
      const quick = streams.follow({ tenantId });
      await next(slow);
      await next(quick);
      await write(tenantId, 20);
      await take(slow, 3);
      await take(quick, 20);
      clock.jump(2 * MINUTE);
      await expect(slow.next()).rejects.toMatchObject({ code: 'SLOW_CONSUMER', cursor: encodeCursor(tenantId, 3n) });
      expect(streams.size).toBe(1);
    });

    it('bears with a consumer that is late but not far behind, and with one that is behind but pulls', async () => {
      const clock = jumpingWorld();
      const { streams, write } = start({ world: clock, slowMs: MINUTE, maxLag: 5 });
      const tenantId = randomUUID();
      await appendMany(database, tenantId, 30);
      const late = streams.follow({ tenantId });
      const behind = streams.follow({ tenantId, from: 'EARLIEST' });
      await next(late);
      await write(tenantId, 4);
      clock.jump(2 * MINUTE);
      expect(await take(late, 4)).toHaveLength(4);
      expect(await take(behind, 34)).toHaveLength(34);
    });

    it('tells the transport once when a consumer never comes back, since no error can reach it', async () => {
      const clock = jumpingWorld();
      const { streams, write } = start({ world: clock, slowMs: MINUTE, maxLag: 5 });
      const tenantId = randomUUID();
      const told: string[] = [];
      const stalled = streams.follow({ tenantId, onStalled: () => told.push('stalled') });
      const quick = streams.follow({ tenantId, onStalled: () => told.push('quick') });
      await next(stalled);
      await next(quick);
      await write(tenantId, 10);
      const waiting = quick.next();
      await take(quick, 9);
      for (let n = 0; n < 5; n += 1) clock.jump(MINUTE);
      expect(await waiting).toMatchObject({ value: { event: { sequence: 1n } } });
      expect(told).toEqual(['stalled']);
    });
  });

  describe('what it leaves behind', () => {
    /** Each way a consumer goes, from a stream that has begun. */
    const ways: [string, (stream: AsyncGenerator<unknown>, abort: () => void) => Promise<unknown>][] = [
      ['returns', (stream) => stream.return(undefined)],
      ['throws', (stream) => stream.throw(new Error('enough')).catch(() => undefined)],
      ['aborts', async (_stream, abort) => abort()],
      [
        'returns while it waits',
        async (stream) => {
          const pull = stream.next();
          await stream.return(undefined);
          expect(await pull).toEqual({ done: true, value: undefined });
        },
      ],
      [
        'aborts while it waits',
        async (stream, abort) => {
          const pull = stream.next();
          await world.sleep(5);
          abort();
          expect(await pull).toEqual({ done: true, value: undefined });
        },
      ],
    ];

    it.each(ways)('holds nothing when the consumer %s', async (_what, leave) => {
      const { streams, bus } = start();
      const tenantId = randomUUID();
      const abort = new AbortController();
      const life = { tenantId, signal: abort.signal, until: new Date(Date.now() + HOUR) };
      for (const stream of [streams.follow(life), streams.changes({ ...life, envelopeId: randomUUID() })]) {
        await stream.next();
        expect(streams.size).toBe(1);
        await leave(stream, () => abort.abort());
        expect(streams.size).toBe(0);
        expect(await stream.next()).toEqual({ done: true, value: undefined });
        if (abort.signal.aborted) break;
      }
      expect(bus.listeners.size).toBe(1);
    });

    it('never begins for a consumer that has gone already', async () => {
      const { streams } = start();
      const stream = streams.follow({ tenantId: randomUUID(), signal: AbortSignal.abort() });
      expect(await stream.next()).toEqual({ done: true, value: undefined });
      expect(streams.size).toBe(0);
    });

    it('reads no more for a tenant that nobody follows', async () => {
      const asked: string[] = [];
      const watched: Database = {
        ...database,
        withTenants: (tenants, work) => {
          asked.push(...tenants);
          return database.withTenants(tenants, work);
        },
      };
      const { streams, bus } = start({ database: watched });
      const [left, kept] = [randomUUID(), randomUUID()];
      const leaving = streams.follow({ tenantId: left });
      const staying = streams.follow({ tenantId: kept });
      await next(leaving);
      await next(staying);
      await leaving.return();
      asked.length = 0;
      bus.hint();
      await eventually(() => asked.length > 0);
      expect(asked).toEqual([kept]);
    });

    it('reads the heads of all tenants together, and not at all for a hint about a tenant nobody follows', async () => {
      let transactions = 0;
      const counted: Database = {
        ...database,
        withTenants: (tenants, work) => {
          transactions += 1;
          return database.withTenants(tenants, work);
        },
      };
      const { streams, bus } = start({ database: counted });
      const followed = upTo(20).map(() => streams.follow({ tenantId: randomUUID() }));
      await Promise.all(followed.map((stream) => next(stream)));
      transactions = 0;
      bus.hint([randomUUID()]);
      await world.sleep(10);
      expect(transactions).toBe(0);
      bus.hint();
      await eventually(() => transactions > 0);
      await world.sleep(20);
      expect(transactions).toBe(1);
    });

    it('reads each event once for all streams of a tenant', async () => {
      let transactions = 0;
      const counted: Database = {
        ...database,
        withTenants: (tenants, work) => {
          transactions += 1;
          return database.withTenants(tenants, work);
        },
      };
      const { streams, write } = start({ database: counted });
      const tenantId = randomUUID();
      const followers = upTo(50).map(() => streams.follow({ tenantId }));
      await Promise.all(followers.map((stream) => next(stream)));
      transactions = 0;
      await write(tenantId, 3);
      await Promise.all(followers.map((stream) => take(stream, 3)));
      expect(transactions).toBe(2);
    });
  });

  describe('the changes of one envelope', () => {
    it('are told at once, then after each change, and never for another envelope', async () => {
      const { streams, bus } = start();
      const tenantId = randomUUID();
      const envelopeId = randomUUID();
      const changes = streams.changes({ tenantId, envelopeId });
      await next(changes);
      let told = 0;
      const pull = next(changes).then(() => (told += 1));
      await append(database, newEvent(tenantId));
      bus.hint();
      await world.sleep(30);
      expect(told).toBe(0);
      await append(database, newEvent(tenantId, { envelopeId }));
      bus.hint();
      await pull;
      expect(told).toBe(1);
    });

    it('are told as one when they pile up', async () => {
      const { streams, bus } = start();
      const tenantId = randomUUID();
      const envelopeId = randomUUID();
      const witness = streams.follow({ tenantId });
      await next(witness);
      const changes = streams.changes({ tenantId, envelopeId });
      await next(changes);
      await append(database, ...upTo(250).map(() => newEvent(tenantId, { envelopeId })));
      bus.hint();
      await take(witness, 250);
      await next(changes);
      const more = next(changes);
      const first = await Promise.race([more.then(() => 'told again'), world.sleep(50).then(() => 'quiet')]);
      expect(first).toBe('quiet');
      await append(database, newEvent(tenantId, { envelopeId }));
      bus.hint();
      await more;
    });

    it('are never missed: the state read after a change holds all that was told before it', async () => {
      const { streams, bus } = start();
      const tenantId = randomUUID();
      const envelopeId = randomUUID();
      const count = async (): Promise<number> =>
        database.withTenants([tenantId], async (tx) => tx.$count(events, eq(events.envelopeId, envelopeId)));
      const changes = streams.changes({ tenantId, envelopeId });
      const writing = (async () => {
        for (let n = 0; n < 60; n += 1) {
          await append(database, newEvent(tenantId, { envelopeId }), newEvent(tenantId));
          bus.hint();
        }
      })();
      let state = 0;
      while (state < 60) {
        await next(changes);
        state = await count();
      }
      await writing;
      expect(state).toBe(60);
    });

    it('end with the token', async () => {
      const { streams } = start();
      const changes = streams.changes({
        tenantId: randomUUID(),
        envelopeId: randomUUID(),
        until: new Date(Date.now() + 60),
      });
      await next(changes);
      await expect(changes.next()).rejects.toMatchObject({ code: 'TOKEN_EXPIRED' });
    });
  });

  /** Takes away the events up to and with `last`, as retention does. */
  async function forget(tenantId: string, last: number): Promise<void> {
    await database.withTenants([tenantId], async (tx) => {
      for (let n = 1; n <= last; n += 1) await tx.delete(events).where(eq(events.sequence, BigInt(n)));
      await tx.update(heads).set({ earliest: BigInt(last + 1) });
    });
  }
});
