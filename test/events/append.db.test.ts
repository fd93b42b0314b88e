import { randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, inject, it } from 'vitest';
import { appendEvents, type NewEvent } from '../../src/events/append.ts';
import { type EventRow, readEvents, readHead } from '../../src/events/read.ts';
import type { Database } from '../../src/db/client.ts';
import { sqlState } from '../../src/db/postgres/database-fault.ts';
import { testDatabase } from '../kit/database.ts';
import { amount, append, appendMany, newEvent, newSeed, randomFrom, sequences, upTo, world } from './kit.ts';

describe('appending to the log', () => {
  let database: Database;
  beforeAll(async () => {
    database = await testDatabase();
  });

  const log = (tenantId: string): Promise<EventRow[]> =>
    database.withTenants(
      [tenantId],
      async (tx) => (await readEvents(tx, { tenantId, after: 0n, limit: 100_000, filter: {} })).rows,
    );
  it('numbers the events of a tenant 1, 2, 3 in the order given, over several appends', async () => {
    const tenantId = randomUUID();
    const first = await appendMany(database, tenantId, 3);
    const second = await appendMany(database, tenantId, 2);
    const rows = await log(tenantId);
    expect(sequences(rows)).toEqual(upTo(5));
    expect(rows.map(({ id }) => id)).toEqual([...first, ...second].map(({ id }) => id));
  });

  it('stores every member as it was given, and when it was recorded', async () => {
    const tenantId = randomUUID();
    const event = newEvent(tenantId, {
      type: 'RECIPIENT_SIGNED',
      status: 'PARTIALLY_SIGNED',
      source: 'READ',
      recipientId: randomUUID(),
      recipientStatus: 'SIGNED',
    });
    const before = Date.now() - 1;
    await append(database, event);
    const [row] = await log(tenantId);
    expect(row).toEqual({ ...event, sequence: 1n, recordedAt: expect.any(Date) });
    expect(row?.recordedAt.getTime()).toBeGreaterThanOrEqual(before);
  });

  it('numbers each tenant of a mixed batch by itself', async () => {
    const [one, two] = [randomUUID(), randomUUID()];
    await append(database, newEvent(one), newEvent(two), newEvent(one), newEvent(two), newEvent(two));
    expect(sequences(await log(one))).toEqual([1, 2]);
    expect(sequences(await log(two))).toEqual([1, 2, 3]);
  });

  it('does nothing when there is nothing to append', async () => {
    const tenantId = randomUUID();
    await database.withTenants([tenantId], (tx) => appendEvents(tx, []));
    expect(await database.withTenants([tenantId], (tx) => readHead(tx, tenantId))).toEqual({
      sequence: 0n,
      earliest: 1n,
    });
  });

  it('leaves no gap where a transaction is rolled back', async () => {
    const tenantId = randomUUID();
    await appendMany(database, tenantId, 2);
    const failing = database.withTenants([tenantId], async (tx) => {
      await appendEvents(tx, [newEvent(tenantId)]);
      throw new Error('changed my mind');
    });
    await expect(failing).rejects.toThrow('changed my mind');
    await appendMany(database, tenantId, 1);
    expect(sequences(await log(tenantId))).toEqual([1, 2, 3]);
  });

  it('cannot write into the log of a tenant that the transaction did not name', async () => {
    const writing = database.withTenants([randomUUID()], (tx) => appendEvents(tx, [newEvent(randomUUID())]));
    expect(sqlState(await writing.catch((error: unknown) => error))).toBe('42501');
  });

  it('stays dense under eight writers that dawdle, roll back and mix tenants in any order', async () => {
    const seed = newSeed();
    const tenants = [randomUUID(), randomUUID(), randomUUID()];
    const committed = new Map<string, Set<string>>(tenants.map((tenantId) => [tenantId, new Set()]));
    const write = async (writer: number): Promise<void> => {
      const random = randomFrom(seed + writer);
      for (let round = 0; round < amount(300, 25); round += 1) {
        const chosen = tenants.filter(() => random() < 0.5).toSorted(() => random() - 0.5);
        const events: NewEvent[] = chosen.flatMap((tenantId) =>
          Array.from({ length: 1 + Math.floor(random() * 3) }, () => newEvent(tenantId)),
        );
        const rollback = random() < 0.2;
        const pause = random() * 3;
        try {
          await database.withTenants(tenants, async (tx) => {
            await world.sleep(pause);
            await appendEvents(tx, events);
            await world.sleep(pause);
            if (rollback) throw new RangeError('rolled back');
          });
          for (const { tenantId, id } of events) committed.get(tenantId)?.add(id);
        } catch (error) {
          if (!(error instanceof RangeError)) throw error;
        }
      }
    };
    await Promise.all(upTo(8).map(write));
    for (const [tenantId, ids] of committed) {
      const rows = await log(tenantId);
      expect(rows.map(({ id }) => id).toSorted(), `SEED=${seed}`).toEqual([...ids].toSorted());
      expect(sequences(rows), `SEED=${seed}`).toEqual(upTo(ids.size));
    }
  });

  it('has one statement text whatever the number of events, so that the server can keep its plan', async () => {
    const texts: string[] = [];
    const tenantId = randomUUID();
    await database.withTenants([tenantId], async (tx) => {
      const watched = new Proxy(tx, {
        get: (target, name) =>
          name === 'execute'
            ? (statement: Parameters<typeof tx.execute>[0]) => {
                texts.push(JSON.stringify(statement).replaceAll(/\[\{.*\}\]/g, ''));
                return target.execute(statement);
              }
            : Reflect.get(target, name),
      });
      await appendEvents(watched, [newEvent(tenantId)]);
      await appendEvents(watched, [newEvent(tenantId), newEvent(tenantId)]);
    });
    expect(texts).toHaveLength(2);
    expect(texts[0]).toBe(texts[1]);
  });

  // PGlite has one connection: there is no other writer.
  it.skipIf(inject('database') === 'pglite')(
    'lets a writer of a tenant wait for another, and the writers of other tenants not',
    async () => {
      const [busy, free] = [randomUUID(), randomUUID()];
      const order: string[] = [];
      const { promise: appended, resolve: hasAppended } = Promise.withResolvers<void>();
      const { promise: held, resolve: letGo } = Promise.withResolvers<void>();
      const first = database.withTenants([busy], async (tx) => {
        await appendEvents(tx, [newEvent(busy)]);
        hasAppended();
        await held;
        order.push('first');
      });
      await appended;
      const second = appendMany(database, busy, 1).then(() => order.push('second'));
      await appendMany(database, free, 1);
      await world.sleep(50);
      order.push('other tenant');
      letGo();
      await Promise.all([first, second]);
      expect(order).toEqual(['other tenant', 'first', 'second']);
    },
  );
});
