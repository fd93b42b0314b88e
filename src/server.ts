/**
 * The gateway: its parts put together, and the order in which a request meets them.
 * @module
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createAccounts } from './accounts/accounts.ts';
import { hearOfAccounts } from './accounts/account-hints.ts';
import { createAccountChanges } from './accounts/changes.ts';
import { createHealthChecks } from './accounts/health.ts';
import { createSealer, type SecretKey } from './auth/sealer.ts';
import { createSignedLinks } from './auth/signed-links.ts';
import type { AuthConfig } from './auth/auth-config.ts';
import { remembering } from './auth/remembered.ts';
import { createVerifier } from './auth/verify.ts';
import { assertIsolation, type Database } from './db/client.ts';
import { createFetchUrl } from './documents/fetch-url.ts';
import { createInspector } from './documents/inspector.ts';
import { receiveUpload } from './documents/uploads.ts';
import type { CommandDeps } from './envelopes/deps.ts';
import { createDownloads } from './envelopes/files/downloads.ts';
import { createEnvelopes } from './envelopes/envelopes.ts';
import { createLookUps } from './envelopes/reading/look-up.ts';
import { createEventBus } from './events/bus.ts';
import { createEventPages } from './events/pages.ts';
import { createEventStreams } from './events/streams.ts';
import { handleCors } from './http/cors.ts';
import { handleDownload } from './http/routes/download.ts';
import { handleErrorsPage } from './http/routes/errors-page.ts';
import { handleUpload, type UploadDeps } from './http/routes/upload.ts';
import type { GraphiqlOptions } from './http/graphql/graphiql.ts';
import { createGraphqlServer } from './http/graphql/graphql.ts';
import { createHealth } from './http/routes/health.ts';
import { measure } from './http/measured.ts';
import { sendProblem } from './http/routes/plain-errors.ts';
import { readBacklog } from './jobs/backlog.ts';
import { startRunner } from './jobs/runner.ts';
import type { Origins } from './model/origins.ts';
import { providerFor } from './providers/registry.ts';
import { createContexts, type Services } from './schema/context.ts';
import { watchBudgets } from './schema/provider-budget.ts';
import { schema } from './schema/schema.ts';
import type { Logger } from './telemetry/logger.ts';
import { type Metrics, noMetrics } from './telemetry/metrics.ts';
import { createDeliveryPages } from './webhooks/pages.ts';
import { createWebhookReceiver } from './webhooks/receive.ts';
import { sourceGuard, type WebhookSources } from './webhooks/source.ts';
import { type Outside, systemOutside, type World } from './world.ts';

export interface GatewayOptions extends Partial<WebhookSources> {
  readonly database: Database;
  readonly world: World;
  /** Where documents are fetched from by their addresses; the internet when left out. */
  readonly outside?: Outside;
  readonly logger: Logger;
  readonly secretKeys: readonly SecretKey[];
  readonly auth: AuthConfig;
  readonly host: string;
  /** 0 takes any. */
  readonly port: number;
  /** Where it is reached from outside; null for the address it listens at. */
  readonly publicUrl: string | null;
  /** Of web pages that may call and read the answers. */
  readonly allowedOrigins: Origins;
  /** Minutes between two sweeps of an account for what webhooks missed; 0 for none, 60 when left out. */
  readonly sweepMinutes?: number;
  readonly allowSandbox: boolean;
  readonly introspection: boolean;
  /** The page for trying things out, made once the gateway has its services; null in production. */
  readonly graphiql: ((services: Services) => Promise<GraphiqlOptions>) | null;
  /** Who is told what happens here; nobody when left out. */
  readonly metrics?: Metrics;
}

export interface Gateway {
  readonly url: string;
  readonly services: Services;
  /**
   * Says that it isn't ready, and lets go of each connection by the next answer on it: balancers are to look elsewhere
   * before it closes. All else goes on as before.
   */
  retire(): void;
  /**
   * Takes nothing new, finishes what is under way, and ends; a WebSocket is closed with 1012 once it has its answers. The
   * database stays open. Answers have so many milliseconds; commands have as long as they need.
   */
  close(patienceMs?: number): Promise<void>;
}

/** Slow or idle peers are cut by these, in milliseconds. */
const HEADERS_TIMEOUT = 10_000;
const REQUEST_TIMEOUT = 120_000;
const KEEP_ALIVE_TIMEOUT = 65_000;
/** WebSockets of one tenant in this process. */
const SOCKETS_PER_TENANT = 5_000;

