/**
 * PostgreSQL over the network: the production database.
 * @module
 */
import { Pool } from 'pg';
import type { World } from '../../world.ts';
import type { Database, Listener } from '../client.ts';
import { LAST_MIGRATION, missingMigrations } from '../migrate.ts';
import { keepListening } from './listener.ts';
import { transact } from './transaction.ts';

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
    // A statement goes out while the one before is being answered: what is begun together shares a round trip.
    pipeline: true,
    application_name: 'countersign',
    // A transaction that waits for a network call is a bug: end it rather than hold its locks.
    idle_in_transaction_session_timeout: 30_000,
  });
  pool.on('error', ignore);
  // Without a handler of its own a client that breaks while checked out ends the process.
  pool.on('connect', (client) => client.on('error', ignore));
  const listeners = new Set<Listener>();
  return {
    kind: 'postgres',
    withTenants: (tenants, work) => transact(pool, tenants, 'READ WRITE', work),
    readSnapshot: (tenants, work) => transact(pool, tenants, 'SNAPSHOT', work),
    notify: async (channel) => {
      await pool.query('SELECT pg_notify($1, $2)', [channel, '']);
    },
    listen: async (channel, hear) => {
      const listener = await keepListening(options, channel, hear, ignore);
      listeners.add(listener);
      return listener;
    },
    migrated: async () => missingMigrations((await pool.query(LAST_MIGRATION)).rows) === 0,
    connections: () => ({ open: pool.totalCount, idle: pool.idleCount, waiting: pool.waitingCount }),
    close: async () => {
      await Promise.all([...listeners].map((listener) => listener.close()));
      await pool.end();
    },
  };
}
