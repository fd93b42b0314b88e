import { randomUUID } from 'node:crypto';
import { eq, sql } from 'drizzle-orm';
import { beforeAll, describe, expect, it } from 'vitest';
import { type Database, sent, type Tx } from '../../src/db/client.ts';
import { openPostgres } from '../../src/db/postgres/postgres.ts';
import { due } from '../../src/db/tables/due.ts';
import { systemWorld } from '../../src/world.ts';
import { atEnd } from '../kit/at-end.ts';
import { freshPostgres } from '../kit/database.ts';

let database: Database;
beforeAll(async () => {
  // One connection: what a transaction leaves behind meets the next.
  database = openPostgres({ url: await freshPostgres(), world: systemWorld(), connections: 1 });
  atEnd(() => database.close());
});

const insert = (tx: Tx, id: string): Promise<unknown> =>
  sent(tx.insert(due).values({ tenantId: id, kind: 'READ', id, dueAt: new Date(0) }));
const isThere = async (id: string): Promise<boolean> =>
  database.withTenants([], async (tx) => (await tx.select().from(due).where(eq(due.id, id))).length === 1);

describe('the last statements of a transaction', () => {
  it('are committed with what came before', async () => {
    const [first, last] = [randomUUID(), randomUUID()];
    const answer = await database.withTenants([], async (tx, sendLast) => {
      await insert(tx, first);
      await sendLast(() => insert(tx, last));
      return 'done';
    });
    expect([answer, await isThere(first), await isThere(last)]).toEqual(['done', true, true]);
  });

  it('take all back when one of them fails, whose error is the one that is told', async () => {
    const [first, last] = [randomUUID(), randomUUID()];
    const failed = database.withTenants([], async (tx, sendLast) => {
      await insert(tx, first);
      await sendLast(() => Promise.all([sent(tx.execute(sql`SELECT 1 / 0`)), insert(tx, last)]));
    });
    await expect(failed).rejects.toMatchObject({ cause: { code: '22012' } });
    expect([await isThere(first), await isThere(last)]).toEqual([false, false]);
  });

  it('are the last: what is asked for afterwards is refused, and not run outside of the transaction', async () => {
    const late = randomUUID();
    const refused = database.withTenants([], async (tx, sendLast) => {
      await sendLast(() => sent(tx.execute(sql`SELECT 1`)));
      await insert(tx, late);
    });
    await expect(refused).rejects.toMatchObject({ cause: { message: expect.stringContaining('after the last') } });
    expect(await isThere(late)).toBe(false);
  });
});
