/**
 * Variants taken in turn, round after round: whatever the machine does meanwhile, it does to all of them.
 * @module
 */
import { writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { execFileSync } from 'node:child_process';

export interface Settings {
  readonly rounds: number;
  /** Of one window. */
  readonly measureMs: number;
  readonly warmMs: number;
  /** Part of a variant's name; empty takes all. */
  readonly only: string;
  readonly keep: boolean;
}

export interface Figures {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** CPU microseconds of the server for each operation; null where the server isn't ours to ask. */
  readonly cpuMicros: number | null;
}

export interface Variant {
  readonly name: string;
  /** Starts what it needs, warms it, measures one window, and ends it. */
  window(): Promise<Figures>;
}

export interface Row extends Figures {
  readonly name: string;
  readonly min: number;
  readonly max: number;
}

/** Medians of each variant over the rounds. */
export async function takeRounds(title: string, variants: readonly Variant[], settings: Settings): Promise<Row[]> {
  const taken = new Map<string, Figures[]>();
  for (let round = 1; round <= settings.rounds; round++) {
    for (const variant of variants.filter(({ name }) => name.includes(settings.only))) {
      const figures = await variant.window();
      taken.set(variant.name, [...(taken.get(variant.name) ?? []), figures]);
      process.stderr.write(`${title}, round ${round}: ${variant.name} ${Math.round(figures.perSecond)}/s\n`);
    }
  }
  return [...taken].map(([name, all]) => ({
    name,
    perSecond: median(all.map((one) => one.perSecond)),
    min: Math.min(...all.map((one) => one.perSecond)),
    max: Math.max(...all.map((one) => one.perSecond)),
    p50Ms: median(all.map((one) => one.p50Ms)),
    p99Ms: median(all.map((one) => one.p99Ms)),
    cpuMicros: all.some((one) => one.cpuMicros === null) ? null : median(all.map((one) => one.cpuMicros ?? 0)),
  }));
}

export interface Table {
  readonly title: string;
  readonly rows: readonly Row[];
  /** Names of the rows that others are told as multiples of. */
  readonly against: readonly string[];
}

/** Markdown, as the results file holds it. */
export function tableText({ title, rows, against }: Table): string {
  const bases = against.flatMap((name) => rows.filter((row) => row.name === name));
  const head = [
    'variant',
    'per s (min–max)',
    ...bases.map(({ name }) => `× ${name}`),
    'p50 ms',
    'p99 ms',
    'server CPU µs',
  ];
  const body = rows.map((row) =>
    line([
      row.name,
      `${Math.round(row.perSecond)} (${Math.round(row.min)}–${Math.round(row.max)})`,
      ...bases.map((base) => (row.perSecond / base.perSecond).toFixed(2)),
      row.p50Ms.toFixed(2),
      Number.isNaN(row.p99Ms) ? '–' : row.p99Ms.toFixed(2),
      row.cpuMicros === null ? '–' : String(Math.round(row.cpuMicros)),
    ]),
  );
  return [`### ${title}`, '', line(head), line(head.map(() => '---')), ...body, ''].join('\n');
}

function line(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`;
}

export function report(name: string, notes: string, tables: readonly Table[], settings: Settings): void {
  const text = [
    `# ${name}`,
    '',
    `\`npm run bench -- ${name} --rounds ${settings.rounds} --seconds ${settings.measureMs / 1_000}\`, ${new Date().toISOString().slice(0, 10)}, commit ${commit()}.`,
    `${cpus().length} cores (${cpus()[0]?.model ?? 'unknown'}) for server, database and client together, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.versions.node}. Take the ratios, not the figures.`,
    '',
    notes,
    '',
    ...tables.map(tableText),
  ].join('\n');
  process.stdout.write(`${text}\n`);
  if (settings.keep) writeFileSync(new URL(`../results/${name}.md`, import.meta.url), text);
}

function commit(): string {
  return (
    git('rev-parse', '--short', 'HEAD') +
    (git('status', '--porcelain', '--', 'src') === '' ? '' : ' and uncommitted changes')
  );
}

function git(...args: string[]): string {
  return execFileSync('git', args, { encoding: 'utf8' }).trim();
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? 0;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? 0)) / 2;
}
