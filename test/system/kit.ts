/**
 * The gateway as a process of its own, on the database of this run, beside a sandbox that lives in the test's process and so
 * outlives every kill.
 */
import { mkdtempSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { randomBytes, randomUUID } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inject } from 'vitest';
import { z } from 'zod';
import { mintToken } from '../../src/auth/mint.ts';
import { SCOPES } from '../../src/auth/principal.ts';
import { control } from '../../src/sandbox/docusign/control.ts';
import { type DocusignSandbox, startDocusignSandbox } from '../../src/sandbox/docusign/index.ts';
import { systemWorld } from '../../src/world.ts';
import { Answer, textAt } from '../kit/answer.ts';
import { atEnd } from '../kit/at-end.ts';
import { type Child, freePort, spawnCli, whileRunning } from './child.ts';
import { ownedPostgres } from './login.ts';

export interface GatewayProcess {
  /** The same after every start. */
  readonly url: string;
  /** Of the process that runs now, or ran last. */
  readonly child: Child;
  /** Starts it, and waits until it takes requests. */
  start(): Promise<void>;
  /** kill -9. */
  kill(): Promise<void>;
  /** SIGTERM; fails unless it then ends by itself with 0. */
  stop(): Promise<void>;
}

interface How {
  readonly url: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** A gateway that isn't started yet. `isUp` tells when it takes requests; asked again until it does. */
function gatewayProcess({ url, args, env }: How, isUp: (child: Child) => Promise<boolean>): GatewayProcess {
  let child: Child | null = null;
  const current = (): Child => {
    if (!child) throw new Error('it was never started');
    return child;
  };
  return {
    url,
    get child() {
      return current();
    },
    start: async () => {
      const started = spawnCli(args, { env });
      child = started;
      await whileRunning(started, () => isUp(started));
    },
    kill: async () => {
      await current().end('SIGKILL');
    },
    stop: async () => {
      const exit = await current().end('SIGTERM');
      if (exit.code !== 0) throw new Error(`it ended with ${exit.code ?? exit.signal}: ${current().stderr}`);
    },
  };
}

export interface ServeSettings {
  readonly databaseUrl: string;
  readonly tenantId: string;
  readonly issuer: string;
  readonly secret: string;
  readonly secretKey: string;
}

export async function serveSettings(): Promise<ServeSettings> {
  return {
    databaseUrl: await ownedPostgres(),
    tenantId: randomUUID(),
    issuer: 'countersign-system-test',
    secret: randomBytes(32).toString('base64url'),
    secretKey: `k1:${randomBytes(32).toString('base64')}`,
  };
}

/** The environment of `countersign serve` on this port, for trials with a sandbox. */
export function serveEnvironment(settings: ServeSettings, port: number): Record<string, string> {
  return {
    DATABASE_URL: settings.databaseUrl,
    PUBLIC_URL: `http://127.0.0.1:${port}`,
    HOST: '127.0.0.1',
    PORT: String(port),
    SECRET_KEYS: settings.secretKey,
    AUTH_ISSUER: settings.issuer,
    AUTH_AUDIENCE: 'countersign',
    AUTH_SECRET: settings.secret,
    ALLOW_SANDBOX: '1',
    DATABASE_CONNECTIONS: '5',
    // Nobody balances between these.
    DRAIN_GRACE_SECONDS: '0',
  };
}

/** `countersign serve` on a port of its own. */
export async function serveProcess(
  settings: ServeSettings,
  more: Readonly<Record<string, string>> = {},
): Promise<GatewayProcess> {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  return gatewayProcess({ url, args: ['serve'], env: { ...serveEnvironment(settings, port), ...more } }, () =>
    isReady(url),
  );
}

export function serveToken({ issuer, secret, tenantId }: ServeSettings): Promise<string> {
  const auth = {
    issuer,
    audience: 'countersign',
    key: { kind: 'secret' as const, secret },
    algorithms: ['HS256'],
    typ: ['at+jwt'] as const,
    tenantClaim: 'tenant',
    scopeClaim: 'scope',
  };
  return mintToken(auth, { tenantId, subject: 'tester', scopes: SCOPES, expiresInSeconds: 7_200 }, systemWorld());
}

async function isReady(url: string): Promise<boolean> {
  return fetch(`${url}/health/ready`).then(
    ({ ok }) => ok,
    () => false,
  );
}

const Found = z.object({ token: z.string(), account: z.string() });

export interface System {
  readonly sandbox: DocusignSandbox;
  readonly gateway: GatewayProcess;
  readonly token: string;
  /** acc_… of the sandbox's account, connected. */
  readonly accountId: string;
  gql(query: string, variables?: object): Promise<Answer>;
  /** A call of the sandbox's control API; `path` is relative to `/_sandbox`. */
  control(method: 'GET' | 'POST' | 'PUT' | 'DELETE', path: string, body?: unknown): Promise<unknown>;
}

/** The whole, started: sandbox, gateway and account. Gone after the file. */
export async function startSystem(): Promise<System> {
  const sandbox = await startDocusignSandbox();
  atEnd(() => sandbox.close());
  const { gateway, token, accountId } =
    inject('database') === 'pglite' ? await startOnPglite(sandbox) : await startOnPostgres(sandbox);
  return {
    sandbox,
    gateway,
    token,
    accountId,
    gql: (query, variables) => ask(gateway.url, token, query, variables),
    control: (method, path, body) => control(sandbox.url, method, path, body),
  };
}

async function startOnPostgres(sandbox: DocusignSandbox) {
  const settings = await serveSettings();
  const gateway = await serveProcess(settings);
  await gateway.start();
  const token = await serveToken(settings);
  return { gateway, token, accountId: await connectAccount(gateway.url, token, sandbox) };
}

async function startOnPglite(sandbox: DocusignSandbox) {
  const directory = mkdtempSync(join(tmpdir(), 'countersign-system-'));
  atEnd(() => rm(directory, { recursive: true, force: true }));
  const printed = join(directory, 'sandbox.json');
  await writeFile(printed, JSON.stringify({ docusign: { url: sandbox.url, ...sandbox.credentials } }));
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const data = join(directory, 'data');
  const args = ['dev', '--port', String(port), '--data-dir', data, '--sandbox-json', printed, '--json'];
  // It prints when all is there.
  const gateway = gatewayProcess({ url, args, env: {} }, async ({ stdout }) => stdout.endsWith('\n'));
  await gateway.start();
  const { token, account } = Found.parse(JSON.parse(gateway.child.stdout));
  return { gateway, token, accountId: account };
}

/** One operation over HTTP. Throws when no answer of GraphQL comes. */
export async function ask(url: string, token: string, query: string, variables: object = {}): Promise<Answer> {
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ query, variables }),
    signal: AbortSignal.timeout(40_000),
  });
  return Answer.parse(await response.json());
}

const CONNECT = `mutation Connect($input: ConnectAccountInput!) {
  connectAccount(input: $input) {
    __typename
    ... on ConnectAccountPayload { account { id } }
    ... on Problem { code message }
  }
}`;

export async function connectAccount(
  url: string,
  token: string,
  sandbox: Pick<DocusignSandbox, 'url' | 'credentials'>,
): Promise<string> {
  const { integrationKey, userId, accountId: providerAccountId, privateKey, hmacKeys } = sandbox.credentials;
  const docusign = { integrationKey, userId, privateKey, hmacKeys, providerAccountId, oauthUrl: sandbox.url };
  const answer = await ask(url, token, CONNECT, { input: { environment: 'SANDBOX', credentials: { docusign } } });
  return textAt(answer, 'data.connectAccount.account.id');
}
