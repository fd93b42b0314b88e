import { randomUUID } from 'node:crypto';
import { eq } from 'drizzle-orm';
import { describe, expect, inject, it } from 'vitest';
import type { Database } from '../../src/db/client.ts';
import { events, heads } from '../../src/db/tables/log.ts';
import { createEventBus } from '../../src/events/bus.ts';
import { decodeCursor, encodeCursor, InvalidCursor } from '../../src/events/cursor.ts';
import { testDatabase } from '../kit/database.ts';
import { append, appendMany, eventually, newEvent, next, take, upTo, world } from './kit.ts';
import { streamsOf } from './start-streams.ts';

/** A database that fails while told to. */
function flaky(database: Database) {
  const control = { broken: false };
  const withTenants: Database['withTenants'] = (tenants, work) =>
    control.broken ? Promise.reject(new Error('no connection')) : database.withTenants(tenants, work);
  return { control, database: { ...database, withTenants } };
}

const database = await testDatabase();
const start = streamsOf(database);

/** Takes away the events up to and with `last`, as retention does. */
async function forget(tenantId: string, last: number): Promise<void> {
  await database.withTenants([tenantId], async (tx) => {
    for (let n = 1; n <= last; n += 1) await tx.delete(events).where(eq(events.sequence, BigInt(n)));
    await tx.update(heads).set({ earliest: BigInt(last + 1) });
  });
}

describe('following the log', () => {
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
});
