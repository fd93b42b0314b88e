#!/usr/bin/env node
/**
 * The command line's front door: nothing is loaded before the version of Node is known to be able to. `cli.ts` is a link
 * to this file. An older Node refuses the name `cli.ts` before it reads a word of it, but follows the link first and runs
 * a `.cjs`; so both spellings start, and under an old Node both say why they don't. The build makes `dist/cli.js` of it,
 * an ES module, so it must be valid as both.
 * @module
 */
if (Number(process.versions.node.split('.')[0]) < 24) {
  console.error(`countersign needs Node 24 or newer; this is ${process.versions.node}.`);
  process.exitCode = 1;
} else {
  void start();
}

async function start() {
  const { main } = await import('./cli/main.ts');
  process.exitCode = await main(process.argv.slice(2));
}
