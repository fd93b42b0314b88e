/**
 * A stand-in for DocuSign: OAuth, the eSignature REST API, signing pages and Connect on one port, in memory or kept in a
 * directory.
 * @module
 */
import { randomInt } from 'node:crypto';
import { createAgenda } from '../kit/agenda.ts';
import { createClock } from '../kit/clock.ts';
import { createFaults } from '../kit/faults.ts';
import { type HttpAnswer, type HttpRequest, listen } from '../kit/http.ts';
import { createLedger } from '../kit/ledger.ts';
import { createRandom } from '../kit/random.ts';
import type { Store } from '../kit/store.ts';
import { answerApi } from './api.ts';
import { errorAnswer } from './call-faults.ts';
import { createConnect } from './connect.ts';
import { answerControl } from './control-api.ts';
import { ApiError } from './errors.ts';
import { type Bounds, BOUNDS, type Kept, openKept, restore } from './kept.ts';
import { createLimits } from './limits.ts';
import { answerPages } from './pages.ts';
import { type Credentials, credentialsOf, seedCredentials } from './seed.ts';
import { defaultSettings } from './settings.ts';
import { type Sandbox, type Task, taskKey } from './state.ts';
import { runTask } from './tasks.ts';
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
  /**
   * Where it keeps what it knows over restarts, for one process at a time; nothing is kept without. The credentials alone
   * come of the seed then: every other id is new.
   */
  directory?: string;
  /** How much is kept there; unless told, what `BOUNDS` says. */
  bounds?: Partial<Bounds>;
}

export interface DocusignSandbox {
  /** OAuth host, REST base, signing pages and control API are all on it. */
  url: string;
  credentials: Credentials;
  /** Names it over restarts: another one knows nothing of what this one was sent. */
  run: string;
  /**
   * Goes on with what an earlier process left: webhooks without an outcome, retries, reminders, expiry. Until then it
   * answers, and tells nobody anything by itself: who is to hear of it may not be there yet. Nothing without a directory.
   */
  resume(): void;
  close(): Promise<void>;
}

/** Base64 of 25 MB and some room. */
const BODY_LIMIT = 36 * 1024 * 1024;

/** Throws StateUnreadable when what is in the directory can't be read. */
export async function startDocusignSandbox(options: SandboxOptions = {}): Promise<DocusignSandbox> {
  const { host = '127.0.0.1', port = 0, tls, quiet = true } = options;
  const credentialSeed = options.seed ?? 1;
  const store =
    options.directory === undefined
      ? null
      : openKept(options.directory, { ...BOUNDS, ...options.bounds }, () => sandbox);
  let sandbox = createSandbox(options, store, store?.found?.ahead);
  if (store?.found === undefined) seedCredentials(sandbox, credentialSeed);
  else restore(sandbox, store.found);
  const end = async (): Promise<void> => {
    sandbox.clock.stop();
    sandbox.connect.clear();
    await sandbox.connect.close();
  };
  /** Back to the first moment, on the same port with the same credentials. The old run's timers never fire. */
  const reset = async (): Promise<void> => {
    const { url } = sandbox;
    await end();
    sandbox = createSandbox(options, store);
    sandbox.url = url;
    seedCredentials(sandbox, credentialSeed);
    sandbox.agenda.begin();
  };
  const handle = async (request: HttpRequest): Promise<HttpAnswer> => {
    const answered = await answer(sandbox, request, reset);
    if (readsOnly(request)) sandbox.changed();
    else await sandbox.kept();
    return answered;
  };
  const server = await listen({ host, port, tls, bodyLimit: BODY_LIMIT }, handle);
  sandbox.url = `${tls === undefined ? 'http' : 'https'}://${host.includes(':') ? `[${host}]` : host}:${server.port}`;
  if (store?.found === undefined) sandbox.agenda.begin();
  if (!quiet) process.stdout.write(`DocuSign sandbox on ${sandbox.url}\n`);
  return {
    url: sandbox.url,
    credentials: credentialsOf(sandbox, credentialSeed),
    run: sandbox.run,
    resume() {
      sandbox.connect.resume();
      sandbox.agenda.begin();
    },
    async close() {
      await server.close();
      await store?.close();
      await end();
    },
  };
}

/** What only reads leaves lines in the ledger and counts, which may be lost with the process. */
function readsOnly({ method, path }: HttpRequest): boolean {
  return method === 'GET' && /^\/(?:restapi|oauth\/userinfo|_sandbox)(?:\/|$)/.test(path);
}

function createSandbox(
  { seed: asked, autoSign = false, timeFactor = 1, directory }: SandboxOptions,
  store: Store<Kept> | null,
  ahead = 0,
): Sandbox {
  const seed = directory === undefined && asked !== undefined ? asked : randomInt(2 ** 31);
  const clock = createClock(ahead);
  const random = createRandom(seed);
  const sandbox: Sandbox = {
    seed,
    run: random.uuid('run'),
    url: '',
    clock,
    agenda: createAgenda<Task>({ clock, run: (task) => runTask(sandbox, task), keyOf: taskKey }),
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
    nextEnvelopeNumber: 0,
    kept: async () => store?.keep(),
    changed: () => store?.keepSoon(),
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
