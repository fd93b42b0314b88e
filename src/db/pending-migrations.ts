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
  const client = new Client({
    connectionString: url,
    application_name: 'countersign',
    connectionTimeoutMillis: 10_000,
  });
  client.on('error', () => undefined);
  await client.connect();
  try {
    const { rows } = await client.query<{ made: string }>(
      'SELECT coalesce(max(created_at), 0)::text AS made FROM drizzle.__drizzle_migrations',
    );
    const newest = Number(rows[0]?.made ?? 0);
    return wanted.filter(({ folderMillis }) => folderMillis > newest).length;
  } catch (error) {
    if (NOT_THERE.has(sqlState(error) ?? '')) return wanted.length;
    throw error;
  } finally {
    await client.end();
  }
}

/** The database's own clock. */
export async function databaseTime(url: string): Promise<Date> {
  const client = new Client({
    connectionString: url,
    application_name: 'countersign',
    connectionTimeoutMillis: 10_000,
  });
  client.on('error', () => undefined);
  await client.connect();
  try {
    const { rows } = await client.query<{ now: Date }>('SELECT clock_timestamp() AS now');
    const [row] = rows;
    if (!row) throw new Error('the database told no time');
    return row.now;
  } finally {
    await client.end();
  }
}
