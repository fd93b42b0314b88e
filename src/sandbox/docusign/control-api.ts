/**
 * The control API under `/_sandbox`: what no real platform has and every test needs. JSON in, JSON out.
 * @module
 */
import * as z from 'zod';
import type { HttpAnswer, HttpRequest } from '../kit/http.ts';
import { createRouter } from '../kit/router.ts';
import { addFault } from './control-faults.ts';
import { accountOf, addAccount, addApp, addUser, changeConsent, notFound } from './control-seeding.ts';
import * as acts from './acts.ts';
import { notificationJson } from './details.ts';
import { envelopeJson } from './envelope-json.ts';
import { ApiError } from './errors.ts';
import { addHmacKey, removeHmacKey } from './keys.ts';
import { expire, voidEnvelope } from './lifecycle.ts';
import { json } from './oauth.ts';
import { changedSettings } from './settings.ts';
import type { Envelope, Recipient, Sandbox } from './state.ts';

interface Control {
  sandbox: Sandbox;
  params: Record<string, string>;
  query: URLSearchParams;
  body: unknown;
  reset: () => Promise<void>;
}

type ControlHandler = (control: Control) => unknown;

const tabsSchema = z.record(z.string(), z.union([z.string(), z.number(), z.boolean()]).transform(String));

const routes = createRouter<ControlHandler>({
  'GET /_sandbox': ({ sandbox }) => ({ product: 'docusign', url: sandbox.url, seed: sandbox.seed, now: now(sandbox) }),
  'GET /_sandbox/state': ({ sandbox }) => state(sandbox),
  'POST /_sandbox/reset': async ({ reset }) => {
    await reset();
    return { reset: true };
  },
  'GET /_sandbox/settings': ({ sandbox }) => sandbox.settings,
  'PUT /_sandbox/settings': ({ sandbox, body }) => {
    sandbox.settings = changedSettings(sandbox.settings, body);
    return sandbox.settings;
  },
  'GET /_sandbox/limits': ({ sandbox }) => limitsView(sandbox),
  'PUT /_sandbox/limits': ({ sandbox, body }) => {
    const { since = sandbox.clock.now(), ...limits } = limitsSchema.parse(body);
    sandbox.limits.set({ ...limits, since: since ?? 0 });
    return limitsView(sandbox);
  },
  'GET /_sandbox/clock': ({ sandbox }) => ({ now: now(sandbox) }),
  'POST /_sandbox/clock': async ({ sandbox, body }) => {
    await sandbox.clock.advance(clockSchema.parse(body).advanceMs);
    return { now: now(sandbox) };
  },
  'POST /_sandbox/idle': async ({ sandbox }) => {
    await sandbox.connect.idle();
    return { idle: true };
  },
  'GET /_sandbox/autosign': ({ sandbox }) => ({ autoSign: sandbox.autoSign }),
  'PUT /_sandbox/autosign': ({ sandbox, body }) => {
    sandbox.autoSign = autoSignSchema.parse(body).autoSign;
    return { autoSign: sandbox.autoSign };
  },
  'GET /_sandbox/ledger': ({ sandbox, query }) => ({
    entries: sandbox.ledger.read({
      kind: query.get('kind') ?? undefined,
      event: query.get('event') ?? undefined,
      envelopeId: query.get('envelopeId') ?? undefined,
      after: query.has('after') ? Number(query.get('after')) : undefined,
    }),
  }),
  'GET /_sandbox/ledger/summary': ({ sandbox }) => sandbox.ledger.summary(),
  'GET /_sandbox/mails': ({ sandbox }) => ({ mails: sandbox.mails }),
  'GET /_sandbox/faults': ({ sandbox }) => ({ faults: sandbox.faults.list() }),
  'POST /_sandbox/faults': ({ sandbox, body }) => addFault(sandbox, body),
  'DELETE /_sandbox/faults': ({ sandbox }) => {
    sandbox.faults.remove();
    return { faults: [] };
  },
  'DELETE /_sandbox/faults/{id}': ({ sandbox, params }) => {
    sandbox.faults.remove(Number(params['id']));
    return { faults: sandbox.faults.list() };
  },
  'POST /_sandbox/users': ({ sandbox, body }) => addUser(sandbox, body),
  'POST /_sandbox/accounts': ({ sandbox, body }) => addAccount(sandbox, body),
  'POST /_sandbox/apps': ({ sandbox, body }) => addApp(sandbox, body),
  'POST /_sandbox/consents': ({ sandbox, body }) => changeConsent(sandbox, body, true),
  'DELETE /_sandbox/consents': ({ sandbox, body }) => changeConsent(sandbox, body, false),
  'DELETE /_sandbox/tokens': ({ sandbox }) => {
    sandbox.tokens.clear();
    return { tokens: 0 };
  },
  'GET /_sandbox/accounts/{accountId}/hmac-keys': ({ sandbox, params }) => ({
    hmacKeys: accountOf(sandbox, params).hmacKeys,
  }),
  'POST /_sandbox/accounts/{accountId}/hmac-keys': ({ sandbox, params, body }) =>
    addHmacKey(sandbox, accountOf(sandbox, params), keySchema.parse(body).key),
  'DELETE /_sandbox/accounts/{accountId}/hmac-keys/{key}': ({ sandbox, params }) => {
    if (!removeHmacKey(accountOf(sandbox, params), params['key'] ?? '')) throw notFound('key');
    return { removed: true };
  },
  'POST /_sandbox/envelopes/{envelopeId}/sign': ({ sandbox, params, body }) => {
    const envelope = envelopeOf(sandbox, params);
    const { recipientId, tabs = {} } = signSchema.parse(body);
    const problem = acts.turnProblem(
      envelope,
      recipientId === undefined ? currentRecipient(envelope) : recipientOf(envelope, recipientId),
    );
    if (problem !== undefined) throw problem;
    acts.signAll(sandbox, envelope, recipientId, tabs, sandbox.emit);
    return view(sandbox, envelope);
  },
  'POST /_sandbox/envelopes/{envelopeId}/expire': ({ sandbox, params }) => {
    const envelope = envelopeOf(sandbox, params);
    expire(sandbox, envelope);
    return view(sandbox, envelope);
  },
  'POST /_sandbox/envelopes/{envelopeId}/void': ({ sandbox, params, body }) => {
    const envelope = envelopeOf(sandbox, params);
    voidEnvelope(sandbox, envelope, actionSchema.parse(body).reason ?? 'Voided by its sender.', sandbox.emit);
    return view(sandbox, envelope);
  },
  'POST /_sandbox/envelopes/{envelopeId}/recipients/{recipientId}/{action}': ({ sandbox, params, body }) => {
    const envelope = envelopeOf(sandbox, params);
    act(sandbox, envelope, recipientOf(envelope, params['recipientId'] ?? ''), params['action'] ?? '', body);
    return view(sandbox, envelope);
  },
});

