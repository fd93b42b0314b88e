/**
 * `npm run bench -- ingest | query | fanout`: countersign beside peers and floors, interleaved in one run. What is
 * printed, and kept in `results/`, are ratios with the machine and commit they were measured on.
 * @module
 */
import { parseArgs } from 'node:util';
import type { Settings } from './kit/rounds.ts';

const BENCHES: Readonly<Record<string, (settings: Settings) => Promise<void>>> = {
  ingest: async (settings) => (await import('./ingest/run.ts')).ingest(settings),
  query: async (settings) => (await import('./query/run.ts')).query(settings),
  fanout: async (settings) => (await import('./fanout/run.ts')).fanout(settings),
};

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '4' },
    warm: { type: 'string', default: '2' },
    only: { type: 'string', default: '' },
    keep: { type: 'boolean', default: false },
  },
});
const bench = BENCHES[positionals[0] ?? ''];
if (!bench) {
  console.error(`npm run bench -- <${Object.keys(BENCHES).join(' | ')}> [--rounds 3] [--seconds 4] [--warm 2] [--only part of a variant's name] [--keep]
--keep writes the figures to bench/results; without it they are only printed.`);
  process.exit(1);
}
await bench({
  rounds: Number(values.rounds),
  measureMs: Number(values.seconds) * 1_000,
  warmMs: Number(values.warm) * 1_000,
  only: values.only,
  keep: values.keep,
});
