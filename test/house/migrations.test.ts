import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';

it('tells when a table has changed without a migration', async () => {
  const root = mkdtempSync(join(tmpdir(), 'countersign-drift-test-'));
  cpSync('src', join(root, 'src'), { recursive: true });
  cpSync('test/kit', join(root, 'test/kit'), { recursive: true });
  cpSync('package.json', join(root, 'package.json'));
  symlinkSync(join(process.cwd(), 'node_modules'), join(root, 'node_modules'));
  const tables = join(root, 'src/db/tables/envelopes.ts');
  writeFileSync(
    tables,
    readFileSync(tables, 'utf8').replace(
      "subject: text('subject')",
      "planted: text('planted'), subject: text('subject')",
    ),
  );
  const code = await new Promise((resolve) => {
    execFile(
      process.execPath,
      ['test/kit/migration-drift.ts'],
      { cwd: root, env: { ...process.env, PATH: `${root}/node_modules/.bin:${process.env['PATH']}` } },
      (error) => resolve(error?.code ?? 0),
    );
  });
  rmSync(root, { recursive: true });
  expect(code).toBe(1);
});
