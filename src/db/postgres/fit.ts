/**
 * Whether a Postgres may be used at all, asked before anything is written to it.
 * @module
 */
import { connectTo } from './connect.ts';
import { DatabaseFault } from './database-fault.ts';

/**
 * Why the database at `url` can't be used; null when it can. A login that row-level security doesn't bind would own the
 * tables, and a clock set by hand is for simulations.
 */
export async function faultOfDatabase(url: string): Promise<DatabaseFault | null> {
  try {
    return await faultOfLogin(url);
  } catch (error) {
    if (error instanceof DatabaseFault) return error;
    throw error;
  }
}

async function faultOfLogin(url: string): Promise<DatabaseFault | null> {
  const client = await connectTo(url);
  try {
    const { rows } = await client.query<{ name: string; bypasses: boolean; now: string }>(
      `SELECT rolname::text AS name, rolsuper OR rolbypassrls AS bypasses, coalesce(current_setting('countersign.now', true), '') AS now
      FROM pg_roles WHERE rolname = session_user`,
    );
    const [login] = rows;
    if (!login || login.bypasses) {
      return new DatabaseFault(
        `the login "${login?.name}" is a superuser or bypasses row-level security`,
        'Use one that owns the database, may create roles, and no more.',
      );
    }
    if (login.now === '') return null;
    return new DatabaseFault(
      'the database has `countersign.now` set, which is for simulations',
      'Reset it: ALTER DATABASE … RESET countersign.now, and the same for the role.',
    );
  } finally {
    await client.end();
  }
}
