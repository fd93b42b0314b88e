/**
 * PostgreSQL over the network: the production database.
 * @module
 */
import { drizzle } from 'drizzle-orm/node-postgres';
import { Client, Pool } from 'pg';
import type { World } from '../world.ts';
import { type Database, inTenants, type Listener, SNAPSHOT, tables } from './client.ts';

export interface PostgresOptions {
  readonly url: string;
  readonly world: World;
  /** Connections of the pool. */
  readonly connections?: number;
  /** Told of a connection that broke while nothing waited for it; the pool replaces it. */
  readonly onConnectionError?: (error: Error) => void;
}

export function openPostgres(options: PostgresOptions): Database {
  const ignore = options.onConnectionError ?? (() => undefined);
  const pool = new Pool({
    connectionString: options.url,
    max: options.connections ?? 10,
    application_name: 'countersign',
    // A transaction that waits for a network call is a bug: end it rather than hold its locks.
    idle_in_transaction_session_timeout: 30_000,
  });
  pool.on('error', ignore);
  // Without a handler of its own a client that breaks while checked out ends the process.
  pool.on('connect', (client) => client.on('error', ignore));
  const database = drizzle(pool, { schema: tables });
  const listeners = new Set<Listener>();
  return {
    kind: 'postgres',
    withTenants: (tenants, work) => inTenants(database, tenants, work),
    readSnapshot: (tenants, work) => inTenants(database, tenants, work, SNAPSHOT),
    notify: async (channel) => {
      await pool.query('SELECT pg_notify($1, $2)', [channel, '']);
    },
    listen: async (channel, hear) => {
      const listener = await keepListening(options, channel, hear, ignore);
      listeners.add(listener);
      return listener;
    },
    close: async () => {
      await Promise.all([...listeners].map((listener) => listener.close()));
      await pool.end();
    },
  };
}

/** A connection of its own that listens, and is made anew when it breaks or no longer answers (half-open). */
async function keepListening(
  { url, world }: PostgresOptions,
  channel: string,
  hear: () => void,
  onError: (error: Error) => void,
): Promise<Listener> {
  const stop = new AbortController();
  let first = true;
  let ready!: () => void;
  const started = new Promise<void>((resolve) => (ready = resolve));

  const session = async (): Promise<void> => {
    const client = new Client({
      connectionString: url,
      application_name: 'countersign listen',
      keepAlive: true,
      connectionTimeoutMillis: 10_000,
      query_timeout: 10_000,
    });
    const broken = new Promise<void>((resolve) => {
      client.on('error', (error) => {
        onError(error);
        resolve();
      });
      client.on('end', () => resolve());
    });
    try {
      await client.connect();
      client.on('notification', () => hear());
      await client.query(`LISTEN ${client.escapeIdentifier(channel)}`);
      ready();
      if (!first) hear();
      first = false;
      while (!stop.signal.aborted) {
        const pause = new AbortController();
        stop.signal.addEventListener('abort', () => pause.abort(), { once: true, signal: pause.signal });
        const ended = await Promise.race([
          broken.then(() => true),
          world.sleep(20_000, pause.signal).then(() => false),
        ]);
        pause.abort();
        if (ended) return;
        if (!stop.signal.aborted) await client.query('SELECT 1');
      }
    } finally {
      await client.end().catch(onError);
    }
  };

  const loop = (async () => {
    while (!stop.signal.aborted) {
      await session().catch((error: unknown) => onError(error instanceof Error ? error : new Error(String(error))));
      ready();
      if (!stop.signal.aborted) await world.sleep(500 + world.random() * 1_000, stop.signal);
    }
  })();
  await started;
  return {
    close: async () => {
      stop.abort();
      await loop;
    },
  };
}
