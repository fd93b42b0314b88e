/**
 * A person at a browser: GraphiQL follows and sends, the sandbox's page signs, and GraphiQL tells of it. In a real
 * Chromium, found at CHROMIUM_PATH or where Debian puts it.
 */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { eventually } from '../kit/answer.ts';
import { spawnCli } from './child.ts';

const CHROMIUM = process.env['CHROMIUM_PATH'] ?? '/usr/bin/chromium';
const there = existsSync(CHROMIUM);
if (!there && process.env['REQUIRE_BROWSER']) throw new Error(`there is no Chromium at ${CHROMIUM}`);
if (!there) console.warn(`No Chromium at ${CHROMIUM}: the browser tests are skipped. Set CHROMIUM_PATH to run them.`);

const Started = z.object({ graphiql: z.string(), sandbox: z.string() });

/**
 * Runs a tab. GraphiQL's tabs can be dragged, so a pointer that moves is no click: the element is told itself. What is
 * executed is what the editor holds, so it must hold this tab's operation first.
 */
async function run(page: Page, tab: number, operation: string): Promise<void> {
  await page.waitForSelector('.graphiql-execute-button', { timeout: 30_000 });
  await page.evaluate((id) => document.getElementById(id)?.click(), `graphiql-session-tab-${tab}`);
  await eventually(async () => ((await page.textContent('.graphiql-query-editor')) ?? '').includes(operation), {
    ms: 30_000,
    what: `${operation} in the editor`,
  });
  await page.locator('.graphiql-execute-button').click();
}

const shows = (page: Page, text: string): Promise<boolean> =>
  eventually(async () => ((await page.textContent('.result-window')) ?? '').replaceAll(/\s+/g, ' ').includes(text), {
    ms: 30_000,
    what: `${text} in the answer`,
  });

describe.skipIf(!there)('in a browser', () => {
  const directory = mkdtempSync(join(tmpdir(), 'countersign-browser-'));
  const child = spawnCli(['dev', '--port', '0', '--sandbox-port', '0', '--data-dir', directory, '--json']);
  const asked = new Set<string>();
  let started: z.infer<typeof Started>;
  let browser: Browser;

  beforeAll(async () => {
    browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--disable-gpu'] });
    const line = await eventually(() => /^\{.*\}$/m.exec(child.stdout)?.[0], { ms: 50_000, what: 'the line of JSON' });
    started = Started.parse(JSON.parse(line));
  }, 60_000);

  afterAll(async () => {
    await browser?.close();
    await child.end('SIGTERM');
    rmSync(directory, { recursive: true, force: true });
  });

  async function open(url: string): Promise<Page> {
    const page = await (await browser.newContext()).newPage();
    page.on('request', (request) => {
      if (request.url().startsWith('http')) asked.add(new URL(request.url()).hostname);
    });
    await page.goto(url);
    return page;
  }

  it('follows, sends, signs and sees it arrive, with no request leaving the machine', async () => {
    const follow = await open(started.graphiql);
    await run(follow, 0, 'Follow');
    await shows(follow, '"RECIPIENT_NOTIFIED"');
    const send = await open(started.graphiql);
    await run(send, 1, 'Send');
    await shows(send, '"SendEnvelopePayload"');
    const sign = await open(`${started.sandbox}/inbox`);
    await sign.getByText('Review documents').first().click();
    await sign.getByRole('button', { name: 'Sign', exact: true }).click();
    await shows(follow, '"ENVELOPE_COMPLETED"');
    expect([...asked]).toEqual(['127.0.0.1']);
  }, 120_000);

  it('has tabs that list and void as they are', async () => {
    const page = await open(started.graphiql);
    await run(page, 2, 'List');
    expect(await shows(page, '"COMPLETED"')).toBe(true);
    await run(page, 3, 'Void');
    expect(await shows(page, '"VoidEnvelopePayload"')).toBe(true);
  }, 60_000);
});
