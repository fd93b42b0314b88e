/**
 * The REST API: routes, and around every call its faults, token, account, limits, headers and ledger line.
 * @module
 */
import type { Fault } from '../kit/faults.ts';
import type { HttpAnswer, HttpRequest } from '../kit/http.ts';
import { createRouter } from '../kit/router.ts';
import type { Call, Handler, Reply } from './call.ts';
import * as connect from './connect-api.ts';
import type { Message } from './connect-messages.ts';
import { createEnvelope } from './create.ts';
import * as details from './details.ts';
import { getDocument, listDocuments } from './documents.ts';
import { getEnvelope, putEnvelope } from './envelopes.ts';
import { ApiError, invalidParameter } from './errors.ts';
import { listByStatus, listEnvelopes } from './list.ts';
import { answerToken, answerUserinfo, bearer } from './oauth.ts';
import * as recipients from './recipients.ts';
import type { Account, Sandbox, User } from './state.ts';
import { isGuid } from './values.ts';
import { createRecipientView, revokeRecipientView } from './views.ts';

/** Relative to `/restapi/v2.1/accounts/{accountId}`; these names are what faults and the ledger call a route. */
const routes = createRouter<Handler>({
  'POST /envelopes': createEnvelope,
  'GET /envelopes': listEnvelopes,
  'PUT /envelopes/status': listByStatus,
  'GET /envelopes/{envelopeId}': getEnvelope,
  'PUT /envelopes/{envelopeId}': putEnvelope,
  'GET /envelopes/{envelopeId}/recipients': recipients.getRecipients,
  'PUT /envelopes/{envelopeId}/recipients': recipients.putRecipients,
  'POST /envelopes/{envelopeId}/recipients': recipients.postRecipients,
  'DELETE /envelopes/{envelopeId}/recipients': recipients.deleteRecipients,
  'DELETE /envelopes/{envelopeId}/recipients/{recipientId}': recipients.deleteRecipients,
  'POST /envelopes/{envelopeId}/views/recipient': createRecipientView,
  'DELETE /envelopes/{envelopeId}/views/recipient': revokeRecipientView,
  'GET /envelopes/{envelopeId}/documents': listDocuments,
  'GET /envelopes/{envelopeId}/documents/{documentId}': getDocument,
  'GET /envelopes/{envelopeId}/audit_events': details.getAuditEvents,
  'GET /envelopes/{envelopeId}/notification': details.getNotification,
  'PUT /envelopes/{envelopeId}/notification': details.putNotification,
  'GET /envelopes/{envelopeId}/custom_fields': details.getCustomFields,
  'POST /envelopes/{envelopeId}/custom_fields': details.postCustomFields,
  'PUT /envelopes/{envelopeId}/custom_fields': details.putCustomFields,
  'GET /envelopes/{envelopeId}/form_data': details.getFormData,
  'GET /connect': connect.listConfigurations,
  'POST /connect': connect.postConfiguration,
  'PUT /connect': connect.putConfiguration,
  'GET /connect/{connectId}': connect.getConfiguration,
  'DELETE /connect/{connectId}': connect.deleteConfiguration,
  'GET /connect/secret': connect.listSecrets,
  'POST /connect/secret': connect.postSecret,
  'DELETE /connect/secret/{keyId}': connect.deleteSecret,
  'GET /connect/failures': connect.listFailures,
  'DELETE /connect/failures/{failureId}': connect.deleteFailure,
  'GET /connect/logs': connect.listLogs,
  'DELETE /connect/logs': connect.deleteLogs,
  'GET /connect/logs/{logId}': connect.getLog,
  'DELETE /connect/logs/{logId}': connect.deleteLogs,
  'PUT /connect/envelopes/retry_queue': connect.retryEnvelopes,
  'PUT /connect/envelopes/{envelopeId}/retry_queue': connect.retryEnvelope,
});

const LISTS: ReadonlySet<string> = new Set(['GET /envelopes', 'PUT /envelopes/status']);
/** Reads of one envelope's status, which the 15-minute rule is about. */
const POLLS: ReadonlySet<string> = new Set(['GET /envelopes/{envelopeId}', 'GET /envelopes/{envelopeId}/recipients']);

const BEFORE: ReadonlySet<string> = new Set(['slow', 'reset', 'status', 'expired-token', 'stale-list', 'acts-late']);
const AFTER: ReadonlySet<string> = new Set(['answer-lost', 'answer-late', 'malformed-json', 'before-answer']);
/** For tests that can't know a client's account: what every API call may be hit by. */
export const CALL_FAULTS: ReadonlySet<string> = new Set([...BEFORE, ...AFTER]);

