/**
 * A database of one's own: a copy of the migrated snapshot or template, gone when the test file ends.
 * @module
 */
import { openAsBlob } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { Client } from 'pg';
import { inject } from 'vitest';
import type { Database } from '../../src/db/client.ts';
import { openPglite } from '../../src/db/pglite.ts';
import { openPostgres } from '../../src/db/postgres/postgres.ts';
import { systemWorld } from '../../src/world.ts';
import { atEnd } from './at-end.ts';

/** A fresh, migrated database of the kind this vitest project runs on; closed and dropped after the file. */
export async function testDatabase(): Promise<Database> {
  const database =
    inject('database') === 'pglite'
      ? await freshPglite()
      : openPostgres({ url: await freshPostgres(), world: systemWorld() });
  atEnd(() => database.close());
  return database;
}

/** The address of a fresh, migrated Postgres database, for tests that start processes of their own. Dropped after the file. */
export async function freshPostgres(): Promise<string> {
  const { server, template } = inject('postgres');
  const name = `${template}_${randomBytes(4).toString('hex')}`;
  await admin(server, `CREATE DATABASE ${name} TEMPLATE ${template}`);
  atEnd(() => admin(server, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`));
  return `${server}/${name}`;
}

async function freshPglite(): Promise<Database> {
  return openPglite({ snapshot: await openAsBlob(inject('snapshot')) });
}

async function admin(server: string, statement: string): Promise<void> {
  const client = new Client({ connectionString: `${server}/postgres` });
  await client.connect();
  await client.query(statement);
  await client.end();
}
