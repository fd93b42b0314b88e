import { randomUUID } from 'node:crypto';
import { eq } from 'drizzle-orm';
import { beforeAll, describe, expect, inject, it } from 'vitest';
import type { Database } from '../../src/db/client.ts';
import { events, heads } from '../../src/db/tables/log.ts';
import { encodeCursor, InvalidCursor } from '../../src/events/cursor.ts';
import { matcher } from '../../src/events/filter.ts';
import { createEventPages } from '../../src/events/pages.ts';
import { type EventFilter, type EventSlice, findEvents, logCursor, readEvents } from '../../src/events/read.ts';
import { testDatabase } from '../kit/database.ts';
import { append, appendMany, newEvent, sequences } from './kit.ts';

describe('reading the log', () => {
  let database: Database;
  beforeAll(async () => {
    database = await testDatabase();
  });

  const read = (tenantId: string, after: bigint, limit: number, filter: EventFilter = {}): Promise<EventSlice> =>
    database.withTenants([tenantId], (tx) => readEvents(tx, { tenantId, after, limit, filter }));

  it('goes on from the last row of a full page, and from the head after a short one', async () => {
    const tenantId = randomUUID();
    await appendMany(database, tenantId, 5);
    const full = await read(tenantId, 0n, 3);
    expect([full.rows.length, full.through]).toEqual([3, 3n]);
    const short = await read(tenantId, 3n, 3);
    expect([short.rows.length, short.through]).toEqual([2, 5n]);
    const none = await read(tenantId, 5n, 3);
    expect([none.rows.length, none.through]).toEqual([0, 5n]);
  });

  it('goes past what the filter left out', async () => {
    const tenantId = randomUUID();
    await appendMany(database, tenantId, 4);
    const { rows, through } = await read(tenantId, 1n, 10, { types: ['ENVELOPE_VOIDED'] });
    expect([rows, through]).toEqual([[], 4n]);
  });

  it('is empty for a tenant that has no log', async () => {
    expect(await read(randomUUID(), 0n, 10)).toEqual({ rows: [], through: 0n, head: { sequence: 0n, earliest: 1n } });
  });

  it('finds the latest of each of several envelopes, in the order of the log and without those of others', async () => {
    const tenantId = randomUUID();
    const [one, two] = [randomUUID(), randomUUID()];
    for (const envelopeId of [one, two, one, randomUUID(), one, two, one])
      await append(database, newEvent(tenantId, { envelopeId }));
    await append(database, newEvent(randomUUID(), { envelopeId: one }));
    const latest = await createEventPages(database).latest(tenantId, [two, one], 2);
    expect(latest.map(({ sequence, envelopeId }) => [Number(sequence), envelopeId])).toEqual([
      [2, two],
      [5, one],
      [6, two],
      [7, one],
    ]);
  });

  it('filters alike in the database and in memory', async () => {
    const tenantId = randomUUID();
    const [envelopeId, accountId] = [randomUUID(), randomUUID()];
    await append(
      database,
      newEvent(tenantId, { envelopeId, accountId }),
      newEvent(tenantId, { envelopeId, type: 'ENVELOPE_COMPLETED', status: 'COMPLETED' }),
      newEvent(tenantId, { accountId, type: 'ENVELOPE_COMPLETED', status: 'COMPLETED' }),
      newEvent(tenantId),
    );
    const filters: [EventFilter, number[]][] = [
      [{}, [1, 2, 3, 4]],
      [{ envelopeIds: [envelopeId] }, [1, 2]],
      [{ accountIds: [accountId] }, [1, 3]],
      [{ types: ['ENVELOPE_COMPLETED', 'ENVELOPE_VOIDED'] }, [2, 3]],
      [{ statuses: ['SENT'] }, [1, 4]],
      [{ envelopeIds: [envelopeId], statuses: ['COMPLETED'] }, [2]],
      [{ envelopeIds: [] }, []],
    ];
    const all = (await read(tenantId, 0n, 10)).rows;
    for (const [filter, expected] of filters) {
      const { rows } = await read(tenantId, 0n, 10, filter);
      expect(sequences(rows)).toEqual(expected);
      expect(sequences(all.filter(matcher(filter)))).toEqual(expected);
    }
  });

  it('finds events by their ids, and none of another tenant', async () => {
    const [mine, theirs] = [randomUUID(), randomUUID()];
    const [one, two] = await appendMany(database, mine, 2);
    const [other] = await appendMany(database, theirs, 1);
    const ids = [one?.id, two?.id, other?.id, randomUUID()].filter((id) => id !== undefined);
    const found = await database.withTenants([mine, theirs], (tx) => findEvents(tx, mine, ids));
    expect(found.map(({ id }) => id).toSorted()).toEqual(ids.slice(0, 2).toSorted());
  });

  // PGlite has one connection: nothing commits while a snapshot is open.
  it.skipIf(inject('database') === 'pglite')(
    'gives a cursor of the snapshot, not of what was committed since',
    async () => {
      const tenantId = randomUUID();
      await appendMany(database, tenantId, 2);
      const cursor = await database.readSnapshot([tenantId], async (tx) => {
        await tx.select().from(heads).where(eq(heads.tenantId, tenantId));
        await appendMany(database, tenantId, 3);
        return logCursor(tx, tenantId);
      });
      expect(cursor).toBe(encodeCursor(tenantId, 2n));
    },
  );

  describe('in pages', () => {
    it('walks the whole log, each event once, and says where it ends', async () => {
      const tenantId = randomUUID();
      const written = await appendMany(database, tenantId, 6);
      const pages = createEventPages(database);
      const seen: string[] = [];
      let after: string | null = null;
      let hasMore = true;
      while (hasMore) {
        const page = await pages.page({ tenantId, after, limit: 3, filter: {} });
        seen.push(...page.rows.map(({ id }) => id));
        after = encodeCursor(tenantId, page.through);
        hasMore = page.hasMore;
      }
      expect(seen).toEqual(written.map(({ id }) => id));
      expect(after).toBe(encodeCursor(tenantId, 6n));
    });

    it('promises no further page when nothing more matches', async () => {
      const tenantId = randomUUID();
      await append(database, newEvent(tenantId, { type: 'ENVELOPE_VOIDED' }), newEvent(tenantId), newEvent(tenantId));
      const page = await createEventPages(database).page({
        tenantId,
        after: null,
        limit: 1,
        filter: { types: ['ENVELOPE_VOIDED'] },
      });
      expect(page).toMatchObject({ rows: [{ type: 'ENVELOPE_VOIDED' }], hasMore: false, through: 3n });
    });

    it('refuses a cursor beyond the head, and one whose events are no longer kept', async () => {
      const tenantId = randomUUID();
      await appendMany(database, tenantId, 5);
      const pages = createEventPages(database);
      const page = (sequence: bigint): Promise<unknown> =>
        pages.page({ tenantId, after: encodeCursor(tenantId, sequence), limit: 10, filter: {} });
      await expect(page(6n)).rejects.toThrow(InvalidCursor);
      await database.withTenants([tenantId], async (tx) => {
        await tx.delete(events).where(eq(events.sequence, 1n));
        await tx.update(heads).set({ earliest: 2n });
      });
      await expect(page(0n)).rejects.toMatchObject({
        code: 'CURSOR_EXPIRED',
        earliestCursor: encodeCursor(tenantId, 1n),
      });
      await expect(page(1n)).resolves.toMatchObject({ hasMore: false });
    });

    it("finds an event by its id, and not another tenant's", async () => {
      const tenantId = randomUUID();
      const [event] = await appendMany(database, tenantId, 1);
      const pages = createEventPages(database);
      expect(await pages.find(tenantId, event?.id ?? '')).toMatchObject({ sequence: 1n });
      expect(await pages.find(randomUUID(), event?.id ?? '')).toBeNull();
    });
  });
});
