/**
 * The one way to the database. `withTenants` is the only transaction there is: it switches to a role that row-level
 * security holds for and names the tenants it serves, for that transaction alone.
 * @module
 */
import { type SQL, sql } from 'drizzle-orm';
import type { PgDatabase, PgQueryResultHKT, PgTransactionConfig } from 'drizzle-orm/pg-core';
import { APP_ROLE } from './columns.ts';

/** A tenant transaction. What is awaited inside it must be the database alone: never a network call. */
export type Tx = PgDatabase<PgQueryResultHKT>;

/**
 * Sends the transaction's last statements and COMMIT right behind them: a round trip less, and locks that are held for
 * less. Whatever is asked for afterwards is refused, so nothing can slip out of the transaction; and since it may be
 * committed by then, `work` must not fail by anything but these statements.
 */
export type SendLast = <Result>(send: () => Promise<Result>) => Promise<Result>;

export interface Listener {
  close(): Promise<void>;
}

export interface Database {
  readonly kind: 'pglite' | 'postgres';
  /**
   * Runs `work` in one transaction that sees the rows of exactly these tenants. With none, it sees only the tables
   * of ids (`routes`, `due`). Rolls back when `work` throws.
   */
  withTenants<T>(tenants: readonly string[], work: (tx: Tx, sendLast: SendLast) => Promise<T>): Promise<T>;
  /** The same, read-only, with all that `work` reads taken from one snapshot. */
  readSnapshot<T>(tenants: readonly string[], work: (tx: Tx) => Promise<T>): Promise<T>;
  /** Wakes whoever listens on any replica. May be lost or doubled: a hint, never the news itself. */
  notify(channel: string): Promise<void>;
  /** Calls `hear` for each hint, and once after every reconnection, since hints were missed then. */
  listen(channel: string, hear: () => void): Promise<Listener>;
  /** Whether every migration this version knows is applied. Throws when the database doesn't answer. */
  migrated(): Promise<boolean>;
  /** Of the pool, in this process; null without one. */
  connections(): Connections | null;
  close(): Promise<void>;
}

export interface Connections {
  readonly open: number;
  readonly idle: number;
  /** Callers that wait for one. */
  readonly waiting: number;
}

/** A drizzle database of either driver, as far as this module needs it. */
interface Transactional {
  transaction<T>(work: (tx: Tx) => Promise<T>, config?: PgTransactionConfig): Promise<T>;
}

export const SNAPSHOT: PgTransactionConfig = { isolationLevel: 'repeatable read', accessMode: 'read only' };

export async function inTenants<T>(
  database: Transactional,
  tenants: readonly string[],
  work: (tx: Tx) => Promise<T>,
  config?: PgTransactionConfig,
): Promise<T> {
  return database.transaction(async (tx) => {
    const list = `{${tenants.join(',')}}`;
    await tx.execute(
      sql`SELECT set_config('role', ${APP_ROLE}, true), set_config('countersign.tenants', ${list}, true)`,
    );
    return work(tx);
  }, config);
}

/**
 * Sends the statement now. Merely awaited, drizzle's leaves a turn later, behind what was said after it; and where
 * several share a round trip, the order in which they leave is the order in which they take locks.
 */
export async function sent<Result>(query: { execute(): Promise<Result> }): Promise<Result> {
  return query.execute();
}

/** Rows of a raw statement; both drivers answer `{ rows }`. The caller parses what it reads. */
export async function rowsOf(tx: Tx, statement: SQL): Promise<readonly Record<string, unknown>[]> {
  const result: unknown = await sent(tx.execute(statement));
  if (typeof result === 'object' && result !== null && 'rows' in result && Array.isArray(result.rows))
    return result.rows;
  throw new TypeError('the driver answered without rows');
}

/**
 * Throws when row-level security would not hold: asked inside a tenant transaction, of the role that is in force there.
 */
export async function assertIsolation(database: Database): Promise<void> {
  const [role] = await database.withTenants([], (tx) =>
    rowsOf(
      tx,
      sql`SELECT current_user::text AS name, (rolsuper OR rolbypassrls) AS bypasses FROM pg_roles WHERE rolname = current_user`,
    ),
  );
  if (role?.['bypasses'] !== false) {
    throw new Error(
      `the database role ${String(role?.['name'])} bypasses row-level security: tenants would see each other`,
    );
  }
}
