/**
 * Whether a database has all the migrations of this version, asked without changing it.
 * @module
 */
import { connectTo } from './postgres/connect.ts';
import { sqlState, statementFault } from './postgres/database-fault.ts';
import { LAST_MIGRATION, missingMigrations, NEVER_MIGRATED } from './migrate.ts';

/** No such table, no such schema: nothing was ever migrated. */
const NOT_THERE = new Set(['42P01', '3F000']);

/** How many migrations the database at `url` lacks. Throws DatabaseFault. */
export async function pendingMigrations(url: string): Promise<number> {
  const rows = await ask(url, LAST_MIGRATION).catch((error: unknown) => {
    if (NOT_THERE.has(sqlState(error) ?? '')) return NEVER_MIGRATED;
    throw statementFault(error) ?? error;
  });
  return missingMigrations(rows);
}

/** The database's own clock. */
export async function databaseTime(url: string): Promise<Date> {
  const [row] = await ask<{ now: Date }>(url, 'SELECT clock_timestamp() AS now');
  if (!row) throw new Error('the database told no time');
  return row.now;
}

/** What the statement answers, over a connection of its own. */
async function ask<T extends object>(url: string, statement: string): Promise<T[]> {
  const client = await connectTo(url);
  try {
    return (await client.query<T>(statement)).rows;
  } finally {
    await client.end();
  }
}
