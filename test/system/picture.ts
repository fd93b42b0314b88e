/**
 * The picture of the README: GraphiQL beside the page on which somebody signs, as the test has left the one and would see
 * the other. Drawn anew by `PICTURE=docs/at-work.png npx vitest run test/system/browser.test.ts`.
 * @module
 */
import type { Page } from 'playwright-core';

const [WIDTH, HEIGHT] = [1480, 740];

export async function drawPicture(graphiql: Page, sandbox: Page, path: string): Promise<void> {
  await graphiql.setViewportSize({ width: 860, height: 700 });
  await sandbox.setViewportSize({ width: 560, height: 700 });
  const shown = await Promise.all(
    [graphiql, sandbox].map(async (page) => (await page.screenshot()).toString('base64')),
  );
  const frame = await graphiql.context().newPage();
  await frame.setViewportSize({ width: WIDTH, height: HEIGHT });
  const style = 'border-radius: 8px; box-shadow: 0 2px 8px rgb(0 0 0 / 25%)';
  await frame.setContent(
    `<body style="margin: 20px; display: flex; gap: 20px; background: #e8edf5">${shown
      .map((png) => `<img style="${style}" src="data:image/png;base64,${png}">`)
      .join('')}`,
  );
  await frame.screenshot({ path });
  await frame.close();
}
