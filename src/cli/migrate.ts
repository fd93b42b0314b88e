/**
 * Migrations without a gateway, for those who run them apart from it.
 * @module
 */
import { parseArgs } from 'node:util';
import { databaseUrl } from '../config.ts';
import { migratePostgres } from '../db/migrate.ts';

export async function migrate(args: readonly string[]): Promise<number> {
  parseArgs({ args: [...args], options: {} });
  await migratePostgres(databaseUrl());
  process.stdout.write('The database is up to date.\n');
  return 0;
}
