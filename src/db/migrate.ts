/**
 * Migrations, applied by whoever starts first: replicas start together, and drizzle's migrator isn't safe against itself.
 * @module
 */
import { fileURLToPath } from 'node:url';
import { drizzle } from 'drizzle-orm/node-postgres';
import { migrate } from 'drizzle-orm/node-postgres/migrator';
import { Client } from 'pg';

/** Beside this file in the sources and in the package alike. */
export const MIGRATIONS = fileURLToPath(new URL('./migrations', import.meta.url));

/** An arbitrary number that means "countersign migrates". */
const LOCK = 7_265_881_113;

/** Brings the database at `url` up to date; safe to run from several processes at once. */
export async function migratePostgres(url: string): Promise<void> {
  const client = new Client({ connectionString: url, application_name: 'countersign migrate' });
  await client.connect();
  try {
    await client.query('SELECT pg_advisory_lock($1)', [LOCK]);
    await migrate(drizzle(client), { migrationsFolder: MIGRATIONS });
  } finally {
    // Ending the session frees the lock.
    await client.end();
  }
}
