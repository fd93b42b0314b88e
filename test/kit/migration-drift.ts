/**
 * Fails when the migrations don't make the tables that the code declares: generates into a copy and looks for news.
 * @module
 */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';

// drizzle-kit takes every path as relative, and ends with 0 when it fails: so nothing is believed but what it says.
const root = process.cwd();
const directory = mkdtempSync(join(tmpdir(), 'countersign-drift-'));
try {
  const out = join(directory, 'migrations');
  cpSync(join(root, 'src/db/migrations'), out, { recursive: true });
  const said = execFileSync(
    'drizzle-kit',
    ['generate', '--dialect', 'postgresql', '--schema', 'src/db/tables', '--out', relative(root, out)],
    { encoding: 'utf8', cwd: root },
  );
  if (!said.includes('No schema changes')) {
    console.error(said);
    console.error('src/db/tables has changes without a migration: run `npm run db:generate -- --name <what>`.');
    process.exitCode = 1;
  }
} finally {
  rmSync(directory, { recursive: true, force: true });
}
