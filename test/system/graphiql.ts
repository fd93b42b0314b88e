/**
 * A person at GraphiQL, with mouse and keyboard, who makes the next move when the last one is seen to have worked.
 * @module
 */
import type { Locator, Page } from 'playwright-core';
import { eventually } from '../kit/answer.ts';

/** Of one wait: a busy machine is slow. */
const PATIENCE_MS = 60_000;
/** Where GraphiQL stores what a tab holds: the query in the moment in which it learns which operation that is. */
const STORED = ['graphiql:query', 'graphiql:variables'];

export interface Graphiql {
  readonly page: Page;
  /** The tabs there are, and the one that is open, once they are stored for the next time. */
  tabs(): Promise<{ readonly names: string[]; readonly open: string }>;
  /** Presses a tab, whose operation has its name; ends when GraphiQL would run that operation. */
  openTab(name: string): Promise<void>;
  /** Presses the arrow. */
  execute(): Promise<void>;
  /** Waits until the answer holds this text; resolves with all of it. */
  shows(text: string): Promise<string>;
  /** Copies the line of the answer with this key. */
  copyLine(key: string): Promise<void>;
  /** Pastes over the line of the variables with this key. */
  pasteOver(key: string): Promise<void>;
}

/** Of a page that shows GraphiQL. */
export function graphiqlIn(page: Page): Graphiql {
  page.setDefaultTimeout(PATIENCE_MS);
  const [query, variables, result] = [
    page.getByRole('region', { name: 'Operation Editor' }),
    page.getByRole('region', { name: 'Variables' }),
    page.getByRole('region', { name: 'Result Window' }),
  ];

  return {
    page,
    async tabs() {
      await page.bringToFront();
      await holds(query, '{');
      const areStored = (): Promise<boolean> => page.evaluate(() => localStorage.getItem('graphiql:tabState') !== null);
      await eventually(areStored, { ms: PATIENCE_MS, what: 'the tabs in the storage of the page' });
      const open = await page.getByRole('tab', { selected: true }).innerText();
      return { names: await page.getByRole('tab').allInnerTexts(), open };
    },
    async openTab(name) {
      await page.bringToFront();
      // A tab that is pressed before there is an editor changes nothing.
      await holds(query, '{');
      await page.evaluate((keys) => keys.forEach((key) => localStorage.removeItem(key)), STORED);
      await page.getByRole('tab', { name: new RegExp(`^${name}( |$)`) }).click();
      const isStored = async (): Promise<boolean> => {
        const [operation, given] = await page.evaluate((keys) => keys.map((key) => localStorage.getItem(key)), STORED);
        return operation?.includes(` ${name}`) === true && given !== null;
      };
      await eventually(isStored, { ms: PATIENCE_MS, what: `the tab ${name}` });
      await holds(query, ` ${name}`);
    },
    execute: () => page.getByRole('button', { name: /^Execute query/ }).click(),
    async shows(text) {
      // Chromium doesn't draw a page that lies behind another one of its window.
      await page.bringToFront();
      return holds(result, text);
    },
    async copyLine(key) {
      await line(result, key).click({ clickCount: 3 });
      await page.keyboard.press('ControlOrMeta+C');
    },
    async pasteOver(key) {
      const before = await textOf(variables);
      await line(variables, key).click({ clickCount: 3 });
      await page.keyboard.press('ControlOrMeta+V');
      await eventually(async () => (await textOf(variables)) !== before, { ms: PATIENCE_MS, what: 'what was pasted' });
    },
  };
}

/** As it is seen, lines and their indentation left out. */
async function textOf(part: Locator): Promise<string> {
  return (await part.innerText()).replaceAll(/\s+/g, ' ');
}

function holds(part: Locator, text: string): Promise<string> {
  const look = async (): Promise<string | null> => {
    const whole = await textOf(part);
    return whole.includes(text) ? whole : null;
  };
  return eventually(look, { ms: PATIENCE_MS, what: `${text} in GraphiQL` });
}

function line(part: Locator, key: string): Locator {
  return part.locator('.view-line', { hasText: `"${key}"` });
}
