/**
 * `countersign doctor` on a database of its own, with accounts at a sandbox.
 */
import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { createAccounts } from '../../src/accounts/accounts.ts';
import { createAccountChanges } from '../../src/accounts/changes.ts';
import { createSealer } from '../../src/auth/sealer.ts';
import { examine, type Finding } from '../../src/cli/examine.ts';
import { doctorConfig } from '../../src/config.ts';
import { migratePostgres } from '../../src/db/migrate.ts';
import { openPostgres } from '../../src/db/postgres/postgres.ts';
import { providerFor } from '../../src/providers/registry.ts';
import { control } from '../../src/sandbox/docusign/control.ts';
import { startDocusignSandbox } from '../../src/sandbox/docusign/index.ts';
import { systemWorld } from '../../src/world.ts';
import { atEnd } from '../kit/at-end.ts';
import { assertion, grant } from '../sandbox/harness.ts';
import { runCli } from '../system/child.ts';
import { serveEnvironment, serveSettings } from '../system/kit.ts';

const settings = await serveSettings();
/** Nobody answers there: one warning that is always among the findings. */
const env = serveEnvironment(settings, 9);
const world = systemWorld();
const sandbox = await startDocusignSandbox({ seed: 5 });
atEnd(() => sandbox.close());
const { integrationKey, userId, accountId: providerAccountId, privateKey, hmacKeys } = sandbox.credentials;

/** What was found, by what it is about: `ok`, `warn` or `fail`, and the whole finding. */
async function found(): Promise<{ states: Record<string, string>; all: readonly Finding[] }> {
  const all = await examine(doctorConfig(env), world);
  return { states: Object.fromEntries(all.map(({ check, state }) => [check, state])), all };
}

describe('countersign doctor', { timeout: 120_000 }, () => {
  it('names settings that are missing, one line each with what to do, and ends with 1', async () => {
    const { exit, stdout, stderr } = await runCli(['doctor']);
    expect({ code: exit.code, stderr }).toEqual({ code: 1, stderr: '' });
    expect(stdout).toMatch(/^fail {2}settings {2}DATABASE_URL: DATABASE_URL is missing/m);
    expect(stdout).toMatch(/^fail {2}settings {2}SECRET_KEYS: /m);
  });

  it('tells of an address over plain HTTP how it becomes https, and of one that nobody answers why not', async () => {
    const gateway = (await found()).all.filter(({ about }) => about === 'gateway');
    expect(gateway).toMatchObject([
      { check: 'https', state: 'warn', fix: expect.stringMatching(/^The gateway speaks plain HTTP: put a balancer/) },
      {
        check: 'address',
        state: 'warn',
        detail: expect.stringMatching(/^PUBLIC_URL can't be reached from this machine \([\w ]+\)\.$/),
        fix: 'See that the gateway runs, and that PUBLIC_URL leads to it from outside.',
      },
    ]);
  });

  it('finds a database that is not migrated, and then one that is and has no accounts', async () => {
    expect(await examine(doctorConfig(env), world)).toContainEqual({
      about: 'database',
      check: 'migrations',
      state: 'fail',
      detail: expect.stringMatching(/^It lacks \d+ migrations\.$/),
      fix: 'Run: countersign migrate',
    });
    await migratePostgres(settings.databaseUrl);
    const { states } = await found();
    expect(states).toEqual({
      environment: 'ok',
      https: 'warn',
      address: 'warn',
      connection: 'ok',
      migrations: 'ok',
      clock: 'ok',
      accounts: 'ok',
    });
  });

  it('finds how every account stands: well, without consent, with a wrong clock, with a webhook switched off and repaired', async () => {
    const database = openPostgres({ url: settings.databaseUrl, world });
    atEnd(() => database.close());
    const sealer = createSealer(doctorConfig(env).secretKeys ?? []);
    const publicUrl = env['PUBLIC_URL'] ?? '';
    const accounts = createAccounts({
      database,
      world,
      sealer,
      providers: providerFor,
      publicUrl,
      allowSandbox: true,
    });
    const changes = createAccountChanges({ database, world, sealer, accounts });
    const tenantId = randomUUID();
    const credentials = { integrationKey, userId, privateKey, hmacKeys, providerAccountId, oauthUrl: sandbox.url };
    const row = await accounts.connect(
      { tenantId },
      { provider: 'DOCUSIGN', environment: 'SANDBOX', webhook: 'ACCOUNT', credentials },
    );
    const { webhook } = await changes.registerWebhook(tenantId, row.id);
    const well = { credentials: 'ok', consent: 'ok', baseUri: 'ok', webhook: 'ok', budget: 'ok', hmacKeys: 'ok' };
    expect((await found()).states).toMatchObject({ ...well, delivery: 'warn' });

    await control(sandbox.url, 'PUT', '/settings', { dateSkewMs: 3_600_000 });
    expect((await found()).all).toContainEqual(
      expect.objectContaining({ check: 'clock', state: 'fail', detail: expect.stringContaining('behind') }),
    );
    await control(sandbox.url, 'PUT', '/settings', { dateSkewMs: 0 });

    const { token } = await grant(sandbox, await assertion(sandbox));
    const switchedOff = { connectId: webhook.providerWebhookId, allowEnvelopePublish: 'false' };
    await fetch(`${sandbox.url}/restapi/v2.1/accounts/${providerAccountId}/connect`, {
      method: 'PUT',
      headers: { authorization: `Bearer ${token}` },
      body: JSON.stringify(switchedOff),
    });
    expect((await found()).states).toMatchObject({ ...well, webhook: 'fail' });
    expect((await changes.registerWebhook(tenantId, row.id)).webhook.repaired).toEqual(['it was switched off']);
    expect((await found()).states).toMatchObject(well);

    const sound = await runCli(['doctor', '--json'], { env });
    expect(JSON.parse(sound.stdout)).toMatchObject({ ok: true });
    expect(sound.exit.code).toBe(0);
    expect((await runCli(['doctor', '--strict'], { env })).exit.code).toBe(1);

    await control(sandbox.url, 'DELETE', '/consents', { integrationKey, userId });
    expect((await found()).all).toContainEqual(
      expect.objectContaining({ check: 'consent', state: 'fail', fix: expect.stringContaining('/oauth/auth?') }),
    );
  });
});
