/**
 * What was typed wrong is said in a sentence, never with a stack.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { stripTypeScriptTypes } from 'node:module';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeJwt } from 'jose';
import { describe, expect, inject, it } from 'vitest';
import { z } from 'zod';
import manifest from '../../package.json' with { type: 'json' };
import { atEnd } from '../kit/at-end.ts';
import { freePort, runCli } from '../system/child.ts';
import { serveEnvironment, serveSettings } from '../system/kit.ts';

const scratch = mkdtempSync(join(tmpdir(), 'countersign-usage-'));
atEnd(() => rm(scratch, { recursive: true, force: true }));

async function takenPort(): Promise<number> {
  const port = await freePort();
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  atEnd(() => server.close());
  return port;
}

describe('the command line', { timeout: 120_000 }, () => {
  it('shows every command when it is asked for help', async () => {
    const { exit, stdout, stderr } = await runCli(['--help']);
    expect(exit.code).toBe(0);
    expect(stderr).toBe('');
    for (const name of ['dev', 'serve', 'migrate', 'doctor', 'token', 'sandbox'])
      expect(stdout).toContain(`countersign ${name}`);
  });

  it('names a command that it does not know, shows those it knows, and ends with 2', async () => {
    const { exit, stdout, stderr } = await runCli(['deploy']);
    expect(exit.code).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toMatch(/^There is no command "deploy"\.\n\ncountersign: /);
  });

  it.each([
    [
      'an option that it does not know',
      ['sandbox', '--prot', '1'],
      /^Unknown option '--prot'\. What "countersign sandbox" takes is in "countersign --help"\.\n$/,
    ],
    [
      'an option without its value',
      ['dev', '--port'],
      /^Option '--port <value>' argument missing\. What "countersign dev" takes is in "countersign --help"\.\n$/,
    ],
    [
      'an option in place of a value',
      ['dev', '--port', '--json'],
      /^Option '--port' argument is ambiguous\. What "countersign dev" takes is in "countersign --help"\.\n$/,
    ],
    ['a port that is none', ['sandbox', '--port', 'http'], /^--port is a number from 0 to 65535\.\n$/],
    [
      'a public address without https',
      ['dev', '--public-url', 'http://x.example'],
      /^--public-url is an https address/,
    ],
    [
      'an origin with a path',
      ['dev', '--allow-origin', 'https://app.example.com', '--allow-origin', 'https://app.example.com/login'],
      /^--allow-origin is a web origin as browsers send it, here https:\/\/app\.example\.com: .*\n$/,
    ],
    [
      'a host that is no origin',
      ['dev', '--allow-origin', 'app.example.com'],
      /^--allow-origin is a web origin as browsers send it, such as https:.*\n$/,
    ],
    ['every origin at once', ['dev', '--allow-origin', '*'], /^--allow-origin is a web origin as browsers send it/],
    ['the origin of a WebSocket', ['dev', '--allow-origin', 'ws://localhost:3000'], /^--allow-origin is a web origin/],
    ['a verb that it does not know', ['sandbox', 'seal'], /^There is no "sandbox seal"/],
    ['a tenant that is no UUID', ['token', '--tenant', 'acme'], /^--tenant is a UUID/],
    ['an argument where none is taken', ['migrate', 'now'], /'now'/],
    ['an option for serve', ['serve', '--port', '1'], /^Unknown option '--port'\. What "countersign serve" takes/],
  ])('says in a sentence that it was given %s', async (_what, args, sentence) => {
    const { exit, stderr } = await runCli(args);
    expect(exit.code).toBe(1);
    expect(stderr).toMatch(sentence);
    expect(stderr).not.toMatch(/\n {4}at /);
  });
});

describe('a port that is in use', { timeout: 120_000 }, () => {
  it.each([
    [
      'sandbox',
      (port: number) => ['sandbox', '--port', String(port)],
      /choose another with --port \(0 takes any\)\.\n$/,
    ],
    ['dev', (port: number) => ['dev', '--port', String(port), '--data-dir', scratch], /--port or --sandbox-port/],
  ])('is told by %s in a sentence that names its own option', async (_command, args, remedy) => {
    const port = await takenPort();
    const { exit, stderr } = await runCli(args(port));
    expect(exit.code).toBe(1);
    expect(stderr).toMatch(new RegExp(`^Port ${port} is in use\\. Stop what uses it, or `));
    expect(stderr).toMatch(remedy);
  });

  it.each(['PORT', 'METRICS_PORT'])('is told by serve in a sentence that names its settings: %s', async (name) => {
    const port = await takenPort();
    const env = { ...serveEnvironment(await serveSettings(), 0), [name]: String(port) };
    const { exit, stderr } = await runCli(['serve'], { env });
    expect(exit.code).toBe(1);
    const said = stderr.split('\n').filter((line) => !line.startsWith('{'));
    expect(said).toEqual([
      `Port ${port} is in use. Stop what uses it, or choose another with PORT or METRICS_PORT.`,
      '',
    ]);
  });
});

const dev = (directory: string) => runCli(['dev', '--port', '0', '--sandbox-port', '0', '--data-dir', directory]);

describe('a data directory', { timeout: 120_000 }, () => {
  it.each([
    ['is a file', (file: string) => file, 'EEXIST'],
    ['is below a file', (file: string) => join(file, 'data'), 'ENOTDIR'],
  ])('that %s is refused in a sentence', async (_what, pathFrom, code) => {
    const file = join(scratch, 'file');
    writeFileSync(file, '');
    const { exit, stderr } = await dev(pathFrom(file));
    expect(exit.code).toBe(1);
    expect(stderr).toMatch(
      new RegExp(
        `^/.* can't be the data directory: ${code}: .*\\. Give --data-dir a directory that this user may write\\.\n$`,
      ),
    );
  });

  it('whose keys can not be read is refused in a sentence, and they stay as they are', async () => {
    const directory = mkdtempSync(join(scratch, 'keys-'));
    writeFileSync(join(directory, 'keys.json'), '{"tenantId":');
    const { exit, stderr } = await dev(directory);
    expect(exit.code).toBe(1);
    expect(stderr).toMatch(
      /keys\.json can't be read: .*\. Put it back: what the database holds is sealed with it\. .*\n$/,
    );
    expect(stderr.match(/\n/g)).toHaveLength(1);
    expect(readFileSync(join(directory, 'keys.json'), 'utf8')).toBe('{"tenantId":');
  });

  it('whose database can not be opened is refused in a sentence', async () => {
    const directory = mkdtempSync(join(scratch, 'database-'));
    mkdirSync(join(directory, 'database'));
    writeFileSync(join(directory, 'database', 'PG_VERSION'), '18\n');
    const { exit, stderr } = await dev(directory);
    expect(exit.code).toBe(1);
    expect(stderr).toMatch(/^The database in .*database can't be opened: .*\. Put back what belongs there, or .*\n$/);
  });
});

describe('countersign --version', { timeout: 120_000 }, () => {
  it('tells its own version and that of Node', async () => {
    const { exit, stdout } = await runCli(['--version']);
    expect({ code: exit.code, stdout }).toEqual({
      code: 0,
      stdout: `countersign ${manifest.version} (Node ${process.versions.node})\n`,
    });
  });
});

function tenantOf(token: string): string {
  return z.object({ tenant: z.uuid() }).parse(decodeJwt(token)).tenant;
}

describe('the command in a checkout', { timeout: 120_000 }, () => {
  it('is the script that the README names', () => {
    expect(readFileSync('README.md', 'utf8')).toContain('`npm run -s countersign --`');
    const { status, stdout } = spawnSync('npm', ['run', '-s', 'countersign', '--', '--version'], { encoding: 'utf8' });
    expect({ status, stdout }).toEqual({ status: 0, stdout: expect.stringMatching(/^countersign .* \(Node .*\)\n$/) });
  });

  it('ends quietly when nobody reads what it prints', () => {
    const script = '"$0" "$1" --help | head -c 1';
    const { stdout, stderr } = spawnSync('sh', ['-c', script, process.execPath, inject('cli')], { encoding: 'utf8' });
    expect({ stdout, stderr }).toEqual({ stdout: 'c', stderr: '' });
  });
});

describe('countersign token', { timeout: 120_000 }, () => {
  const env = { AUTH_ISSUER: 'i', AUTH_AUDIENCE: 'a', AUTH_SECRET: 'bTq0tq1nXzv9Vb7mS2kQeR5uYw8pLd3h' };
  it('makes a tenant when none is given, and says which on stderr: stdout is the token alone', async () => {
    const { exit, stdout, stderr } = await runCli(['token'], { env });
    expect(exit.code).toBe(0);
    const tenant = tenantOf(stdout.trim());
    expect(stderr).toBe(`The token is for the new tenant ${tenant}: give --tenant ${tenant} for more of its tokens.\n`);
    expect(tenantOf((await runCli(['token'], { env })).stdout.trim())).not.toBe(tenant);
  });

  it('takes the tenant that is given, and says nothing else', async () => {
    const tenant = randomUUID();
    const { stdout, stderr } = await runCli(['token', '--tenant', tenant], { env });
    expect([tenantOf(stdout.trim()), stderr]).toEqual([tenant, '']);
  });
});

const older = [process.env['OLD_NODE'], '/usr/local/bin/node', '/usr/bin/node'].find(
  (path): path is string => path !== undefined && majorOf(path) < 24,
);

/** Every way of starting, with the older Node in front of that of this checkout, as where `npm ci` brought none. */
describe.skipIf(older === undefined)('under an older Node (skipped where there is none: set OLD_NODE)', () => {
  const NEEDED = /^countersign needs Node 24 or newer; this is \d+\.\d+\.\d+\.$/;
  const files = join(scratch, 'old');
  mkdirSync(join(files, 'bin'), { recursive: true });
  if (older !== undefined) symlinkSync(older, join(files, 'bin', 'node'));
  // As the package has it: an ES module without types, and with nothing beside it that could be loaded too early.
  writeFileSync(join(files, 'package.json'), JSON.stringify({ type: 'module' }));
  writeFileSync(join(files, 'cli.js'), stripTypeScriptTypes(readFileSync('src/cli.ts', 'utf8')));

  function run(command: string, args: readonly string[]): { status: number | null; said: readonly string[] } {
    const env = { PATH: `${join(files, 'bin')}:${process.env['PATH'] ?? ''}` };
    const { status, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8', env });
    return { status, said: `${stdout}${stderr}`.split('\n').filter((line) => line !== '') };
  }

  it.each([
    ['the command of the package', join(files, 'cli.js')],
    ['src/cli.ts', 'src/cli.ts'],
    ['src/cli.cjs', 'src/cli.cjs'],
  ])('%s says in one line which Node it needs, and nothing else', (_what, file) => {
    const { status, said } = run(older ?? '', [file, 'dev']);
    expect({ status, said }).toEqual({ status: 1, said: [expect.stringMatching(NEEDED)] });
  });

  it.each(['start', 'test', 'test:long', 'sandbox', 'bench'])(
    'npm run %s begins with that line, and ends',
    (script) => {
      const scripts = new Map(Object.entries(manifest.scripts));
      const first = scripts.get(`pre${script}`) ?? scripts.get(script);
      const { status, said } = run('sh', ['-c', first ?? '']);
      expect({ status, said }).toEqual({ status: 1, said: [expect.stringMatching(NEEDED)] });
    },
  );
});

/** Infinity where there is no Node. */
function majorOf(path: string): number {
  try {
    return Number(/^v(\d+)/.exec(execFileSync(path, ['--version'], { encoding: 'utf8' }))?.[1] ?? Infinity);
  } catch {
    return Infinity;
  }
}
