/**
 * Telling all replicas that an account has changed, so that none goes on believing a key that was taken away. A hint may
 * be lost: what is remembered of accounts has an end of its own.
 * @module
 */
import type { Database } from '../db/client.ts';

const CHANNEL = 'countersign_accounts';

/** Calls `forget` for every change that another process tells of, until the database is closed. */
export async function hearOfAccounts(database: Database, forget: () => void): Promise<void> {
  // PGlite lives in this process alone: there is nobody else to hear.
  if (database.kind === 'postgres') await database.listen(CHANNEL, forget);
}

/** After a commit; returns at once. */
export function tellOfAccounts(database: Database, onError: (error: unknown) => void): void {
  if (database.kind === 'postgres') void database.notify(CHANNEL).catch(onError);
}
