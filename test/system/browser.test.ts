/**
 * A newcomer with nothing but the README: its numbered steps, done in Chromium as they stand there, with the addresses
 * that `npm start` prints.
 */
import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { beforeAll, expect, it } from 'vitest';
import { demoTabs } from '../../src/cli/demo-tabs.ts';
import { atEnd } from '../kit/at-end.ts';
import { steps } from '../docs/readme.ts';
import { describeInBrowser, openBrowser } from './browser.ts';
import { spawnCli, whileRunning } from './child.ts';
import { type Graphiql, graphiqlIn } from './graphiql.ts';
import { drawPicture } from './picture.ts';

const NEWCOMER_MS = 180_000;

describeInBrowser('a newcomer', () => {
  let printed: { readonly graphiql: string; readonly sandbox: string };
  let browser: Browser;

  beforeAll(async () => {
    const directory = mkdtempSync(join(tmpdir(), 'countersign-browser-'));
    atEnd(() => rm(directory, { recursive: true, force: true }));
    const child = spawnCli(['dev', '--port', '0', '--sandbox-port', '0', '--data-dir', join(directory, 'data')]);
    browser = await openBrowser();
    await whileRunning(child, () => child.stdout.includes('Ctrl-C'));
    const addressOf = (name: string): string => new RegExp(`^ +${name} +(\\S+)`, 'm').exec(child.stdout)?.[1] ?? '';
    printed = { graphiql: addressOf('GraphiQL'), sandbox: addressOf('Sandbox') };
  }, NEWCOMER_MS);

  const openWindow = (): Promise<BrowserContext> => browser.newContext({ viewport: { width: 1280, height: 800 } });

  /** In a window of its own. */
  async function openGraphiql(): Promise<Graphiql> {
    const page = await (await openWindow()).newPage();
    await page.goto(printed.graphiql);
    return graphiqlIn(page);
  }

  it(
    'sees an envelope signed by the steps of the README, in one window, with no request leaving the machine',
    async () => {
      const window = await openWindow();
      const asked = new Set<string>();
      window.on('request', (request) => {
        if (request.url().startsWith('http')) asked.add(new URL(request.url()).hostname);
      });
      const person = readerOf(printed, window);
      expect(steps().length).toBeGreaterThan(3);
      for (const step of steps()) await person.follow(step);
      expect([...asked]).toEqual(['127.0.0.1']);
      const { graphiql, sandbox } = person.windows();
      if (process.env['PICTURE']) await drawPicture(graphiql.page, sandbox, process.env['PICTURE']);
    },
    NEWCOMER_MS,
  );

  it(
    'with two windows watches in one what is sent from the other',
    async () => {
      const [watching, sending] = [await openGraphiql(), await openGraphiql()];
      await watching.openTab('Watch');
      await watching.execute();
      await watching.shows('"event": null');
      await sending.openTab('Void');
      const told = watching.shows('"status": "VOIDED"');
      await sending.execute();
      await sending.shows('"VoidEnvelopePayload"');
      expect(await told).toContain('"An older lease, to be voided"');
    },
    NEWCOMER_MS,
  );

  it(
    'finds the same tabs when the page is loaded again',
    async () => {
      const graphiql = await openGraphiql();
      const names = demoTabs('acc_1', 'env_1').map(({ name }) => name);
      expect(await graphiql.tabs()).toEqual({ names, open: 'Send' });
      await graphiql.page.reload();
      expect(await graphiql.tabs()).toEqual({ names, open: 'Send' });
      await graphiql.openTab('List');
      await graphiql.page.reload();
      expect(await graphiql.tabs()).toEqual({ names, open: 'List' });
    },
    NEWCOMER_MS,
  );

  it(
    'runs the tab that lists as it is',
    async () => {
      const graphiql = await openGraphiql();
      await graphiql.openTab('List');
      await graphiql.execute();
      expect(await graphiql.shows('"Lease of the house by the lake"')).toContain('"COMPLETED"');
    },
    NEWCOMER_MS,
  );
});

interface Reader {
  /** Does what a step says. Throws when it says something that the test doesn't know how to do. */
  follow(step: string): Promise<void>;
  /** Those that the steps have opened. */
  windows(): { readonly graphiql: Graphiql; readonly sandbox: Page };
}

/** Somebody who reads the steps and does them. */
function readerOf(printed: { readonly graphiql: string; readonly sandbox: string }, context: BrowserContext): Reader {
  let graphiql: Graphiql | null = null;
  let sandbox: Page | null = null;
  const windows: Reader['windows'] = () => {
    if (!graphiql || !sandbox) throw new Error('the steps have not opened both pages');
    return { graphiql, sandbox };
  };
  const here = (): Graphiql => {
    if (!graphiql) throw new Error('the steps have not opened GraphiQL');
    return graphiql;
  };

  async function open(address: string): Promise<void> {
    const { pathname } = new URL(address);
    const page = await context.newPage();
    if (pathname === '/graphql') {
      await page.goto(printed.graphiql);
      graphiql = graphiqlIn(page);
    } else {
      await page.goto(`${printed.sandbox}${pathname}`);
      sandbox = page;
    }
  }

  async function press(name: string): Promise<void> {
    if (sandbox) {
      // The topmost, where there are several.
      const [link, button] = [
        sandbox.getByRole('link', { name, exact: true }),
        sandbox.getByRole('button', { name, exact: true }),
      ];
      await link.or(button).first().click();
    } else if (name === 'Execute query') await here().execute();
    else await here().openTab(name);
  }

  /** In the order of the text. */
  const MOVES: readonly (readonly [says: RegExp, move: (word: string) => Promise<void>])[] = [
    [/<(http[^>]+)>/, open],
    [/\*\*([^*]+)\*\*/, press],
    [/says `([^`]+)`/, async (word) => void (await here().shows(`"${word}"`))],
    [/Copy its line `"(\w+)": "…"`/, (word) => here().copyLine(word)],
    [/paste that line over the one in its variables/, () => here().pasteOver('logCursor')],
  ];

  return {
    windows,
    async follow(step) {
      const all = new RegExp(MOVES.map(([says]) => `(?:${says.source.replace(/\((?!\?)/g, '(?:')})`).join('|'), 'g');
      const unknown = step.replaceAll(all, '').match(/[<`]|\*\*/);
      if (unknown) throw new Error(`the test does not know how to follow: ${step}`);
      for (const [words] of step.matchAll(all)) {
        for (const [says, move] of MOVES) {
          const found = says.exec(words);
          if (found) await move(found[1] ?? '');
        }
      }
    },
  };
}
