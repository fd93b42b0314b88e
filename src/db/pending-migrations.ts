/**
 * Whether a database has all the migrations of this version, asked without changing it.
 * @module
 */
import { readMigrationFiles } from 'drizzle-orm/migrator';
import { Client } from 'pg';
import { sqlState } from './client.ts';
import { MIGRATIONS } from './migrate.ts';

/** No such table, no such schema: nothing was ever migrated. */
const NOT_THERE = new Set(['42P01', '3F000']);

/** How many migrations the database at `url` lacks. */
export async function pendingMigrations(url: string): Promise<number> {
  const wanted = readMigrationFiles({ migrationsFolder: MIGRATIONS });
  try {
    const row = await askOnce<{ made: string }>(
      url,
      'SELECT coalesce(max(created_at), 0)::text AS made FROM drizzle.__drizzle_migrations',
    );
    const newest = Number(row?.made ?? 0);
    return wanted.filter(({ folderMillis }) => folderMillis > newest).length;
  } catch (error) {
    if (NOT_THERE.has(sqlState(error) ?? '')) return wanted.length;
    throw error;
  }
}

/** The database's own clock. */
export async function databaseTime(url: string): Promise<Date> {
  const row = await askOnce<{ now: Date }>(url, 'SELECT clock_timestamp() AS now');
  if (!row) throw new Error('the database told no time');
  return row.now;
}

/** The first row that the statement answers, over a connection of its own. */
async function askOnce<T extends object>(url: string, statement: string): Promise<T | undefined> {
  const client = new Client({
    connectionString: url,
    application_name: 'countersign',
    connectionTimeoutMillis: 10_000,
  });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return (await client.query<T>(statement)).rows[0];
  } finally {
    await client.end();
  }
}
