/**
 * Metrics in Prometheus' text format. Loaded only where they are asked for.
 * @module
 */
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { Gauges, Metrics } from './metrics.ts';

export interface Prometheus {
  readonly metrics: Metrics;
  /** A database that doesn't answer is told by `countersign_database_up`; all else is there just the same. */
  scrape(): Promise<{ readonly contentType: string; readonly text: string }>;
}

/** Seconds. A webhook is answered in milliseconds, a provider may take two minutes. */
const FAST = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const SLOW = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120];
const BATCH = [1, 2, 4, 8, 16, 32, 64];

export function createPrometheus({ process: ofProcess = true }: { readonly process?: boolean } = {}): Prometheus {
  const registry = new Registry();
  if (ofProcess) collectDefaultMetrics({ register: registry });
  const registers = [registry];
  const counter = <Label extends string>(name: string, help: string, labelNames: readonly Label[]) =>
    new Counter({ name: `countersign_${name}`, help, labelNames, registers });
  const histogram = <Label extends string>(
    name: string,
    help: string,
    labelNames: readonly Label[],
    buckets: number[],
  ) => new Histogram({ name: `countersign_${name}`, help, labelNames, buckets, registers });
  const gauge = <Label extends string>(name: string, help: string, labelNames: readonly Label[] = []) =>
    new Gauge({ name: `countersign_${name}`, help, labelNames, registers });

  const deliveries = counter('webhook_deliveries_total', 'Calls on webhook paths, by what became of them.', [
    'provider',
    'outcome',
  ]);
  const batches = histogram('webhook_batch_deliveries', 'Deliveries that shared a transaction.', [], BATCH);
  const commits = histogram('webhook_commit_seconds', 'From the begin of such a transaction to its commit.', [], FAST);
  const attempts = histogram(
    'command_attempt_seconds',
    'Attempts at commands, by the state they left.',
    ['kind', 'state'],
    SLOW,
  );
  const calls = histogram(
    'provider_call_seconds',
    'Calls to providers, their own retries within.',
    ['provider', 'operation', 'outcome'],
    SLOW,
  );
  const operations = histogram(
    'graphql_operation_seconds',
    'GraphQL operations; a subscription until it has begun.',
    ['transport', 'type', 'outcome'],
    FAST,
  );
  const requests = histogram(
    'http_request_seconds',
    'HTTP requests, until their answer was written.',
    ['route', 'status'],
    FAST,
  );
  const due = gauge('due_waiting', 'What is due and not taken yet.', ['kind']);
  const oldest = gauge('due_oldest_seconds', 'How long the oldest of it has been due.', ['kind']);
  const open = gauge('streams_open', 'Subscriptions that are open in this process.');
  const sockets = gauge('sockets_open', 'WebSockets that are open in this process.');
  const tenants = gauge('streams_tenants', 'Tenants that are followed in this process.');
  const lag = gauge(
    'stream_lag_events',
    'Events between the end of the log and what has been read of it, of the tenant furthest behind.',
  );
  const connections = gauge('database_connections', 'Connections of the pool.', ['state']);
  const waiting = gauge('database_waiting', 'Callers that wait for a connection of the pool.');
  const up = gauge('database_up', '1 when the database answered this scrape.');

  let gauges: Gauges | null = null;

  async function readDatabase(source: Gauges): Promise<void> {
    due.reset();
    oldest.reset();
    const [backlog, streams] = await Promise.all([source.due(), source.streams()]);
    for (const { kind, waiting, oldestSeconds } of backlog) {
      due.set({ kind }, waiting);
      oldest.set({ kind }, oldestSeconds);
    }
    open.set(streams.open);
    sockets.set(streams.sockets);
    tenants.set(streams.tenants);
    lag.set(streams.lag);
  }

  function readConnections(source: Gauges): void {
    const pool = source.connections();
    if (!pool) return;
    connections.set({ state: 'idle' }, pool.idle);
    connections.set({ state: 'busy' }, pool.open - pool.idle);
    waiting.set(pool.waiting);
  }

  return {
    metrics: {
      delivery: (provider, outcome) => deliveries.inc({ provider, outcome }),
      batch(count, milliseconds) {
        batches.observe(count);
        commits.observe(milliseconds / 1_000);
      },
      attempt: (kind, state, milliseconds) => attempts.observe({ kind, state }, milliseconds / 1_000),
      providerCall: (provider, operation, outcome, milliseconds) =>
        calls.observe({ provider, operation, outcome }, milliseconds / 1_000),
      operation: (transport, type, outcome, milliseconds) =>
        operations.observe({ transport, type, outcome }, milliseconds / 1_000),
      request: (route, status, milliseconds) =>
        requests.observe({ route, status: `${Math.floor(status / 100)}xx` }, milliseconds / 1_000),
      onScrape: (source) => (gauges = source),
    },
    async scrape() {
      if (gauges) {
        readConnections(gauges);
        up.set(
          await readDatabase(gauges).then(
            () => 1,
            () => 0,
          ),
        );
      }
      return { contentType: registry.contentType, text: await registry.metrics() };
    },
  };
}