const count = z.number().int().nonnegative().optional();
const limitsSchema = z.strictObject({
  hourly: count,
  burst: count,
  envelopeGetHourly: count,
  envelopeGetBurst: count,
  envelopePutHourly: count,
  envelopePutBurst: count,
  polling: z.enum(['off', 'warn', 'error']).default('off'),
  pollingByLists: z.boolean().default(false),
  status: z.union([z.literal(400), z.literal(429)]).default(429),
  since: z.iso.datetime().transform(Date.parse).nullish(),
});
const clockSchema = z.strictObject({ advanceMs: z.number().min(0) });
const autoSignSchema = z.strictObject({
  autoSign: z.union([z.literal(false), z.strictObject({ afterMs: z.number().min(0) })]),
});
const keySchema = z.strictObject({ key: z.string().min(1).optional() });
const signSchema = z.strictObject({ recipientId: z.string().optional(), tabs: tabsSchema.optional() });
const actionSchema = z.strictObject({ reason: z.string().optional(), tabs: tabsSchema.optional() });

/** Undefined when the path is not under `/_sandbox`. */
export async function answerControl(
  sandbox: Sandbox,
  request: HttpRequest,
  reset: () => Promise<void>,
): Promise<HttpAnswer | undefined> {
  if (!/^\/_sandbox(?:\/|$)/.test(request.path)) return undefined;
  const match = routes.match(request.method, request.path);
  if (match === undefined) return json(404, { error: `The control API has no ${request.method} ${request.path}.` });
  try {
    const body: unknown = request.body.length === 0 ? {} : JSON.parse(request.body.toString('utf8'));
    return json(200, (await match.handler({ sandbox, params: match.params, query: request.query, body, reset })) ?? {});
  } catch (error) {
    if (error instanceof ApiError) return json(error.status, { error: error.message, errorCode: error.errorCode });
    if (error instanceof z.ZodError) return json(400, { error: z.prettifyError(error) });
    if (error instanceof SyntaxError) return json(400, { error: `The body is not JSON: ${error.message}` });
    throw error;
  }
}

