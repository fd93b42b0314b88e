#!/usr/bin/env node
/**
 * The command line's front door: nothing is imported before the version of Node is known to be able to.
 * @module
 */
import process from 'node:process';

const [major = 0] = process.versions.node.split('.').map(Number);
if (major < 24) {
  console.error(`countersign needs Node 24 or newer; this is ${process.versions.node}.`);
  process.exit(1);
}
const { main } = await import('./cli/main.ts');
process.exitCode = await main(process.argv.slice(2));
