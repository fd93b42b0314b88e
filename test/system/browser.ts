/**
 * A real Chromium, found at CHROMIUM_PATH or where Debian puts it. Where there is none, the tests that need it are
 * skipped and say why; with REQUIRE_BROWSER they fail.
 */
import { existsSync } from 'node:fs';
import { type Browser, chromium } from 'playwright-core';
import { describe } from 'vitest';
import { atEnd } from '../kit/at-end.ts';

const CHROMIUM = process.env['CHROMIUM_PATH'] ?? '/usr/bin/chromium';
const there = existsSync(CHROMIUM);
if (!there && process.env['REQUIRE_BROWSER']) throw new Error(`there is no Chromium at ${CHROMIUM}`);
const WHY = `skipped: no Chromium at ${CHROMIUM}; install it, or set CHROMIUM_PATH`;

/** `describe`, where there is a Chromium. */
export function describeInBrowser(name: string, body: () => void): void {
  if (!there) process.stderr.write(`${name}: ${WHY}\n`);
  describe.skipIf(!there)(`${name}${there ? '' : ` (${WHY})`}`, () => {
    body();
  });
}

/** Closed with the test file. `names` are host names that lead to this machine, as if a DNS server had said so. */
export async function openBrowser(names: readonly string[] = []): Promise<Browser> {
  const rules = names.map((name) => `MAP ${name} 127.0.0.1`).join(', ');
  const browser = await chromium.launch({
    executablePath: CHROMIUM,
    args: ['--disable-gpu', ...(rules === '' ? [] : [`--host-resolver-rules=${rules}`])],
  });
  atEnd(() => browser.close());
  return browser;
}
