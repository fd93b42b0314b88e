/**
 * Everything on this machine: database, sandbox, gateway, GraphiQL, and something to play with.
 * @module
 */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { mintToken } from '../auth/mint.ts';
import { SCOPES } from '../auth/principal.ts';
import { holdDirectory } from '../db/data-directory.ts';
import { publicId } from '../model/ids.ts';
import { loopbackOrigins } from '../model/origins.ts';
import { isOut } from '../model/words.ts';
import type { Services } from '../schema/context.ts';
import { createLogger } from '../telemetry/logger.ts';
import { systemWorld } from '../world.ts';
import { demoEnvelope } from './demo-envelope.ts';
import { type DemoSandbox, openSandbox } from './demo-sandbox.ts';
import { demoTabs } from './demo-tabs.ts';
import { devKeys } from './dev-keys.ts';
import { refuseTaken } from './ports.ts';
import { untilStopped } from './signals.ts';
import { originsFrom, portFrom, publicUrlFrom } from './usage.ts';
import { welcome } from './welcome.ts';

const WEEK_SECONDS = 7 * 86_400;
/** The same in every installation, so that what the README shows can be pasted. */
const DEMO_ACCOUNT = '00000000-0000-7000-8000-000000000001';

export async function dev(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      port: { type: 'string', default: '4000' },
      'sandbox-port': { type: 'string', default: '4010' },
      'sandbox-json': { type: 'string' },
      'data-dir': { type: 'string', default: '.countersign' },
      'public-url': { type: 'string' },
      'allow-origin': { type: 'string', multiple: true, default: [] },
      json: { type: 'boolean', default: false },
    },
  });
  const [port, sandboxPort] = [portFrom(values.port, '--port'), portFrom(values['sandbox-port'], '--sandbox-port')];
  const publicUrl = publicUrlFrom(values['public-url']);
  const allowedOrigins = loopbackOrigins(originsFrom(values['allow-origin'], '--allow-origin'));
  const world = systemWorld();
  // Closed last first, also when the start fails half-way: what still listens would keep the process.
  await using open = new AsyncDisposableStack();
  const held = await holdDirectory(values['data-dir']);
  open.defer(() => held.release());
  await refuseTaken(port);
  const sandbox = await openSandbox(values['sandbox-json'], sandboxPort, join(held.path, 'sandbox'));
  open.defer(() => sandbox.close());
  // Loaded once data and ports are ours: who can't start hears of it at once.
  const { openPglite } = await import('../db/pglite.ts');
  const { startGateway } = await import('../server.ts');
  const keys = devKeys(held.path, world);
  const database = await openPglite({ directory: join(held.path, 'database') });
  open.defer(() => database.close());
  const token = await mintToken(
    keys.auth,
    { tenantId: keys.tenantId, subject: 'demo', scopes: SCOPES, expiresInSeconds: WEEK_SECONDS },
    world,
  );
  let accountId = '';
  const gateway = await startGateway({
    ...keys,
    database,
    world,
    logger: createLogger({ level: 'warn' }),
    host: '127.0.0.1',
    port,
    publicUrl,
    allowedOrigins,
    allowSandbox: true,
    introspection: true,
    graphiql: async (services) => {
      const demo = await seed(services, keys.tenantId, sandbox);
      accountId = demo.accountId;
      return { headers: { authorization: `Bearer ${token}` }, tabs: demoTabs(demo.accountId, demo.envelopeId) };
    },
  });
  // Webhooks that were due before the restart are sent now that the gateway listens.
  sandbox.resume();
  const found = {
    graphiql: `${gateway.url}/graphql`,
    sandbox: sandbox.url,
    token,
    tenant: keys.tenantId,
    account: accountId,
  };
  process.stdout.write(values.json ? `${JSON.stringify(found)}\n` : welcome(found));
  await untilStopped();
  // Before the sandbox: what is under way may still need it.
  await gateway.close();
  return 0;
}

/** The sandbox's account, and one envelope that can be voided: the one of before, or the next when that has ended. */
async function seed(
  services: Services,
  tenantId: string,
  sandbox: DemoSandbox,
): Promise<{ accountId: string; envelopeId: string }> {
  const { integrationKey, userId, accountId: providerAccountId, privateKey, hmacKeys } = sandbox.credentials;
  const account = await services.accounts.connect(
    { tenantId },
    {
      provider: 'DOCUSIGN',
      environment: 'SANDBOX',
      webhook: 'PER_ENVELOPE',
      id: DEMO_ACCOUNT,
      credentials: { integrationKey, userId, privateKey, hmacKeys, providerAccountId, oauthUrl: sandbox.url },
    },
  );
  const accountId = publicId('Account', account.id);
  for (let nth = 1; ; nth += 1) {
    const { envelope, replayed } = await services.envelopes.send(tenantId, {
      idempotencyKey: `demo-${sandbox.run}${nth === 1 ? '' : `-${nth}`}`,
      waitMs: 5_000,
      what: { envelope: demoEnvelope(accountId) },
    });
    if (!replayed || isOut(envelope.status) || envelope.status === 'SENDING')
      return { accountId, envelopeId: publicId('Envelope', envelope.id) };
  }
}
