/**
 * A stand-in for DocuSign: OAuth, the eSignature REST API, signing pages and Connect on one port, in memory.
 * @module
 */
import { randomInt } from 'node:crypto';
import { createClock } from '../kit/clock.ts';
import { createFaults } from '../kit/faults.ts';
import { type HttpAnswer, type HttpRequest, listen } from '../kit/http.ts';
import { createLedger } from '../kit/ledger.ts';
import { createRandom } from '../kit/random.ts';
import { answerApi } from './api.ts';
import { errorAnswer } from './call-faults.ts';
import { createConnect } from './connect.ts';
import { answerControl } from './control-api.ts';
import { ApiError } from './errors.ts';
import { createLimits } from './limits.ts';
import { answerPages } from './pages.ts';
import { type Credentials, seedCredentials } from './seed.ts';
import { defaultSettings } from './settings.ts';
import type { Sandbox } from './state.ts';
import { beginTurn } from './turn.ts';

export interface SandboxOptions {
  /** 0, the default, takes a free one. */
  port?: number;
  /** 127.0.0.1 unless told. */
  host?: string;
  /**
   * Same seed, same run: credentials, ids, faults, jitter. Without one the credentials are those of seed 1 and
   * everything else is new with each start, so that ids never meet those a client kept from an earlier run.
   */
  seed?: number;
  /** PEM key and certificate: the same handler over HTTPS. */
  tls?: { key: string; cert: string };
  /** Signs for everyone whose turn it is, `afterMs` milliseconds after it came. */
  autoSign?: { afterMs: number } | false;
  /** Divides every retry delay of Connect; 1 unless told. */
  timeFactor?: number;
  /** False prints the address at start. */
  quiet?: boolean;
}

export interface DocusignSandbox {
  /** OAuth host, REST base, signing pages and control API are all on it. */
  url: string;
  credentials: Credentials;
  close(): Promise<void>;
}

/** Base64 of 25 MB and some room. */
const BODY_LIMIT = 36 * 1024 * 1024;

export async function startDocusignSandbox(options: SandboxOptions = {}): Promise<DocusignSandbox> {
  const { host = '127.0.0.1', port = 0, tls, quiet = true } = options;
  const credentialSeed = options.seed ?? 1;
  let sandbox = createSandbox(options);
  const credentials = seedCredentials(sandbox, credentialSeed);
  const end = async (): Promise<void> => {
    sandbox.clock.stop();
    sandbox.connect.clear();
    await sandbox.connect.close();
  };
  /** Back to the first moment, on the same port with the same credentials. The old run's timers never fire. */
  const reset = async (): Promise<void> => {
    const { url } = sandbox;
    await end();
    sandbox = createSandbox(options);
    sandbox.url = url;
    seedCredentials(sandbox, credentialSeed);
  };
  const server = await listen({ host, port, tls, bodyLimit: BODY_LIMIT }, (request) => answer(sandbox, request, reset));
  sandbox.url = `${tls === undefined ? 'http' : 'https'}://${host.includes(':') ? `[${host}]` : host}:${server.port}`;
  if (!quiet) process.stdout.write(`DocuSign sandbox on ${sandbox.url}\n`);
  return {
    url: sandbox.url,
    credentials,
    async close() {
      await server.close();
      await end();
    },
  };
}

function createSandbox({ seed = randomInt(2 ** 31), autoSign = false, timeFactor = 1 }: SandboxOptions): Sandbox {
  const clock = createClock();
  const random = createRandom(seed);
  const sandbox: Sandbox = {
    seed,
    url: '',
    clock,
    random,
    ledger: createLedger(clock.now),
    faults: createFaults(random),
    limits: createLimits(clock.now),
    settings: { ...defaultSettings(), timeFactor },
    connect: createConnect(() => sandbox),
    users: new Map(),
    accounts: new Map(),
    apps: new Map(),
    tokens: new Map(),
    consents: new Map(),
    envelopes: new Map(),
    transactions: new Map(),
    mails: [],
    links: new Map(),
    sessions: new Map(),
    autoSign,
    emit: (envelope, event, recipient) => {
      void sandbox.connect.dispatch(sandbox.connect.messages(envelope, event, recipient));
    },
    onTurn: (envelope, recipient) => beginTurn(sandbox, envelope, recipient),
    nextConfigurationId: 5001,
  };
  return sandbox;
}

/** Control API, then the platform's own endpoints, then the pages for people. */
async function answer(sandbox: Sandbox, request: HttpRequest, reset: () => Promise<void>): Promise<HttpAnswer> {
  const controlled = await answerControl(sandbox, request, reset);
  if (controlled !== undefined) return controlled;
  const found = (await answerApi(sandbox, request)) ?? (await answerPages(sandbox, request));
  const platforms =
    found ??
    errorAnswer(new ApiError('NOT_FOUND', `The sandbox has no ${request.path}.`, 404), {
      'Content-Type': 'application/json; charset=utf-8',
    });
  if (sandbox.settings.dateSkewMs === 0) return platforms;
  // Node's own header would tell the machine's time.
  const date = new Date(sandbox.clock.wall() + sandbox.settings.dateSkewMs).toUTCString();
  return { ...platforms, headers: { ...platforms.headers, Date: date } };
}
