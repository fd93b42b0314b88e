/**
 * Durable webhook deliveries per second: every 2XX is committed with fsync, its body stored, the state moved on and an
 * event logged. After each window that is counted in the database.
 * @module
 */
import { writeFileSync } from 'node:fs';
import { execFile } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';
import { start } from '../kit/child.ts';
import { run, urlOf, withDatabase, withOwner } from '../kit/database.ts';
import { startServe } from '../kit/gateway.ts';
import { type Figures, report, type Settings, type Table, takeRounds, type Variant } from '../kit/rounds.ts';
import { takeWindow } from '../kit/window.ts';
import { messageOf } from './message.ts';
import { seed, type Seeded } from './seed.ts';
import { ONE_STATEMENT } from './statements.ts';

const CONNECTIONS = 32;
const OURS = 'countersign';
const TX = '(a) node:http + pg, 3 statements in a transaction';
const STATEMENT = '(b) node:http + pg, one statement';
const PGBENCH = '(c) pgbench, one statement';

interface Setup {
  readonly template: string;
  readonly seeded: Seeded;
  readonly bytes: number;
  readonly settings: Settings;
}

export async function ingest(settings: Settings): Promise<void> {
  await withOwner(() =>
    withDatabase(null, async (template) => {
      const seeded = await seed(template);
      const tables: Table[] = [];
      for (const compression of ['pglz', 'lz4']) {
        for (const table of ['deliveries', 'peer_delivery']) {
          await run(template, `ALTER TABLE ${table} ALTER COLUMN body SET COMPRESSION ${compression}`);
        }
        for (const [name, bytes] of [
          ['6 KB', 5_700],
          ['100 KB', 100_000],
        ] as const) {
          const title = `Bodies of ${name}, stored with ${compression}${compression === 'pglz' ? " (the server's default)" : ''}`;
          const setup = { template, seeded, bytes, settings };
          const rows = await takeRounds(title, variants(setup), settings);
          tables.push({ title, rows, against: [TX, STATEMENT] });
        }
      }
      report(
        'ingest',
        `${CONNECTIONS} keep-alive connections, fsync on, a fresh copy of a database with 10,000 envelopes for each window.`,
        tables,
        settings,
      );
    }),
  );
}

function variants(setup: Setup): Variant[] {
  return [
    { name: OURS, window: () => windowOf(setup, ours(setup), OURS_COUNT) },
    { name: TX, window: () => windowOf(setup, peer('tx'), PEER_COUNT) },
    { name: STATEMENT, window: () => windowOf(setup, peer('statement'), PEER_COUNT) },
    { name: PGBENCH, window: () => pgbench(setup) },
  ];
}

type Starter = (database: string) => Promise<{ child: ReturnType<typeof start>; port: number; path: string }>;

function ours({ seeded }: Setup): Starter {
  return async (database) => ({ ...(await startServe(urlOf(database))), path: seeded.path });
}

function peer(variant: string): Starter {
  return async (database) => {
    const child = start(new URL('./peer.ts', import.meta.url), [variant, urlOf(database)]);
    const { port } = z.object({ port: z.number() }).parse(await child.next());
    return { child, port, path: '/webhook' };
  };
}

/** Deliveries with their bodies, state changes and events. A recipient's and the envelope's change may be two events. */
const OURS_COUNT = `SELECT (SELECT count(*) FROM deliveries WHERE effect = 'APPLIED' AND body IS NOT NULL)::int AS deliveries,
  (SELECT sum(version - 1) FROM envelopes)::int AS changes, (SELECT count(DISTINCT envelope_id) FROM events)::int AS logged`;
const PEER_COUNT = `SELECT (SELECT count(*) FROM peer_delivery)::int AS deliveries,
  (SELECT sum(version - 1) FROM peer_envelope)::int AS changes, (SELECT count(*) FROM peer_event)::int AS logged`;
const Counted = z.object({ deliveries: z.number(), changes: z.number(), logged: z.number() });

async function windowOf(
  { template, seeded, bytes, settings }: Setup,
  starter: Starter,
  count: string,
): Promise<Figures> {
  return withDatabase(template, async (database) => {
    const [before] = await run(database, count);
    const server = await starter(database);
    const { warmMs, measureMs } = settings;
    // Of the large ones as many as fit into memory with ease; the run ends early when they are sent.
    const most = Math.floor(6e8 / bytes);
    const given = {
      port: server.port,
      path: server.path,
      accountId: seeded.accountId,
      bytes,
      connections: CONNECTIONS,
      warmMs,
      measureMs,
      most,
    };
    const { figures, answered } = await takeWindow(server.child, new URL('./client.ts', import.meta.url), given);
    const [rows, earlier] = [await run(database, count), Counted.parse(before)];
    const after = Counted.parse(rows[0]);
    if (after.deliveries - earlier.deliveries !== answered || after.logged === earlier.logged) {
      throw new Error(`${answered} deliveries were acknowledged, ${JSON.stringify(after)} is stored`);
    }
    return figures;
  });
}

/** The same statement from 32 connections with nothing in between: what the database alone can do. */
async function pgbench({ template, seeded, bytes, settings }: Setup): Promise<Figures> {
  return withDatabase(template, async (database) => {
    const body = Buffer.from(messageOf(0, seeded.accountId, bytes)).toString('hex');
    const values = [
      "md5(:n::int::text || ':' || :client_id::int::text || ':' || clock_timestamp()::text)",
      `'\\x${body}'`,
      ":'p'",
      "'delivered'",
      "clock_timestamp() + interval '10 years'",
      "'recipient-delivered'",
    ];
    const statement = ONE_STATEMENT.replace(
      /\$(\d)/g,
      (_all, place: string) => values[Number(place) - 1] ?? '',
    ).replaceAll('\n', ' ');
    const script = join(tmpdir(), `countersign-bench-${process.pid}.sql`);
    // A provider id is text: made by the database, since pgbench's variables are numbers.
    writeFileSync(
      script,
      `\\set n random(0, 9999)\n${statement.replaceAll(":'p'", "('5eed0000-0000-4000-8000-' || lpad(to_hex(:n::int), 12, '0'))")};\n`,
    );
    const { stdout } = await promisify(execFile)('pgbench', [
      '-n',
      '-M',
      'prepared',
      '-c',
      String(CONNECTIONS),
      '-j',
      '2',
      '-T',
      String(Math.ceil(settings.measureMs / 1_000)),
      '-f',
      script,
      urlOf(database),
    ]);
    const perSecond = Number(/tps = ([\d.]+)/.exec(stdout)?.[1]);
    const meanMs = Number(/latency average = ([\d.]+)/.exec(stdout)?.[1]);
    return { perSecond, p50Ms: meanMs, p99Ms: Number.NaN, cpuMicros: null };
  });
}
