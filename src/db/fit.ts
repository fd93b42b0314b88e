/**
 * Whether a Postgres may be used at all, asked before anything is written to it.
 * @module
 */
import { Client } from 'pg';

/**
 * Why the database at `url` can't be used, in a sentence; null when it can. A login that row-level security doesn't
 * bind would own the tables, and a clock set by hand is for simulations.
 */
export async function faultOfDatabase(url: string): Promise<string | null> {
  const client = new Client({
    connectionString: url,
    application_name: 'countersign',
    connectionTimeoutMillis: 10_000,
  });
  client.on('error', () => undefined);
  try {
    await client.connect();
  } catch (error) {
    return `DATABASE_URL: the database can't be reached: ${saying(error)}.`;
  }
  try {
    const { rows } = await client.query<{ name: string; bypasses: boolean; now: string }>(
      `SELECT rolname::text AS name, rolsuper OR rolbypassrls AS bypasses, coalesce(current_setting('countersign.now', true), '') AS now
      FROM pg_roles WHERE rolname = session_user`,
    );
    const [login] = rows;
    if (!login || login.bypasses) {
      return `DATABASE_URL: the login "${login?.name}" is a superuser or bypasses row-level security. Use one that owns the database, may create roles, and no more.`;
    }
    return login.now === '' ? null : 'The database has `countersign.now` set: that is for simulations. Reset it.';
  } finally {
    await client.end();
  }
}

/** The words of a failed connection; several addresses that all failed have theirs within. */
function saying(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(saying).join(', ');
  return error instanceof Error ? error.message : String(error);
}
