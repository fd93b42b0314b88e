/**
 * The package as npm would publish it, installed where nothing of this repository is.
 */
import { execFile } from 'node:child_process';
import { globSync, mkdtempSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { at } from '../kit/answer.ts';
import { atEnd } from '../kit/at-end.ts';
import { spawnCli, whileRunning } from './child.ts';
import { ask } from './kit.ts';

const run = promisify(execFile);
const Packed = z.array(z.object({ filename: z.string(), files: z.array(z.object({ path: z.string() })) }));

// It takes as long as everything else in this folder together.
describe.skipIf(!process.env['LONG'])('the packed tarball', { timeout: 300_000 }, () => {
  const home = mkdtempSync(join(tmpdir(), 'countersign-package-'));
  atEnd(() => rm(home, { recursive: true, force: true }));
  let files: readonly string[] = [];

  beforeAll(async () => {
    const { stdout } = await run('npm', ['pack', '--json', '--pack-destination', home], { maxBuffer: 2 ** 26 });
    const [packed] = Packed.parse(JSON.parse(stdout.slice(stdout.indexOf('[\n'))));
    files = (packed?.files ?? []).map(({ path }) => path);
    await writeFile(join(home, 'package.json'), JSON.stringify({ name: 'elsewhere', private: true }));
    const install = ['install', '--prefer-offline', '--no-audit', '--no-fund', join(home, packed?.filename ?? '')];
    await run('npm', install, { cwd: home });
  }, 300_000);

  it('holds what runs and what its messages point to, and neither sources nor tests', () => {
    expect(files).toEqual(expect.arrayContaining(['dist/cli.js', 'dist/cli.d.ts', 'docs/errors.md', 'schema.graphql']));
    expect(files.filter((path) => /^(?:src|test|bench)\//.test(path))).toEqual([]);
  });

  it('brings one copy of graphql', () => {
    expect(globSync('**/node_modules/graphql/package.json', { cwd: home })).toHaveLength(1);
  });

  it('brings the command', async () => {
    const { stdout } = await run('npx', ['countersign', '--version'], { cwd: home });
    expect(stdout).toMatch(/^countersign \d+\.\d+\.\d+ \(Node /);
  });

  it('starts by its own command, and answers', async () => {
    const bin = join(home, 'node_modules/countersign/dist/cli.js');
    const ports = ['--port', '0', '--sandbox-port', '0'];
    const child = spawnCli(['dev', ...ports, '--data-dir', join(home, 'data'), '--json'], { cli: bin, cwd: home });
    await whileRunning(child, () => child.stdout.endsWith('\n'));
    const { graphiql, token } = z.object({ graphiql: z.url(), token: z.string() }).parse(JSON.parse(child.stdout));
    const answer = await ask(new URL(graphiql).origin, token, '{ viewer { subject } }');
    expect(at(answer, 'data.viewer.subject')).toBe('demo');
    expect(await child.end('SIGTERM')).toEqual({ code: 0, signal: null });
  });
});