const PREFIX = /^\/restapi\/v2(?:\.1)?\/accounts\/([^/]+)(\/.*)$/;

/** Undefined when the path belongs to neither the REST API nor OAuth's endpoints. */
export async function answerApi(sandbox: Sandbox, request: HttpRequest): Promise<HttpAnswer | undefined> {
  const oauth = `${request.method} ${request.path}`;
  if (oauth === 'POST /oauth/token')
    return withFaults(sandbox, request, oauth, '', async () => ({
      answer: await answerToken(sandbox, request),
      outgoing: [],
      envelopeIds: [],
    }));
  if (oauth === 'GET /oauth/userinfo') {
    return withFaults(sandbox, request, oauth, '', () => {
      const token = bearer(sandbox, request);
      sandbox.limits.count(`userinfo/${token.userId}`);
      return Promise.resolve({ answer: answerUserinfo(sandbox, request), outgoing: [], envelopeIds: [] });
    });
  }
  const [, accountId, path] = PREFIX.exec(request.path) ?? [];
  if (accountId === undefined || path === undefined) return undefined;
  const match = routes.match(request.method, path);
  if (match === undefined) {
    const known = routes.knows(path);
    return errorAnswer(
      new ApiError('INVALID_REQUEST_PARAMETER', `The sandbox has no ${request.method} ${path}.`, known ? 405 : 404),
      headers(sandbox, accountId),
    );
  }
  return withFaults(sandbox, request, match.route, accountId, async (stale) => {
    const { account, user } = authorize(sandbox, request, accountId);
    sandbox.limits.count(account.accountId);
    const outgoing: Message[] = [];
    const call: Call = {
      sandbox,
      request,
      params: match.params,
      account,
      user,
      emit: (envelope, event, recipient) => {
        outgoing.push(...sandbox.connect.messages(envelope, event, recipient));
      },
      outgoing,
      envelopeIds: [],
      stale,
    };
    const polled = guardPath(call, match.route);
    const reply = await match.handler(call);
    const polledByList = LISTS.has(match.route) && sandbox.limits.countEnvelopes('GET', call.envelopeIds, true);
    return {
      answer: replyAnswer(reply, headers(sandbox, accountId)),
      outgoing,
      envelopeIds: call.envelopeIds,
      polled: polled || polledByList,
    };
  });
}

/** Counts reads and writes of the path's envelope before they act. */
function guardPath(call: Call, route: string): boolean {
  const id = call.params['envelopeId']?.toLowerCase();
  if (id === undefined) return false;
  const { method } = call.request;
  if (method === 'PUT' || POLLS.has(route)) return call.sandbox.limits.countEnvelopes(method, [id], false);
  return false;
}

function authorize(sandbox: Sandbox, request: HttpRequest, accountId: string): { account: Account; user: User } {
  const token = bearer(sandbox, request);
  const user = sandbox.users.get(token.userId);
  if (!isGuid(accountId)) throw invalidParameter('Invalid value specified for accountId.');
  const account = sandbox.accounts.get(accountId.toLowerCase());
  if (user === undefined || account === undefined || !user.accountIds.includes(account.accountId)) {
    throw new ApiError(
      'USER_DOES_NOT_BELONG_TO_SPECIFIED_ACCOUNT',
      'The specified User is not a member of the specified Account.',
      401,
    );
  }
  return { account, user };
}

interface Outcome {
  answer: HttpAnswer;
  outgoing: readonly Message[];
  envelopeIds: readonly string[];
  polled?: boolean;
}

