/**
 * Fails when the migrations don't make the tables that the code declares: generates into a copy and looks for news.
 * @module
 */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const root = process.cwd();
const directory = mkdtempSync(join(tmpdir(), 'countersign-drift-'));
try {
  const out = join(directory, 'migrations');
  cpSync(join(root, 'src/db/migrations'), out, { recursive: true });
  const before = readdirSync(out).length;
  execFileSync('drizzle-kit', ['generate', '--dialect', 'postgresql', '--schema', 'src/db/tables.ts', '--out', out], { stdio: 'pipe', cwd: root });
  if (readdirSync(out).length !== before) {
    console.error('src/db/tables.ts has changes without a migration: run `npm run db:generate -- --name <what>`.');
    process.exitCode = 1;
  }
} finally {
  rmSync(directory, { recursive: true, force: true });
}
