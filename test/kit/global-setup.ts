/**
 * Once per run: a migrated PGlite snapshot and a migrated Postgres template, which every test file copies, and the
 * command line in one piece.
 * @module
 */
import { rm, writeFile } from 'node:fs/promises';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PGlite } from '@electric-sql/pglite';
import { drizzle } from 'drizzle-orm/pglite';
import { migrate } from 'drizzle-orm/pglite/migrator';
import { Client } from 'pg';
import type { TestProject } from 'vitest/node';
import { MIGRATIONS, migratePostgres } from '../../src/db/migrate.ts';
import { bundleCli } from './bundle.ts';
import { findPostgres } from './postgres-server.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Which database `*.db.test.ts` files of this project use. */
    database: 'pglite' | 'postgres';
    /** Path of a dump of a migrated PGlite. */
    snapshot: string;
    /** Address of a Postgres server without a database name, and its migrated template. */
    postgres: { server: string; template: string };
    /** Path of the bundled command line. */
    cli: string;
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const directory = mkdtempSync(join(tmpdir(), 'countersign-test-'));
  const snapshot = join(directory, 'snapshot.tar');
  const client = await PGlite.create('memory://');
  await migrate(drizzle(client), { migrationsFolder: MIGRATIONS });
  const dump = await client.dumpDataDir('none');
  await writeFile(snapshot, dump.stream());
  await client.close();
  project.provide('snapshot', snapshot);

  const bundle = await bundleCli();
  project.provide('cli', bundle.cli);

  const postgres = await findPostgres();
  const template = `countersign_test_${process.pid}_${Date.now().toString(36)}`;
  const run = async (statement: string): Promise<void> => {
    const admin = new Client({ connectionString: `${postgres.server}/postgres` });
    await admin.connect();
    await admin.query(statement);
    await admin.end();
  };
  await run(`CREATE DATABASE ${template}`);
  await migratePostgres(`${postgres.server}/${template}`);
  project.provide('postgres', { server: postgres.server, template });

  return async () => {
    // The copies of a test file that was broken off would stay for ever.
    for (const name of await databasesLike(postgres.server, template)) await run(`DROP DATABASE ${name} WITH (FORCE)`);
    await postgres.stop();
    await bundle.remove();
    await rm(directory, { recursive: true, force: true });
  };
}

/** The template and all that was copied from it. */
async function databasesLike(server: string, template: string): Promise<string[]> {
  const admin = new Client({ connectionString: `${server}/postgres` });
  await admin.connect();
  const { rows } = await admin.query<{ datname: string }>(
    'SELECT datname FROM pg_database WHERE starts_with(datname, $1)',
    [template],
  );
  await admin.end();
  return rows.map(({ datname }) => datname);
}
