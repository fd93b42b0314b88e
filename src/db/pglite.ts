/**
 * PostgreSQL inside this process (PGlite): for development, tests and the demo. It runs with fsync off, so it survives
 * kill -9 but not the loss of power, and has a single connection.
 * @module
 */
import { PGlite } from '@electric-sql/pglite';
import { drizzle } from 'drizzle-orm/pglite';
import { migrate } from 'drizzle-orm/pglite/migrator';
import { type Database, inTenants, SNAPSHOT } from './client.ts';
import { DirectoryUnusable } from './data-directory.ts';
import { LAST_MIGRATION, MIGRATIONS, missingMigrations } from './migrate.ts';

export interface PgliteOptions {
  /** A directory, or nothing for a database in memory. */
  readonly directory?: string;
  /** A dump of a database that is already migrated. */
  readonly snapshot?: Blob;
}

export async function openPglite(options: PgliteOptions = {}): Promise<Database> {
  const client = await createClient(options);
  const database = drizzle(client);
  if (!options.snapshot) await migrate(database, { migrationsFolder: MIGRATIONS });
  return {
    kind: 'pglite',
    // There is no round trip to save.
    withTenants: (tenants, work) => inTenants(database, tenants, (tx) => work(tx, (send) => send())),
    readSnapshot: (tenants, work) => inTenants(database, tenants, work, SNAPSHOT),
    notify: async (channel) => {
      await client.query('SELECT pg_notify($1, $2)', [channel, '']);
    },
    listen: async (channel, hear) => {
      const stop = await client.listen(channel, hear);
      return { close: () => stop() };
    },
    migrated: async () => missingMigrations((await client.query(LAST_MIGRATION)).rows) === 0,
    connections: () => null,
    close: () => client.close(),
  };
}

async function createClient({ directory, snapshot }: PgliteOptions): Promise<PGlite> {
  if (directory === undefined) return PGlite.create('memory://', snapshot ? { loadDataDir: snapshot } : {});
  try {
    return await PGlite.create(directory);
  } catch (error) {
    const fix = 'Put back what belongs there, or give --data-dir another directory to begin anew.';
    throw new DirectoryUnusable(`The database in ${directory} can't be opened`, error, fix);
  }
}
