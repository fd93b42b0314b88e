/**
 * Databases of a bench: one is filled, each window works on a fresh copy of it.
 * @module
 */
import { Client } from 'pg';

/** Address of a server with fsync on; BENCH_DATABASE_URL, else the one of this machine. */
const SERVER = (process.env['BENCH_DATABASE_URL'] ?? 'postgres://postgres@127.0.0.1:5432').replace(/\/$/, '');

/** Owns the databases and no more, as the gateway wants it: row-level security doesn't hold for a superuser. */
const OWNER = `countersign_bench_${process.pid}`;

/** For what is measured. */
export function urlOf(name: string): string {
  const url = new URL(`${SERVER}/${name}`);
  url.username = OWNER;
  url.password = OWNER;
  return url.href;
}

/** Runs `work` while the owner's role is there. */
export async function withOwner(work: () => Promise<void>): Promise<void> {
  await run('postgres', `CREATE ROLE ${OWNER} LOGIN CREATEROLE PASSWORD '${OWNER}'`);
  try {
    await work();
  } finally {
    await run('postgres', `DROP ROLE ${OWNER}`);
  }
}

export async function run<T extends object>(database: string, statement: string, values: unknown[] = []): Promise<T[]> {
  const client = new Client({ connectionString: `${SERVER}/${database}` });
  await client.connect();
  try {
    return (await client.query<T>(statement, values)).rows;
  } finally {
    await client.end();
  }
}

/** Runs `work` with the name of a database that is gone afterwards; a copy of `template` when that is given. */
export async function withDatabase<T>(template: string | null, work: (name: string) => Promise<T>): Promise<T> {
  const name = `countersign_bench_${process.pid}_${Math.random().toString(36).slice(2, 10)}`;
  await run('postgres', `CREATE DATABASE ${name} OWNER ${OWNER}${template === null ? '' : ` TEMPLATE ${template}`}`);
  try {
    return await work(name);
  } finally {
    await run('postgres', `DROP DATABASE ${name} WITH (FORCE)`);
  }
}
