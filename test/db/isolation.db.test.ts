import { randomUUID } from 'node:crypto';
import { sql } from 'drizzle-orm';
import { beforeAll, describe, expect, it } from 'vitest';
import { assertIsolation, type Database, rowsOf } from '../../src/db/client.ts';
import { heads } from '../../src/db/tables/log.ts';
import { testDatabase } from '../kit/database.ts';

describe('row-level security', () => {
  let database: Database;
  const [mine, theirs] = [randomUUID(), randomUUID()];
  beforeAll(async () => {
    database = await testDatabase();
    await database.withTenants([mine, theirs], (tx) =>
      tx.insert(heads).values([
        { tenantId: mine, sequence: 1n },
        { tenantId: theirs, sequence: 2n },
      ]),
    );
  });

  it('shows a transaction the rows of the tenants it named and no others', async () => {
    const seen = await database.withTenants([mine], (tx) => tx.select().from(heads));
    expect(seen.map((row) => row.tenantId)).toEqual([mine]);
  });

  it('shows nothing to a transaction that named none', async () => {
    expect(await database.withTenants([], (tx) => tx.select().from(heads))).toEqual([]);
  });

  it("refuses to write another tenant's row", async () => {
    const write = database.withTenants([mine], (tx) =>
      tx.insert(heads).values({ tenantId: randomUUID(), sequence: 1n }),
    );
    await expect(write).rejects.toMatchObject({ cause: { code: '42501' } });
  });

  it('forgets the tenants when the transaction ends', async () => {
    await database.withTenants([mine], (tx) => tx.select().from(heads));
    const [row] = await database.withTenants([], (tx) =>
      rowsOf(tx, sql`SELECT current_setting('countersign.tenants', true) AS tenants`),
    );
    expect(row?.['tenants']).toBe('{}');
  });

  it('is enabled on every table but the two of ids alone', async () => {
    const rows = await database.withTenants([], (tx) =>
      rowsOf(
        tx,
        sql`SELECT relname::text AS name FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND NOT relrowsecurity ORDER BY 1`,
      ),
    );
    expect(rows.map((row) => row['name'])).toEqual(['due', 'routes']);
  });

  it('is in force for the role that tenant transactions run as', async () => {
    await expect(assertIsolation(database)).resolves.toBeUndefined();
  });
});
