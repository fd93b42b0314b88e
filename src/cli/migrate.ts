/**
 * Migrations without a gateway, for those who run them apart from it.
 * @module
 */
import { parseArgs } from 'node:util';
import { databaseUrl } from '../config.ts';
import { migratePostgres } from '../db/migrate.ts';
import { faultOfDatabase } from '../db/postgres/fit.ts';

export async function migrate(args: readonly string[]): Promise<number> {
  parseArgs({ args: [...args], options: {} });
  const url = databaseUrl();
  // Asked first, as `serve` does: what a superuser makes, the gateway's own login could not use.
  const fault = await faultOfDatabase(url);
  if (fault) throw fault;
  await migratePostgres(url);
  process.stdout.write('The database is up to date.\n');
  return 0;
}
