/**
 * What was typed wrong is said in a sentence, never with a stack.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runCli } from '../system/child.ts';

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
    ['an option that it does not know', ['sandbox', '--prot', '1'], /'--prot'/],
    ['an option without its value', ['dev', '--port'], /'--port/],
    ['a port that is none', ['sandbox', '--port', 'http'], /^--port is a number from 0 to 65535\.\n$/],
    [
      'a public address without https',
      ['dev', '--public-url', 'http://x.example'],
      /^--public-url is an https address/,
    ],
    ['a verb that it does not know', ['sandbox', 'seal'], /^There is no "sandbox seal"/],
    ['a tenant that is no UUID', ['token', '--tenant', 'acme'], /^--tenant is a UUID/],
    ['an argument where none is taken', ['migrate', 'now'], /'now'/],
  ])('says in a sentence that it was given %s', async (_what, args, sentence) => {
    const { exit, stderr } = await runCli(args);
    expect(exit.code).toBe(1);
    expect(stderr).toMatch(sentence);
    expect(stderr).not.toMatch(/\n {4}at /);
  });
});

const older = [process.env['OLD_NODE'], '/usr/local/bin/node', '/usr/bin/node'].find(
  (path): path is string => path !== undefined && majorOf(path) < 24,
);

describe('under an older Node', () => {
  it.skipIf(older === undefined)(
    'says in one line which Node it needs (skipped where there is no older Node: set OLD_NODE)',
    () => {
      const directory = mkdtempSync(join(tmpdir(), 'countersign-bin-'));
      try {
        // As the package has it: without types, and without anything beside it that could be loaded too early.
        const bin = join(directory, 'cli.mjs');
        writeFileSync(bin, stripTypeScriptTypes(readFileSync('src/cli.ts', 'utf8')));
        const { status, stdout, stderr } = spawnSync(older ?? '', [bin, '--help'], { encoding: 'utf8' });
        expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
        expect(stderr).toMatch(/^countersign needs Node 24 or newer; this is \d+\.\d+\.\d+\.\n$/);
      } finally {
        rmSync(directory, { recursive: true, force: true });
      }
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
