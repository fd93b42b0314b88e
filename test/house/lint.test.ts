import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';

/** A planted fault: the file it stands in, its text, and the rule that must see it. */
const FAULTS: readonly (readonly [file: string, text: string, rule: string])[] = [
  // Folders import only what their line in docs/architecture.md names.
  ['src/model/x.ts', `import '../db/client.ts';`, 'no-restricted-imports'],
  ['src/model/y.ts', `import 'zod';`, 'no-restricted-imports'],
  ['src/config.ts', `import './db/client.ts';`, 'no-restricted-imports'],
  ['src/telemetry/x.ts', `import '../db/client.ts';`, 'no-restricted-imports'],
  ['src/db/x.ts', `import '../providers/provider.ts';`, 'no-restricted-imports'],
  ['src/providers/x.ts', `import '../db/client.ts';`, 'no-restricted-imports'],
  ['src/providers/docusign/x.ts', `import '../acrobat-sign/index.ts';`, 'no-restricted-imports'],
  ['src/providers/docusign/y.ts', `import '../../db/client.ts';`, 'no-restricted-imports'],
  ['src/auth/x.ts', `import '../accounts/accounts.ts';`, 'no-restricted-imports'],
  ['src/documents/x.ts', `import '../events/append.ts';`, 'no-restricted-imports'],
  ['src/events/x.ts', `import '../envelopes/state/read.ts';`, 'no-restricted-imports'],
  ['src/accounts/x.ts', `import '../envelopes/state/read.ts';`, 'no-restricted-imports'],
  ['src/envelopes/x.ts', `import '../auth/principal.ts';`, 'no-restricted-imports'],
  ['src/envelopes/y.ts', `import '../providers/docusign/index.ts';`, 'no-restricted-imports'],
  // The rooms of envelopes stand in an order too, and the two of http side by side.
  ['src/envelopes/state/x.ts', `import '../input/input.ts';`, 'no-restricted-imports'],
  ['src/envelopes/input/x.ts', `import '../drafts/create.ts';`, 'no-restricted-imports'],
  ['src/envelopes/drafts/x.ts', `import '../commands/send.ts';`, 'no-restricted-imports'],
  ['src/envelopes/commands/x.ts', `import '../reading/look-up.ts';`, 'no-restricted-imports'],
  ['src/envelopes/reading/x.ts', `import '../files/downloads.ts';`, 'no-restricted-imports'],
  ['src/envelopes/reading/y.ts', `import '../../auth/principal.ts';`, 'no-restricted-imports'],
  ['src/http/graphql/x.ts', `import '../routes/download.ts';`, 'no-restricted-imports'],
  ['src/http/routes/x.ts', `import '../graphql/engine.ts';`, 'no-restricted-imports'],
  ['src/http/routes/y.ts', `import '../../db/client.ts';`, 'no-restricted-imports'],
  ['src/webhooks/x.ts', `import '../providers/registry.ts';`, 'no-restricted-imports'],
  ['src/jobs/x.ts', `import '../schema/schema.ts';`, 'no-restricted-imports'],
  ['src/schema/x.ts', `import '../db/client.ts';`, 'no-restricted-imports'],
  ['src/schema/y.ts', `import '../providers/provider.ts';`, 'no-restricted-imports'],
  ['src/http/x.ts', `import '../db/client.ts';`, 'no-restricted-imports'],
  ['src/sandbox/docusign/x.ts', `import '../../model/words.ts';`, 'no-restricted-imports'],
  ['src/sandbox/docusign/y.ts', `import '../../world.ts';`, 'no-restricted-imports'],
  ['src/server.ts', `import './cli.ts';`, 'no-restricted-imports'],
  // Time, chance and the network come through world.ts, the environment through config.ts.
  ['src/events/time.ts', `export const now = Date.now();`, 'no-restricted-globals'],
  ['src/events/date.ts', `export const now = new Date();`, 'no-restricted-globals'],
  ['src/events/timer.ts', `setTimeout(() => undefined, 1);`, 'no-restricted-globals'],
  ['src/events/interval.ts', `setInterval(() => undefined, 1);`, 'no-restricted-globals'],
  ['src/events/net.ts', `export const answer = fetch('http://x');`, 'no-restricted-globals'],
  ['src/events/chance.ts', `export const chance = Math.random();`, 'no-restricted-properties'],
  ['src/events/env.ts', `export const home = process.env['HOME'];`, 'no-restricted-properties'],
  ['src/events/sleep.ts', `import 'node:timers/promises';`, 'no-restricted-imports'],
  // No circles, no any, no test that is alone or left out.
  ['src/events/a.ts', `import { b } from './b.ts';\nexport const a = (): number => b;`, 'no-cycle'],
  ['src/events/b.ts', `import { a } from './a.ts';\nexport const b: number = a();`, 'no-cycle'],
  ['src/events/any.ts', `export const x = (y: any): unknown => y;`, 'no-explicit-any'],
  ['test/x.test.ts', `import { it } from 'vitest';\nit.only('x', () => undefined);`, 'no-focused-tests'],
];

describe('the linter', () => {
  const root = mkdtempSync(join(tmpdir(), 'countersign-lint-'));
  afterAll(() => rmSync(root, { recursive: true }));
  cpSync('.oxlintrc.json', join(root, '.oxlintrc.json'));
  for (const [file, text] of FAULTS) {
    mkdirSync(dirname(join(root, file)), { recursive: true });
    writeFileSync(join(root, file), `${text}\n`);
  }
  const found = new Promise<string>((resolve) => {
    execFile(join(process.cwd(), 'node_modules/.bin/oxlint'), ['-f', 'unix', '.'], { cwd: root }, (_error, stdout) =>
      resolve(stdout),
    );
  });

  it.each(FAULTS)('sees the fault planted in %s', async (file, _text, rule) => {
    const lines = (await found).split('\n').filter((line) => line.startsWith(`${file}:`));
    expect(lines.join('\n')).toContain(`(${rule})`);
  });
});
