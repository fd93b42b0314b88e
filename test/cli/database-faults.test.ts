/**
 * A database that can't be used, whatever the reason: each command that needs one says why in one line, with what to do.
 */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TLSSocket } from 'node:tls';
import { Client } from 'pg';
import { describe, expect, inject, it } from 'vitest';
import { connectionFault, statementFault } from '../../src/db/postgres/database-fault.ts';
import { MIGRATION_LOCK, migratePostgres } from '../../src/db/migrate.ts';
import { makeCertificate } from '../../src/sandbox/kit/certificate.ts';
import { atEnd } from '../kit/at-end.ts';
import { freePort, runCli } from '../system/child.ts';
import { serveEnvironment, serveSettings } from '../system/kit.ts';
import { ownedPostgres } from '../system/login.ts';

const settings = await serveSettings();
const owned = settings.databaseUrl;

function url(base: string, change: { path?: string; host?: string; query?: Readonly<Record<string, string>> }): string {
  const changed = new URL(base);
  if (change.path !== undefined) changed.pathname = change.path;
  if (change.host !== undefined) changed.host = change.host;
  for (const [name, value] of Object.entries(change.query ?? {})) changed.searchParams.set(name, value);
  return changed.href;
}

/** Listens on a port of its own, and answers its `host:port`. */
async function listening(serve: (socket: Socket) => void): Promise<string> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    serve(socket);
  });
  const port = await freePort();
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  atEnd(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return `127.0.0.1:${port}`;
}

/** A PostgreSQL that answers the first message with this error. */
function refusing(state: string, message: string): Promise<string> {
  const fields = Buffer.from(`SFATAL\0VFATAL\0C${state}\0M${message}\0\0`);
  const head = Buffer.alloc(5);
  head.write('E');
  head.writeInt32BE(4 + fields.length, 1);
  return listening((socket) => socket.once('data', () => socket.end(Buffer.concat([head, fields]))));
}

const certificate = await makeCertificate();
const directory = mkdtempSync(join(tmpdir(), 'countersign-tls-'));
atEnd(() => rm(directory, { recursive: true, force: true }));
const authority = join(directory, 'ca.pem');
writeFileSync(authority, certificate.cert);

/** The server of this run behind TLS, with a certificate that signed itself. */
const behindTls = await listening((socket) => {
  socket.once('data', () => {
    socket.write('S');
    const { hostname, port } = new URL(inject('postgres').server);
    const plain = new TLSSocket(socket, { isServer: true, key: certificate.key, cert: certificate.cert });
    const real = connect(Number(port || '5432'), hostname);
    for (const end of [plain, real]) end.on('error', () => socket.destroy());
    plain.pipe(real).pipe(plain);
  });
});

const FAULTS: readonly [what: string, url: string, said: RegExp][] = [
  [
    'is not there',
    url(owned, { path: '/nowhere' }),
    /^DATABASE_URL: the database can't be reached: database "nowhere" does not exist\. Create the database/,
  ],
  [
    'refuses the password',
    url(owned, { host: await refusing('28P01', 'password authentication failed for user "u"') }),
    /^DATABASE_URL: the database can't be reached: password authentication failed for user "u"\. Correct user and password/,
  ],
  [
    'has no such login',
    url(owned, { host: await refusing('28000', 'no pg_hba.conf entry for host "x", no encryption') }),
    /^DATABASE_URL: the database can't be reached: no pg_hba\.conf entry .*\. Use a login that the server lets in .* add sslmode\./,
  ],
  [
    'has no connection left',
    url(owned, { host: await refusing('53300', 'sorry, too many clients already') }),
    /^DATABASE_URL: the database can't be reached: sorry, too many clients already\. Close other connections/,
  ],
  [
    'is where nothing listens',
    url(owned, { host: '127.0.0.1:1' }),
    /^DATABASE_URL: the database can't be reached: connect ECONNREFUSED 127\.0\.0\.1:1\. Start the server/,
  ],
  [
    'is where something else listens',
    url(owned, { host: await listening((socket) => void socket.once('data', () => socket.end())) }),
    /^DATABASE_URL: the database can't be reached: Connection terminated unexpectedly\. See that host and port are those/,
  ],
  [
    'has no TLS, with sslmode=require',
    url(owned, { query: { sslmode: 'require' } }),
    /^DATABASE_URL: .* does not support SSL connections\. Switch TLS on at the server .* sslmode=disable\./,
  ],
  [
    'has a certificate that signed itself, with sslmode=require',
    url(owned, { host: behindTls, query: { sslmode: 'require' } }),
    /^DATABASE_URL: .*self-signed certificate.* sslrootcert=FILE; sslmode=no-verify/,
  ],
  [
    'is named with a certificate that is not there',
    url(owned, { query: { sslmode: 'verify-full', sslrootcert: join(directory, 'none.pem') } }),
    /^DATABASE_URL: the file .*none\.pem, which it names for TLS, can't be read \(ENOENT\)\. Correct sslrootcert/,
  ],
];

