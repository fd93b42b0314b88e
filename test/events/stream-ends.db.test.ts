import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { Database } from '../../src/db/client.ts';
import { encodeCursor } from '../../src/events/cursor.ts';
import { testDatabase } from '../kit/database.ts';
import { appendMany, eventually, HOUR, jumpingWorld, MINUTE, next, take, upTo, world } from './kit.ts';
import { streamsOf } from './start-streams.ts';

const database = await testDatabase();
const start = streamsOf(database);

/** The database, with its transactions counted. */
function counting() {
  const counted = {
    transactions: 0,
    database: {
      ...database,
      withTenants: (tenants, work) => {
        counted.transactions += 1;
        return database.withTenants(tenants, work);
      },
    } satisfies Database,
  };
  return counted;
}

describe('a stream', () => {
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

    it('ends at the end of its token, though nothing happens', async () => {
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
      const counted = counting();
      const { streams, bus } = start({ database: counted.database });
      const followed = upTo(20).map(() => streams.follow({ tenantId: randomUUID() }));
      await Promise.all(followed.map((stream) => next(stream)));
      counted.transactions = 0;
      bus.hint([randomUUID()]);
      await world.sleep(10);
      expect(counted.transactions).toBe(0);
      bus.hint();
      await eventually(() => counted.transactions > 0);
      await world.sleep(20);
      expect(counted.transactions).toBe(1);
    });

    it('reads each event once for all streams of a tenant', async () => {
      const counted = counting();
      const { streams, write } = start({ database: counted.database });
      const tenantId = randomUUID();
      const followers = upTo(50).map(() => streams.follow({ tenantId }));
      await Promise.all(followers.map((stream) => next(stream)));
      counted.transactions = 0;
      await write(tenantId, 3);
      await Promise.all(followers.map((stream) => take(stream, 3)));
      expect(counted.transactions).toBe(2);
    });
  });
});