async function withFaults(
  sandbox: Sandbox,
  request: HttpRequest,
  route: string,
  accountId: string,
  act: (stale: boolean) => Promise<Outcome>,
): Promise<HttpAnswer> {
  const inPath = /\/envelopes\/([0-9a-f-]{36})/i.exec(request.path)?.[1]?.toLowerCase();
  const opportunity = { route, envelopeIds: inPath === undefined ? [] : [inPath] };
  const faults = sandbox.faults.strike(opportunity, CALL_FAULTS);
  const traceToken = sandbox.random.uuid('trace');
  const finish = (outcome: Outcome): HttpAnswer => {
    const { answer, outgoing } = outcome;
    sandbox.ledger.write('call', {
      method: request.method,
      route,
      status: answer.reset === true ? null : answer.status,
      ...(outcome.envelopeIds.length === 0 ? {} : { envelopeIds: outcome.envelopeIds }),
      ...(outcome.polled === true ? { polledTooEarly: true } : {}),
      ...(faults.length === 0 ? {} : { faults: faults.map((fault) => fault.kind) }),
      traceToken,
    });
    answer.headers = { ...answer.headers, 'X-DocuSign-TraceToken': traceToken, 'X-DocuSign-Node': 'SANDBOX' };
    if (outgoing.length > 0) answer.after = () => void sandbox.connect.dispatch(outgoing);
    return answer;
  };
  const named = (kind: string): Fault | undefined => faults.find((fault) => fault.kind === kind);
  const instead = insteadOfActing(named, () => headers(sandbox, accountId));
  const slow = named('slow');
  if (slow !== undefined) await pause(sandbox, slow.ms ?? 1000);
  if (instead !== undefined) return finish({ answer: instead, outgoing: [], envelopeIds: opportunity.envelopeIds });
  const late = named('acts-late');
  if (late !== undefined) {
    sandbox.clock.after(late.ms ?? 45_000, async () => {
      const outcome = await acted(sandbox, accountId, () => act(false));
      sandbox.ledger.write('call', {
        method: request.method,
        route,
        status: outcome.answer.status,
        envelopeIds: outcome.envelopeIds,
        faults: ['acted-late'],
        traceToken,
      });
      await sandbox.connect.dispatch(outcome.outgoing);
    });
    return finish({ answer: { status: 0, reset: true }, outgoing: [], envelopeIds: [] });
  }
  const outcome = await acted(sandbox, accountId, () => act(named('stale-list') !== undefined));
  return finish(await afterActing(sandbox, outcome, named));
}

/** Errors of the platform are answers too. */
async function acted(sandbox: Sandbox, accountId: string, act: () => Promise<Outcome>): Promise<Outcome> {
  try {
    return await act();
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    return { answer: errorAnswer(error, headers(sandbox, accountId)), outgoing: [], envelopeIds: [] };
  }
}

function insteadOfActing(
  named: (kind: string) => Fault | undefined,
  limitHeaders: () => Record<string, string>,
): HttpAnswer | undefined {
  if (named('reset') !== undefined) return { status: 0, reset: true };
  if (named('expired-token') !== undefined) {
    return errorAnswer(
      new ApiError('AUTHORIZATION_INVALID_TOKEN', 'The access token provided is expired, revoked or malformed.', 401),
      limitHeaders(),
    );
  }
  const fault = named('status');
  if (fault === undefined) return undefined;
  const status = fault.status ?? 500;
  const html = `<html><head><title>${status}</title></head><body><h1>${status}</h1></body></html>`;
  const body =
    fault.body === undefined ? html : typeof fault.body === 'string' ? fault.body : JSON.stringify(fault.body);
  const contentType = typeof fault.body === 'object' ? 'application/json; charset=utf-8' : 'text/html; charset=utf-8';
  return { status, headers: { ...limitHeaders(), 'Content-Type': contentType, ...fault.headers }, body };
}

async function afterActing(
  sandbox: Sandbox,
  outcome: Outcome,
  named: (kind: string) => Fault | undefined,
): Promise<Outcome> {
  if (named('before-answer') !== undefined) {
    await sandbox.connect.dispatch(outcome.outgoing);
    return { ...outcome, outgoing: [] };
  }
  if (named('answer-lost') !== undefined) return { ...outcome, answer: { status: outcome.answer.status, reset: true } };
  if (named('malformed-json') !== undefined) {
    const body = Buffer.from(outcome.answer.body ?? '');
    return { ...outcome, answer: { ...outcome.answer, body: body.subarray(0, Math.floor(body.length / 2)) } };
  }
  const late = named('answer-late');
  if (late === undefined) return outcome;
  // Connect doesn't wait for an answer that is late.
  void sandbox.connect.dispatch(outcome.outgoing);
  await pause(sandbox, late.ms ?? 1000);
  return { ...outcome, outgoing: [] };
}

function pause(sandbox: Sandbox, ms: number): Promise<void> {
  return new Promise((resolve) => {
    sandbox.clock.after(ms, resolve);
  });
}

function headers(sandbox: Sandbox, accountId: string): Record<string, string> {
  return {
    'Content-Type': 'application/json; charset=utf-8',
    'Cache-Control': 'no-cache',
    ...sandbox.limits.headers(accountId.toLowerCase()),
  };
}

function replyAnswer(reply: Reply, common: Record<string, string>): HttpAnswer {
  const body = reply.bytes ?? (reply.json === undefined ? '' : JSON.stringify(reply.json));
  return { status: reply.status, headers: { ...common, ...reply.headers }, body };
}

export function errorAnswer(error: ApiError, common: Record<string, string>): HttpAnswer {
  return {
    status: error.status,
    headers: common,
    body: JSON.stringify({ errorCode: error.errorCode, message: error.message }),
  };
}
