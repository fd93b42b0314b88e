/**
 * Transactions on PostgreSQL with as few round trips as there are dependencies: the connection is pipelined, so BEGIN
 * and the first statement leave together, and what is asked without awaiting shares a trip.
 * @module
 */
import { drizzle } from 'drizzle-orm/node-postgres';
import type { Pool, PoolClient } from 'pg';
import { isUuid } from '../../model/ids.ts';
import type { SendLast, Tx } from '../client.ts';
import { APP_ROLE } from '../columns.ts';
import { joinWrites } from './joined-writes.ts';
import { preparing } from './prepared-statements.ts';

export type Mode = 'READ WRITE' | 'SNAPSHOT';

/** One drizzle per physical connection, made when the pool first hands it out. */
const databases = new WeakMap<PoolClient, Tx>();

/** Connections whose COMMIT has left: a statement now would run outside of any transaction, as the owner of the tables. */
const ending = new WeakSet<PoolClient>();

function databaseOf(client: PoolClient): Tx {
  const held = databases.get(client) ?? drizzle(preparing(client, () => ending.has(client)));
  databases.set(client, held);
  return held;
}

export async function transact<T>(
  pool: Pool,
  tenants: readonly string[],
  mode: Mode,
  work: (tx: Tx, sendLast: SendLast) => Promise<T>,
): Promise<T> {
  const begin = beginning(tenants, mode);
  const client = await pool.connect();
  joinWrites(client);
  const begun = client.query(begin);
  // Not awaited: the statements that follow fail with it.
  begun.catch(() => undefined);
  const commit = async (): Promise<string> => (await client.query('COMMIT')).command;
  let committing: Promise<string> | null = null;
  const sendLast: SendLast = (send) => {
    const results = send();
    ending.add(client);
    joinWrites(client);
    committing = commit();
    // What failed among the statements is told first.
    committing.catch(() => undefined);
    return results;
  };
  try {
    const result = await work(databaseOf(client), sendLast);
    await begun;
    const command = await (committing ?? commit());
    // A COMMIT after a failed statement is answered without an error, and rolls back.
    if (command !== 'COMMIT') throw new Error('the transaction was rolled back: a failed statement was not noticed');
    ending.delete(client);
    client.release();
    return result;
  } catch (error) {
    ending.delete(client);
    await rollBack(client);
    // What failed first is what is told.
    await begun;
    throw error;
  }
}

/** A connection that can't even roll back is not handed out again. */
async function rollBack(client: PoolClient): Promise<void> {
  try {
    await client.query('ROLLBACK');
    client.release();
  } catch {
    client.release(true);
  }
}

/** The ids stand in the text, since several statements at once take no parameters: so nothing but a UUID may get here. */
function beginning(tenants: readonly string[], mode: Mode): string {
  const wrong = tenants.find((tenant) => !isUuid(tenant));
  if (wrong !== undefined) throw new TypeError('a tenant is named that is no UUID');
  const isolation =
    mode === 'SNAPSHOT' ? 'ISOLATION LEVEL REPEATABLE READ READ ONLY' : 'ISOLATION LEVEL READ COMMITTED';
  return `BEGIN ${isolation}; SELECT set_config('role', '${APP_ROLE}', true), set_config('countersign.tenants', '{${tenants.join(',')}}', true)`;
}
