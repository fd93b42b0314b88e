/**
 * Migrations, applied by whoever starts first: replicas start together, and drizzle's migrator isn't safe against itself.
 * @module
 */
import { fileURLToPath } from 'node:url';
import { drizzle } from 'drizzle-orm/node-postgres';
import { readMigrationFiles } from 'drizzle-orm/migrator';
import { migrate } from 'drizzle-orm/node-postgres/migrator';
import { z } from 'zod';
import { connectTo } from './postgres/connect.ts';
import { statementFault } from './postgres/database-fault.ts';

/** Beside this file in the sources and in the package alike. */
export const MIGRATIONS = fileURLToPath(new URL('./migrations', import.meta.url));

/** An arbitrary number that means "countersign migrates". */
export const MIGRATION_LOCK = 7_265_881_113;

/** Asked as the owner: the role that tenants' transactions switch to has nothing to do with migrations. */
export const LAST_MIGRATION = 'SELECT max(created_at)::text AS last FROM drizzle.__drizzle_migrations';
/** Null when the table is there and empty. */
const Last = z.tuple([z.object({ last: z.coerce.number() })]);
let ours: readonly number[] | null = null;

/** How many of this version's migrations came after the last one that the answer to `LAST_MIGRATION` tells of. */
export function missingMigrations(rows: unknown): number {
  ours ??= readMigrationFiles({ migrationsFolder: MIGRATIONS }).map(({ folderMillis }) => folderMillis);
  const [{ last }] = Last.parse(rows);
  return ours.filter((made) => made > last).length;
}

/** The answer of a database where nothing was ever migrated, and so no table tells. */
export const NEVER_MIGRATED = [{ last: 0 }];

/** Longer than another process migrates; and no statement waits longer for what a running gateway holds. */
const LOCK_WAIT_MS = 120_000;

/** Brings the database at `url` up to date; safe to run from several processes at once. Throws DatabaseFault. */
export async function migratePostgres(url: string, lockWaitMs = LOCK_WAIT_MS): Promise<void> {
  const client = await connectTo(url, 'countersign migrate');
  try {
    await client.query(`SET lock_timeout = ${lockWaitMs}`);
    await client.query('SELECT pg_advisory_lock($1)', [MIGRATION_LOCK]);
    await migrate(drizzle(client), { migrationsFolder: MIGRATIONS });
  } catch (error) {
    throw statementFault(error) ?? error;
  } finally {
    // Ending the session frees the lock.
    await client.end();
  }
}
