/**
 * Whether a database has this version's migrations: the gateway asks for its readiness, the doctor for its report.
 */
import { Client } from 'pg';
import { afterAll, expect, test } from 'vitest';
import { pendingMigrations } from '../../src/db/pending-migrations.ts';
import { openPostgres } from '../../src/db/postgres/postgres.ts';
import { systemWorld } from '../../src/world.ts';
import { freshPostgres } from '../kit/database.ts';

const url = await freshPostgres();
const database = openPostgres({ url, world: systemWorld() });
const owner = new Client({ connectionString: url });
await owner.connect();
afterAll(async () => {
  await owner.end();
  await database.close();
});

const told = async () => ({ ready: await database.migrated(), pending: await pendingMigrations(url) });
const LAST = '(SELECT max(created_at) FROM drizzle.__drizzle_migrations)';

test('a database with all migrations is ready, with those of a later version too, and with one less is not', async () => {
  expect(await told()).toEqual({ ready: true, pending: 0 });
  await owner.query(`INSERT INTO drizzle.__drizzle_migrations (hash, created_at) VALUES ('later', ${LAST} + 1)`);
  expect(await told()).toEqual({ ready: true, pending: 0 });
  await owner.query(`DELETE FROM drizzle.__drizzle_migrations WHERE created_at >= ${LAST} - 1`);
  expect(await told()).toEqual({ ready: false, pending: 1 });
});

test('one whose journal is empty lacks them all, as one that was never migrated', async () => {
  await owner.query('DELETE FROM drizzle.__drizzle_migrations');
  const { ready, pending } = await told();
  expect(ready).toBe(false);
  expect(pending).toBeGreaterThan(1);
  await owner.query('DROP SCHEMA drizzle CASCADE');
  expect(await pendingMigrations(url)).toBe(pending);
});
