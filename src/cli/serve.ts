/**
 * The gateway for production: what the environment says, no demo, no GraphiQL.
 * @module
 */
import { parseArgs } from 'node:util';
import { serveConfig } from '../config.ts';
import { faultOfDatabase } from '../db/fit.ts';
import { createLogger } from '../telemetry/logger.ts';
import { systemWorld } from '../world.ts';
import { untilStopped } from './signals.ts';
import { UsageError } from './usage.ts';

export async function serve(args: readonly string[]): Promise<number> {
  parseArgs({ args: [...args], options: {} });
  const config = serveConfig();
  const logger = createLogger({ level: config.logLevel });
  const world = systemWorld();
  const fault = await faultOfDatabase(config.databaseUrl);
  if (fault !== null) throw new UsageError(fault);
  // Loaded once it is known that there will be a gateway: whoever forgot a setting hears of it at once.
  const { migratePostgres } = await import('../db/migrate.ts');
  const { openPostgres } = await import('../db/postgres.ts');
  const { startGateway } = await import('../server.ts');
  await migratePostgres(config.databaseUrl);
  const database = openPostgres({
    url: config.databaseUrl,
    world,
    connections: config.databaseConnections,
    onConnectionError: (error) => logger.warn({ err: error }, 'a database connection broke and is replaced'),
  });
  try {
    const gateway = await startGateway({ ...config, database, world, logger, graphiql: null });
    logger.info({ port: config.port }, `countersign listens at ${gateway.url}`);
    await untilStopped();
    await gateway.close();
  } finally {
    // A start that failed must not stay for the sake of an open connection.
    await database.close();
  }
  return 0;
}