function act(sandbox: Sandbox, envelope: Envelope, recipient: Recipient, action: string, body: unknown): void {
  const { reason, tabs = {} } = actionSchema.parse(body);
  switch (action) {
    case 'open':
      return acts.open(sandbox, envelope, recipient, sandbox.emit);
    case 'sign':
      return acts.sign(sandbox, envelope, recipient, tabs, sandbox.emit);
    case 'decline':
      return acts.decline(sandbox, envelope, recipient, reason ?? 'Declined.', sandbox.emit);
    case 'finish-later':
      return acts.finishLater(sandbox, envelope, recipient, sandbox.emit);
    case 'autorespond':
      return acts.autoRespond(sandbox, envelope, recipient, reason ?? 'The mail bounced.', sandbox.emit);
    case 'auth-fail':
      return acts.failAuthentication(sandbox, envelope, recipient, sandbox.emit);
    default:
      throw notFound(`action ${action}`);
  }
}

function envelopeOf(sandbox: Sandbox, params: Record<string, string>): Envelope {
  const envelope = sandbox.envelopes.get((params['envelopeId'] ?? '').toLowerCase());
  if (envelope === undefined) throw notFound('envelope');
  return envelope;
}

function recipientOf(envelope: Envelope, recipientId: string): Recipient {
  const recipient = envelope.recipients.find(
    (candidate) => candidate.recipientId === recipientId || candidate.recipientIdGuid === recipientId,
  );
  if (recipient === undefined) throw notFound('recipient');
  return recipient;
}

/** Someone whose turn it is; else the first, whose problem then explains why nobody can sign. */
function currentRecipient(envelope: Envelope): Recipient {
  const recipient =
    envelope.recipients.find((candidate) => acts.turnProblem(envelope, candidate) === undefined) ??
    envelope.recipients[0];
  if (recipient === undefined) throw notFound('recipient');
  return recipient;
}

function now(sandbox: Sandbox): string {
  return new Date(sandbox.clock.now()).toISOString();
}

function view(sandbox: Sandbox, envelope: Envelope): unknown {
  const json = envelopeJson(sandbox, envelope, new Set(['recipients', 'tabs', 'custom_fields']));
  return { ...json, notification: notificationJson(envelope.notification) };
}

function limitsView({ limits: { settings } }: Sandbox): unknown {
  return { ...settings, since: settings.since === 0 ? null : new Date(settings.since).toISOString() };
}

function state(sandbox: Sandbox): unknown {
  return {
    seed: sandbox.seed,
    now: now(sandbox),
    settings: sandbox.settings,
    limits: limitsView(sandbox),
    autoSign: sandbox.autoSign,
    users: [...sandbox.users.values()],
    accounts: [...sandbox.accounts.values()].map(({ accountId, name, hmacKeys, configurations }) => ({
      accountId,
      name,
      hmacKeys,
      configurations: [...configurations.values()].map(({ fields }) => fields),
    })),
    apps: [...sandbox.apps.values()].map(({ integrationKey, publicKeys, redirectUris }) => ({
      integrationKey,
      publicKeys: publicKeys.length,
      redirectUris,
    })),
    consents: Object.fromEntries([...sandbox.consents].map(([name, scopes]) => [name, [...scopes]])),
    envelopes: [...sandbox.envelopes.values()].map((envelope) => view(sandbox, envelope)),
    mails: sandbox.mails,
    faults: sandbox.faults.list(),
  };
}
