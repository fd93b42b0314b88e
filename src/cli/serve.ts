/**
 * The gateway for production: what the environment says, no demo, no GraphiQL.
 * @module
 */
import { parseArgs } from 'node:util';
import { sql } from 'drizzle-orm';
import { serveConfig } from '../config.ts';
import { type Database, rowsOf } from '../db/client.ts';
import { migratePostgres } from '../db/migrate.ts';
import { openPostgres } from '../db/postgres.ts';
import { startGateway } from '../server.ts';
import { createLogger } from '../telemetry/logger.ts';
import { systemWorld } from '../world.ts';
import { untilStopped } from './signals.ts';
import { UsageError } from './usage.ts';

export async function serve(args: readonly string[]): Promise<number> {
  parseArgs({ args: [...args], options: {} });
  const config = serveConfig();
  const logger = createLogger({ level: config.logLevel });
  const world = systemWorld();
  await migratePostgres(config.databaseUrl);
  const database = openPostgres({
    url: config.databaseUrl,
    world,
    connections: config.databaseConnections,
    onConnectionError: (error) => logger.warn({ err: error }, 'a database connection broke and is replaced'),
  });
  await assertFitDatabase(database);
  const gateway = await startGateway({ ...config, database, world, logger, graphiql: null });
  logger.info({ port: config.port }, `countersign listens at ${gateway.url}`);
  await untilStopped();
  await gateway.close();
  await database.close();
  return 0;
}

/** Refuses a login that row-level security doesn't bind, and a database whose clock is set by hand. */
async function assertFitDatabase(database: Database): Promise<void> {
  const [login] = await database.withTenants([], (tx) =>
    rowsOf(
      tx,
      sql`SELECT rolname::text AS name, rolsuper OR rolbypassrls AS bypasses, coalesce(current_setting('countersign.now', true), '') AS now
      FROM pg_roles WHERE rolname = session_user`,
    ),
  );
  if (login?.['bypasses'] !== false) {
    throw new UsageError(
      `DATABASE_URL: the login "${String(login?.['name'])}" is a superuser or bypasses row-level security. Use one that owns the database and no more (docs/operations.md).`,
    );
  }
  if (login['now'] !== '')
    throw new UsageError('The database has `countersign.now` set: that is for simulations. Reset it.');
}
