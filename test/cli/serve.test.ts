/**
 * `countersign serve` and what belongs to it: the settings it refuses, the tokens it takes, the stand-in it is tried with.
 */
import { beforeAll, describe, expect, inject, it } from 'vitest';
import { z } from 'zod';
import manifest from '../../package.json' with { type: 'json' };
import { startDocusignSandbox } from '../../src/sandbox/docusign/index.ts';
import { TRACE_PACKAGES } from '../../src/telemetry/otlp.ts';
import { at, eventually, textAt } from '../kit/answer.ts';
import { freshPostgres } from '../kit/database.ts';
import { envelope, SEND } from '../kit/envelopes.ts';
import { followBySse } from '../kit/follow.ts';
import { atEnd } from '../kit/at-end.ts';
import { freePort, runCli, spawnCli, whileRunning } from '../system/child.ts';
import {
  ask,
  connectAccount,
  type GatewayProcess,
  serveEnvironment,
  serveProcess,
  serveSettings,
  type ServeSettings,
  serveToken,
} from '../system/kit.ts';

/** Where a machine has more than one address of its own without being told so. */
const isLinux = process.platform === 'linux';

/** A database that is migrated, owned by a superuser. */
const superusers = await freshPostgres();

describe('countersign serve', { timeout: 120_000 }, () => {
  it('names every setting that is missing, at once', async () => {
    const { exit, stderr } = await runCli(['serve']);
    expect(exit.code).toBe(1);
    for (const name of [
      'DATABASE_URL',
      'PUBLIC_URL',
      'SECRET_KEYS',
      'AUTH_ISSUER',
      'AUTH_AUDIENCE',
      'AUTH_JWKS_URL | AUTH_PUBLIC_KEY | AUTH_SECRET',
    ]) {
      expect(stderr).toContain(`  ${name}: is missing`);
    }
    expect(stderr).not.toMatch(/\n {4}at /);
  });

  it('names every setting that is weak, at once and without its value', async () => {
    const weak = {
      DATABASE_URL: 'mysql://root:hunter2@127.0.0.1/x',
      PUBLIC_URL: 'http://signing.example',
      SECRET_KEYS: `k1:${Buffer.alloc(32).toString('base64')}`,
      AUTH_SECRET: 'too-short',
      AUTH_ISSUER: 'i',
      AUTH_AUDIENCE: 'a',
      PORT: '99999',
    };
    const { exit, stderr } = await runCli(['serve'], { env: weak });
    expect(exit.code).toBe(1);
    for (const name of ['DATABASE_URL', 'PUBLIC_URL', 'SECRET_KEYS', 'AUTH_SECRET', 'PORT'])
      expect(stderr).toContain(`  ${name}: `);
    for (const value of ['hunter2', 'too-short', 'AAAA']) expect(stderr).not.toContain(value);
  });

  it('refuses the login of a superuser, whom row-level security does not bind', async () => {
    const settings = { ...SETTINGS, databaseUrl: superusers };
    const { exit, stderr } = await runCli(['serve'], { env: serveEnvironment(settings, 0) });
    expect(exit.code).toBe(1);
    expect(stderr).toMatch(/^DATABASE_URL: the login "\w+" is a superuser or bypasses row-level security\. .*\n$/);
  });

  it('says in a sentence what to install when traces are asked for without their packages', async () => {
    // As where nobody installed them: the optional peers can't be found.
    const hooks = `import { registerHooks } from 'node:module';
      registerHooks({ resolve(name, context, next) {
        if (${JSON.stringify(TRACE_PACKAGES)}.includes(name)) throw Object.assign(new Error('gone'), { code: 'ERR_MODULE_NOT_FOUND' });
        return next(name, context);
      } });`;
    const NODE_OPTIONS = `--import=data:text/javascript,${encodeURIComponent(hooks)}`;
    const env = { ...serveEnvironment(SETTINGS, 0), OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1', NODE_OPTIONS };
    const { exit, stderr } = await runCli(['serve'], { env: { ...env, DATABASE_URL: superusers }, cli: 'src/cli.ts' });
    expect(exit.code).toBe(1);
    const names = Object.keys(manifest.peerDependencies);
    expect(stderr).toMatch(/^OTEL_EXPORTER_OTLP_ENDPOINT is set, and .* is not installed\. Install it: npm i .*\n$/);
    expect(stderr.trim().split('npm i ')[1]?.split(' ').toSorted()).toEqual(names.toSorted());
  });

  it('says in a sentence that the database is not there', async () => {
    const settings = { ...SETTINGS, databaseUrl: `${inject('postgres').server}/there_is_no_such_database` };
    const { exit, stderr } = await runCli(['serve'], { env: serveEnvironment(settings, 0) });
    expect(exit.code).toBe(1);
    expect(stderr).toBe(
      'DATABASE_URL: the database can\'t be reached: database "there_is_no_such_database" does not exist. Create the database (docs/operations.md), or name one that exists in DATABASE_URL.\n',
    );
  });
});

const SETTINGS: ServeSettings = {
  databaseUrl: '',
  tenantId: '00000000-0000-7000-8000-0000000000aa',
  issuer: 'https://issuer.example',
  secret: 'bTq0tq1nXzv9Vb7mS2kQeR5uYw8pLd3h',
  secretKey: `k1:${Buffer.from(Array.from({ length: 32 }, (_, index) => index * 7)).toString('base64')}`,
};

const Printed = z.object({
  docusign: z.object({
    url: z.url(),
    integrationKey: z.uuid(),
    userId: z.uuid(),
    accountId: z.uuid(),
    privateKey: z.string(),
    hmacKeys: z.array(z.string()).min(1),
  }),
});

describe('a gateway and a sandbox, each in its process', { timeout: 120_000 }, () => {
  let gateway: GatewayProcess;
  let token: string;
  let metrics: string;
  let sandbox: z.infer<typeof Printed>['docusign'];

  beforeAll(async () => {
    const settings = await serveSettings();
    const metricsPort = await freePort();
    metrics = `http://127.0.0.2:${metricsPort}/metrics`;
    const METRICS_HOST = isLinux ? '127.0.0.2' : '127.0.0.1';
    gateway = await serveProcess(settings, { METRICS_PORT: String(metricsPort), METRICS_HOST });
    const standIn = spawnCli(['sandbox', '--port', '0', '--json']);
    await Promise.all([gateway.start(), whileRunning(standIn, () => standIn.stdout.endsWith('\n'))]);
    sandbox = Printed.parse(JSON.parse(standIn.stdout)).docusign;
    const { AUTH_ISSUER = '', AUTH_AUDIENCE = '', AUTH_SECRET = '' } = serveEnvironment(settings, 0);
    const env = { AUTH_ISSUER, AUTH_AUDIENCE, AUTH_SECRET };
    const minted = await runCli(['token', '--tenant', settings.tenantId, '--subject', 'somebody'], { env });
    token = minted.stdout.trim();
  }, 240_000);

  it.runIf(isLinux)('tells its metrics at METRICS_HOST and nowhere else', async () => {
    expect(await (await fetch(metrics)).text()).toContain('countersign_webhook_deliveries_total');
    await expect(fetch(metrics.replace('127.0.0.2', '127.0.0.1'))).rejects.toThrow('fetch failed');
  });

  it('takes the token that `countersign token` made, for its tenant and subject', async () => {
    const answer = await ask(gateway.url, token, '{ viewer { subject scopes } }');
    expect(at(answer, 'data.viewer.subject')).toBe('somebody');
  });

  it('refuses a token that was made with another secret', async () => {
    const env = { AUTH_ISSUER: 'i', AUTH_AUDIENCE: 'countersign', AUTH_SECRET: SETTINGS.secret };
    const forged = await runCli(['token', '--tenant', SETTINGS.tenantId], { env });
    const response = await fetch(`${gateway.url}/graphql`, {
      method: 'POST',
      headers: { authorization: `Bearer ${forged.stdout.trim()}`, 'content-type': 'application/json' },
      body: JSON.stringify({ query: '{ viewer { subject } }' }),
    });
    expect(response.status).toBe(401);
  });

  it('sends with the credentials that `sandbox --json` prints, and completes by `sandbox sign`', async () => {
    const { url, ...credentials } = sandbox;
    const accountId = await connectAccount(gateway.url, token, { url, credentials });
    const sent = await ask(gateway.url, token, SEND, {
      input: { idempotencyKey: 'cli', what: { envelope: envelope(accountId) }, waitMs: 20_000 },
    });
    const providerId = textAt(sent, 'data.sendEnvelope.envelope.providerId');
    const { exit, stdout, stderr } = await runCli(['sandbox', 'sign', providerId, '--url', url]);
    expect({ code: exit.code, stdout, stderr }).toEqual({ code: 0, stdout: `Signed ${providerId}.\n`, stderr: '' });
    const id = textAt(sent, 'data.sendEnvelope.envelope.id');
    const completed = await eventually(async () => {
      const answer = await ask(
        gateway.url,
        token,
        'query One($id: ID!) { envelope(id: $id) { status sync { source } } }',
        { id },
      );
      return at(answer, 'data.envelope.status') === 'COMPLETED' && answer;
    });
    expect(at(completed, 'data.envelope.sync.source')).toBe('WEBHOOK');
  });

  it('says in a sentence that there is no such envelope to sign, and that there is no sandbox', async () => {
    const { exit, stderr } = await runCli(['sandbox', 'sign', 'nothing', '--url', sandbox.url]);
    expect(exit.code).toBe(1);
    expect(stderr.trim().split('\n')).toHaveLength(1);
    const nobody = await runCli(['sandbox', 'sign', 'nothing', '--url', 'http://127.0.0.1:1']);
    expect(nobody.stderr).toBe('No sandbox answers at http://127.0.0.1:1: say where it is with --url.\n');
  });

  it('ends within seconds of SIGTERM with 0, tells followers, and finishes what is under way', async () => {
    const other = await startDocusignSandbox({ seed: 3 });
    atEnd(() => other.close());
    const accountId = await connectAccount(gateway.url, token, other);
    await fetch(`${other.url}/_sandbox/faults`, {
      method: 'POST',
      body: JSON.stringify({ route: 'POST /envelopes', kind: 'slow', ms: 700 }),
    });
    const query = 'subscription Follow { events { cursor event { type } } }';
    const follower = followBySse(`${gateway.url}/graphql`, token, { query, variables: {} });
    await follower.first(() => true);
    const sending = ask(gateway.url, token, SEND, {
      input: { idempotencyKey: 'last', what: { envelope: envelope(accountId) }, waitMs: 20_000 },
    });
    await follower.first((result) => at(result, 'data.events.event.type') === 'ENVELOPE_SENDING');
    const ending = gateway.stop();
    expect(at(await sending, 'data.sendEnvelope.__typename')).toBe('SendEnvelopePayload');
    await ending;
    await eventually(() => follower.ended);
    expect(gateway.child.stderr).not.toContain('"level":"error"');
  });

  it('ends with 1 when what is under way takes longer than it may, and says so', async () => {
    const settings = await serveSettings();
    const impatient = await serveProcess(settings, { DRAIN_LIMIT_SECONDS: '1' });
    const other = await startDocusignSandbox({ seed: 5 });
    atEnd(() => other.close());
    await impatient.start();
    const bearer = await serveToken(settings);
    const accountId = await connectAccount(impatient.url, bearer, other);
    await fetch(`${other.url}/_sandbox/faults`, {
      method: 'POST',
      body: JSON.stringify({ route: 'POST /envelopes', kind: 'slow', ms: 60_000 }),
    });
    await ask(impatient.url, bearer, SEND, {
      input: { idempotencyKey: 'last', what: { envelope: envelope(accountId) }, waitMs: 0 },
    });
    expect(await impatient.child.end('SIGTERM')).toEqual({ code: 1, signal: null });
    expect(impatient.child.stderr).toContain('stopped with work under way');
  });
});