describe('a database that can not be used', { timeout: 120_000 }, () => {
  describe.each(FAULTS)('since it %s', (_what, databaseUrl, said) => {
    it.each(['migrate', 'serve'])('is told by %s in one line with the remedy', async (command) => {
      const env = { ...serveEnvironment({ ...settings, databaseUrl }, 0), DATABASE_URL: databaseUrl };
      const { exit, stdout, stderr } = await runCli([command], { env });
      expect({ code: exit.code, stdout }).toEqual({ code: 1, stdout: '' });
      expect(stderr).toMatch(said);
      expect(stderr.match(/\n/g)).toHaveLength(1);
      expect(stderr).not.toContain(new URL(owned).password);
    });

    it('is told by doctor, with the remedy as its fix', async () => {
      const { exit, stdout, stderr } = await runCli(['doctor', '--json'], { env: { DATABASE_URL: databaseUrl } });
      expect({ code: exit.code, stderr }).toEqual({ code: 1, stderr: '' });
      const { findings }: { findings: { about: string; detail: string; fix: string }[] } = JSON.parse(stdout);
      const finding = findings.find(({ about }) => about === 'database');
      expect(`${finding?.detail} ${finding?.fix}`).toMatch(said);
    });
  });

  it('is told when the login has no rights in it', async () => {
    const other = new URL(await ownedPostgres());
    const stranger = url(owned, { path: other.pathname });
    const { stderr } = await runCli(['migrate'], { env: { DATABASE_URL: stranger } });
    expect(stderr).toMatch(/^DATABASE_URL: permission denied for .*\. Use a login that owns the database/);
    expect(stderr.match(/\n/g)).toHaveLength(1);
  });

  it('is told by doctor when another login has made its tables', async () => {
    const database = await ownedPostgres();
    expect((await runCli(['migrate'], { env: { DATABASE_URL: database } })).stdout).toBe(
      'The database is up to date.\n',
    );
    const stranger = url(owned, { path: new URL(database).pathname });
    const { exit, stdout, stderr } = await runCli(['doctor'], { env: { DATABASE_URL: stranger } });
    expect({ code: exit.code, stderr }).toEqual({ code: 1, stderr: '' });
    expect(stdout).toMatch(
      /^fail {2}database {2}access: DATABASE_URL: permission denied .*\.\n {6}Use a login that owns/m,
    );
  });
});

describe('a database behind TLS', { timeout: 120_000 }, () => {
  it.each([
    ['whose certificate is named, with sslmode=verify-full', { sslmode: 'verify-full', sslrootcert: authority }],
    ['whose certificate is named, with sslmode=require', { sslmode: 'require', sslrootcert: authority }],
    ['whose certificate is not looked at, with sslmode=no-verify', { sslmode: 'no-verify' }],
  ])('is used: %s', async (_how, query) => {
    const { exit, stdout, stderr } = await runCli(['migrate'], {
      env: { DATABASE_URL: url(owned, { host: behindTls, query }) },
    });
    expect({ code: exit.code, stdout, stderr }).toEqual({
      code: 0,
      stdout: 'The database is up to date.\n',
      stderr: '',
    });
  });
});

describe('an error of the database', () => {
  it('that nobody answered in time says what to look at', () => {
    expect(connectionFault(new Error('timeout expired')).message).toBe(
      "DATABASE_URL: the database can't be reached: timeout expired. Check host and port in DATABASE_URL, that the server runs, and what firewalls stand between.",
    );
  });

  it('that the certificate is for another name says how to mend that', () => {
    const error = Object.assign(new Error('Host: db.example is not in the names'), {
      code: 'ERR_TLS_CERT_ALTNAME_INVALID',
    });
    expect(connectionFault(error).fix).toMatch(/^Connect by a name that its certificate holds/);
  });

  it('names each of several addresses that all failed', () => {
    const refused = ['::1:5432', '127.0.0.1:5432'].map((to) => new Error(`connect ECONNREFUSED ${to}`));
    const all = Object.assign(new AggregateError(refused), { code: 'ECONNREFUSED' });
    expect(connectionFault(all).message).toContain('ECONNREFUSED ::1:5432, connect ECONNREFUSED 127.0.0.1:5432. Start');
  });

  it('is found below what is wrapped around it, whose words hold the parameters', () => {
    const cause = Object.assign(new Error('permission denied for table x'), { code: '42501' });
    const wrapped = new Error('Failed query: select secret', { cause });
    expect(statementFault(wrapped)?.what).toBe('permission denied for table x');
  });

  it('that no operator can mend keeps its stack', () => {
    expect(statementFault(Object.assign(new Error('syntax error'), { code: '42601' }))).toBeNull();
    expect(statementFault(new TypeError('x is not a function'))).toBeNull();
  });
});

it('does not wait for ever for another process that migrates', async () => {
  const other = new Client({ connectionString: owned });
  await other.connect();
  atEnd(() => other.end());
  await other.query('SELECT pg_advisory_lock($1)', [MIGRATION_LOCK]);
  await expect(migratePostgres(owned, 50)).rejects.toThrow(
    /^DATABASE_URL: canceling statement due to lock timeout\. Another process holds the lock, such as a migration/,
  );
});
