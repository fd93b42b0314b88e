/**
 * What `countersign doctor` looks at: settings, database, clock, our address, and how every account stands.
 * @module
 */
import { createAccounts } from '../accounts/accounts.ts';
import { everyAccount } from '../accounts/every-account.ts';
import { createHealthChecks } from '../accounts/health.ts';
import { createSealer } from '../auth/sealer.ts';
import type { doctorConfig } from '../config.ts';
import { DatabaseFault, statementFault } from '../db/postgres/database-fault.ts';
import { faultOfDatabase } from '../db/postgres/fit.ts';
import { databaseTime, pendingMigrations } from '../db/pending-migrations.ts';
import { openPostgres } from '../db/postgres/postgres.ts';
import { publicId } from '../model/ids.ts';
import type { HealthState } from '../model/words.ts';
import { SKEW_FAILING_MS, SKEW_WARNING_MS } from '../providers/clock-check.ts';
import { providerFor } from '../providers/registry.ts';
import type { World } from '../world.ts';

export interface Finding {
  /** `settings`, `database`, `gateway`, or the account (acc_…). */
  readonly about: string;
  readonly check: string;
  readonly state: 'ok' | 'warn' | 'fail';
  readonly detail: string;
  readonly fix: string | null;
}

type Settings = ReturnType<typeof doctorConfig>;

const STATES: Readonly<Record<HealthState, Finding['state']>> = {
  OK: 'ok',
  WARNING: 'warn',
  UNKNOWN: 'warn',
  FAILING: 'fail',
};

export async function examine(settings: Settings, world: World): Promise<Finding[]> {
  const findings: Finding[] = settings.problems.map(({ name, message }) => ({
    about: 'settings',
    check: name,
    state: 'fail',
    detail: `${name} ${message}`,
    fix: 'The settings are listed in the README, under Production.',
  }));
  if (findings.length === 0) findings.push(ok('settings', 'environment', 'All settings are there, and none is weak.'));
  findings.push(...(await addressFindings(settings, world)));
  const { databaseUrl } = settings;
  if (databaseUrl === null) return findings;
  try {
    const database = await databaseFindings(databaseUrl, world);
    findings.push(...database);
    if (database.some(({ state }) => state === 'fail')) return findings;
    return [...findings, ...(await accountFindings(settings, databaseUrl, world))];
  } catch (error) {
    const fault = error instanceof DatabaseFault ? error : statementFault(error);
    if (fault === null) throw error;
    return [...findings, faultFinding('access', fault)];
  }
}

function faultFinding(check: string, { what, fix }: DatabaseFault): Finding {
  return bad('fail', 'database', check, `DATABASE_URL: ${what}.`, fix);
}

async function databaseFindings(url: string, world: World): Promise<Finding[]> {
  const fault = await faultOfDatabase(url);
  if (fault !== null) return [faultFinding('connection', fault)];
  const findings = [ok('database', 'connection', 'It answers, and its login is bound by row-level security.')];
  const pending = await pendingMigrations(url);
  findings.push(
    pending === 0
      ? ok('database', 'migrations', 'It is up to date.')
      : bad(
          'fail',
          'database',
          'migrations',
          `It lacks ${pending} ${pending === 1 ? 'migration' : 'migrations'}.`,
          'Run: countersign migrate',
        ),
  );
  const skew = Math.abs((await databaseTime(url)).getTime() - world.now().getTime());
  const detail = `This machine's clock and the database's differ by ${Math.round(skew / 1_000)} s.`;
  const state = skew > SKEW_FAILING_MS ? 'fail' : skew > SKEW_WARNING_MS ? 'warn' : null;
  findings.push(
    state === null
      ? ok('database', 'clock', detail)
      : bad(state, 'database', 'clock', detail, 'Synchronise both clocks (NTP).'),
  );
  return findings;
}

/** Milliseconds that our own address may take to answer. */
const ADDRESS_MS = 5_000;

async function addressFindings({ publicUrl }: Settings, world: World): Promise<Finding[]> {
  if (publicUrl === null) return [];
  const https = publicUrl.startsWith('https:')
    ? ok('gateway', 'https', 'PUBLIC_URL is https.')
    : bad('warn', 'gateway', 'https', 'PUBLIC_URL is not https: only a sandbox can send webhooks there.', TLS_IN_FRONT);
  const warn = (detail: string): Finding => bad('warn', 'gateway', 'address', detail, REACHED);
  try {
    const response = await world.fetch(`${publicUrl}/health/live`, { signal: AbortSignal.timeout(ADDRESS_MS) });
    await response.body?.cancel();
    const { status } = response;
    if (status === 200) return [https, ok('gateway', 'address', 'PUBLIC_URL answers.')];
    return [https, warn(`PUBLIC_URL answers ${status} where a gateway says that it lives.`)];
  } catch (error) {
    return [https, warn(`PUBLIC_URL can't be reached from this machine (${reasonOf(error)}).`)];
  }
}

const TLS_IN_FRONT =
  'The gateway speaks plain HTTP: put a balancer or proxy with a certificate in front of it, and set PUBLIC_URL to the https address of that. For a trial on a laptop use a tunnel: docs/recipes/tunnel.md.';
const REACHED = 'See that the gateway runs, and that PUBLIC_URL leads to it from outside.';

/** What the network called it: a failed fetch has that within. */
function reasonOf(error: unknown): string {
  const cause = error instanceof Error ? (error.cause ?? error) : error;
  if (!(cause instanceof Error)) return String(cause);
  return 'code' in cause && typeof cause.code === 'string' ? cause.code : cause.name;
}

async function accountFindings(settings: Settings, url: string, world: World): Promise<Finding[]> {
  const { secretKeys, publicUrl, allowSandbox } = settings;
  const database = openPostgres({ url, world, connections: 2 });
  try {
    const rows = await everyAccount(database);
    if (rows.length === 0) return [ok('accounts', 'accounts', 'No account is connected yet.')];
    if (secretKeys === null || publicUrl === null) {
      const detail = `${rows.length} accounts are not looked at: that takes SECRET_KEYS and PUBLIC_URL.`;
      return [bad('warn', 'accounts', 'accounts', detail, 'Give doctor the settings of serve.')];
    }
    const sealer = createSealer(secretKeys);
    const accounts = createAccounts({ database, world, sealer, providers: providerFor, publicUrl, allowSandbox });
    const health = createHealthChecks({ database, world, sealer, accounts, onError: () => undefined });
    const looked = await Promise.all(rows.map(async (row) => ({ row, found: await health.of(row) })));
    await accounts.close();
    return looked.flatMap(({ row, found: { checks } }) =>
      checks.map(({ id, state, detail, fix }) => ({
        about: publicId('Account', row.id),
        check: id,
        state: STATES[state],
        detail,
        fix,
      })),
    );
  } finally {
    await database.close();
  }
}

function ok(about: string, check: string, detail: string): Finding {
  return { about, check, state: 'ok', detail, fix: null };
}

function bad(state: 'warn' | 'fail', about: string, check: string, detail: string, fix: string | null): Finding {
  return { about, check, state, detail, fix };
}