export async function startGateway(options: GatewayOptions): Promise<Gateway> {
  const { database, world, logger, secretKeys, metrics = noMetrics } = options;
  await assertIsolation(database);

  // The address is needed by what answers on it, so listening comes first; until all is ready it answers 503.
  let takeWebhook: ((req: IncomingMessage, res: ServerResponse) => boolean) | null = null;
  let handle = notYet;
  let leaving = false;
  const server = createServer(
    {
      headersTimeout: HEADERS_TIMEOUT,
      requestTimeout: REQUEST_TIMEOUT,
      keepAliveTimeout: KEEP_ALIVE_TIMEOUT,
      maxHeaderSize: 16_384,
    },
    (req, res) => {
      if (metrics !== noMetrics) measure(world, metrics, req, res);
      if (leaving) res.setHeader('connection', 'close');
      if (takeWebhook?.(req, res)) return;
      // Whatever is answered from here on, refusals too, can be read by the pages that may call.
      if (handleCors(req, res, options.allowedOrigins)) return;
      handle(req, res);
    },
  );
  const url = await listen(server, options);
  const publicUrl = options.publicUrl ?? url;

  // Services, each made of those above it.
  const sealer = createSealer(secretKeys);
  const links = createSignedLinks(secretKeys, world);
  const onError = (error: unknown): void => logger.error({ err: error }, 'a background task failed');
  const verifier = remembering(await createVerifier(options.auth, world, onError), world);
  const bus = await createEventBus({ database, world, onError });
  const streams = createEventStreams({ database, bus, world, onError });
  const accounts = createAccounts({
    database,
    world,
    sealer,
    providers: providerFor,
    publicUrl,
    allowSandbox: options.allowSandbox,
    metrics,
    onError,
  });
  await hearOfAccounts(database, accounts.forgetRoutes);
  const running = new Set<Promise<unknown>>();
  const commandDeps: CommandDeps = { database, world, accounts, bus, logger, metrics, running };
  const lookUps = createLookUps(commandDeps);
  const inspector = createInspector(world);
  const fetchUrl = createFetchUrl(world, options.outside ?? systemOutside());
  const services: Services = {
    world,
    accounts,
    accountChanges: createAccountChanges({ database, world, sealer, accounts }),
    health: createHealthChecks({ database, world, sealer, accounts, onError }),
    envelopes: createEnvelopes({ ...commandDeps, inspector, fetchUrl }, lookUps),
    events: createEventPages(database),
    streams,
    deliveries: createDeliveryPages(database),
    links,
    publicUrl,
  };
  const downloads = createDownloads({ database, accounts, world });
  const uploads: UploadDeps = {
    links,
    receive: (tenantId, documentId, body) => receiveUpload(database, tenantId, documentId, body),
    world,
    logger,
  };
  const { webhookSources = [], trustedProxies = [] } = options;
  const webhooks = createWebhookReceiver({
    database,
    world,
    route: accounts.webhookRoute,
    refuseSource: sourceGuard({ webhookSources, trustedProxies }),
    hint: bus.hint,
    metrics,
    onError,
  });
  // What is sent while the rest is made has its webhooks taken.
  takeWebhook = webhooks.handle;
  const runner = startRunner({ ...commandDeps, lookUps, sweepMs: (options.sweepMinutes ?? 60) * 60_000 });
  const graphql = createGraphqlServer({
    schema,
    verify: verifier.verify,
    context: createContexts(services),
    allowedOrigins: options.allowedOrigins,
    watch: (principal, work) => watchBudgets(accounts, principal, work),
    introspection: options.introspection,
    socketsPerTenant: SOCKETS_PER_TENANT,
    graphiql: options.graphiql && (await options.graphiql(services)),
    world,
    logger,
    metrics,
  });
  const health = createHealth({ world, migrated: database.migrated });
  metrics.onScrape({
    due: () => readBacklog(database),
    streams: async () => ({ open: streams.size, sockets: graphql.sockets, ...(await streams.lag()) }),
    connections: database.connections,
  });

  // The order in which a request that is no webhook meets them.
  handle = (req, res) => {
    if (health.handle(req, res)) return;
    if (closing) {
      // On a connection that was open before: what it would begin outlives the database.
      return sendProblem(res, 503, 'DRAINING', 'This gateway is stopping; another one answers.');
    }
    if (handleDownload({ links, downloads, logger }, req, res)) return;
    if (handleUpload(uploads, req, res)) return;
    if (handleErrorsPage(req, res)) return;
    // What is above proves itself by a signature, and may come by a tunnel.
    if (options.graphiql && !isLocal(req)) {
      return sendProblem(res, 421, 'NOT_LOCAL', 'This development server answers to localhost and 127.0.0.1 alone.');
    }
    if (req.method === 'OPTIONS') return void res.writeHead(204, { allow: 'GET, HEAD, POST, OPTIONS' }).end();
    if (req.url === '/' && options.graphiql) {
      res.writeHead(302, { location: '/graphql' }).end();
      return;
    }
    if (/^\/graphql(?:\?|$)/.test(req.url ?? '')) return void graphql.handle(req, res);
    sendProblem(res, 404, 'NOT_FOUND', 'There is nothing here; GraphQL is at /graphql.');
  };
  server.on('upgrade', graphql.upgrade);
  let closing = false;

  const retire = (): void => {
    leaving = true;
    health.retire();
  };

  return {
    url,
    services,
    retire,
    close: async (patienceMs) => {
      retire();
      closing = true;
      server.close();
      streams.drain();
      await Promise.all([webhooks.drain(), graphql.drain(patienceMs)]);
      await runner.stop();
      await inspector.close();
      // Those whose caller didn't wait for them.
      while (running.size > 0) await Promise.allSettled(running);
      await graphql.dispose();
      server.closeAllConnections();
      await streams.close();
      await bus.close();
      await accounts.close();
    },
  };
}

function listen(server: ReturnType<typeof createServer>, { host, port }: GatewayOptions): Promise<string> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      const address = server.address();
      const taken = typeof address === 'object' && address ? address.port : port;
      resolve(`http://${host === '0.0.0.0' ? '127.0.0.1' : host}:${taken}`);
    });
  });
}

/** The page for trying things out carries a token: a foreign name that was pointed at this machine must not read it. */
function isLocal({ headers: { host = '' } }: IncomingMessage): boolean {
  return /^(?:localhost|127\.0\.0\.1|\[::1\])(?::\d+)?$/.test(host);
}

function notYet(_req: IncomingMessage, res: ServerResponse): void {
  sendProblem(res, 503, 'STARTING', 'Come again in a moment.');
}
