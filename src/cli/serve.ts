/**
 * The gateway for production: what the environment says, no demo, no GraphiQL.
 * @module
 */
import { parseArgs } from 'node:util';
import { serveConfig } from '../config.ts';
import { faultOfDatabase } from '../db/postgres/fit.ts';
import { createLogger, type Logger } from '../telemetry/logger.ts';
import { systemWorld } from '../world.ts';
import { untilStopped } from './signals.ts';

export async function serve(args: readonly string[]): Promise<number> {
  parseArgs({ args: [...args], options: {} });
  const config = serveConfig();
  const logger = createLogger({ level: config.logLevel });
  const world = systemWorld();
  await using tracing = new AsyncDisposableStack();
  if (config.tracing) {
    const { startTracing } = await import('../telemetry/otlp.ts');
    const { close } = await startTracing('countersign');
    tracing.defer(close);
  }
  const fault = await faultOfDatabase(config.databaseUrl);
  if (fault !== null) throw fault;
  // Loaded once it is known that there will be a gateway: whoever forgot a setting hears of it at once.
  const { migratePostgres } = await import('../db/migrate.ts');
  const { openPostgres } = await import('../db/postgres/postgres.ts');
  const { startGateway } = await import('../server.ts');
  await migratePostgres(config.databaseUrl);
  const database = openPostgres({
    url: config.databaseUrl,
    world,
    connections: config.databaseConnections,
    onConnectionError: (error) => logger.warn({ err: error }, 'a database connection broke and is replaced'),
  });
  // A start that failed must not stay for the sake of an open connection.
  await using open = new AsyncDisposableStack();
  open.defer(() => database.close());
  const metrics = await openMetrics(config.metricsListener, logger, open);
  const gateway = await startGateway({ ...config, ...metrics, database, world, logger, graphiql: null });
  logger.info({ port: config.port }, `countersign listens at ${gateway.url}`);
  const signal = await untilStopped();
  gateway.retire();
  // A person at a terminal has no balancer that must look elsewhere first.
  if (signal === 'SIGTERM') await world.sleep(config.drain.graceSeconds * 1_000);
  const limitMs = config.drain.limitSeconds * 1_000;
  const limit = world.timer(limitMs, () => {
    logger.error(
      { ms: limitMs },
      'stopped with work under way: commands are taken up by another gateway, or at the next start',
    );
    process.exit(1);
  });
  await gateway.close(limitMs);
  await open.disposeAsync();
  limit.cancel();
  return 0;
}

type Listener = ReturnType<typeof serveConfig>['metricsListener'];

/** The metrics of this process on their own port, where one is set. */
async function openMetrics({ port, host }: Listener, logger: Logger, open: AsyncDisposableStack) {
  if (port === null) return {};
  const { createPrometheus } = await import('../telemetry/prometheus.ts');
  const { startMetricsServer } = await import('../http/metrics-server.ts');
  const { metrics, scrape } = createPrometheus();
  const onError = (error: unknown): void => logger.error({ err: error }, 'the metrics could not be told');
  const server = await startMetricsServer({ host, port, scrape, onError });
  open.defer(() => server.close());
  logger.info({}, `metrics are at ${server.url}`);
  return { metrics };
}
