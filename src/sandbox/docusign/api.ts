/**
 * The REST API: routes, and around every call its faults, token, account, limits, headers and ledger line.
 * @module
 */
import type { HttpAnswer, HttpRequest } from '../kit/http.ts';
import { createRouter } from '../kit/router.ts';
import type { Call, Handler, Reply } from './call.ts';
import { errorAnswer, headers, withFaults } from './call-faults.ts';
import * as connect from './connect-api.ts';
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

const PREFIX = /^\/restapi\/v2(?:\.1)?\/accounts\/([^/]+)(\/.*)$/;

/** Undefined when the path belongs to neither the REST API nor OAuth's endpoints. */
export async function answerApi(sandbox: Sandbox, request: HttpRequest): Promise<HttpAnswer | undefined> {
  const oauth = `${request.method} ${request.path}`;
  if (oauth === 'POST /oauth/token')
    return withFaults(sandbox, request, oauth, '', () => answerToken(sandbox, request));
  if (oauth === 'GET /oauth/userinfo') {
    return withFaults(sandbox, request, oauth, '', () => Promise.resolve(answerUserinfo(sandbox, request)));
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
  return withFaults(sandbox, request, match.route, accountId, async (traces) => {
    const { account, user } = authorize(sandbox, request, accountId);
    sandbox.limits.count(account.accountId);
    const call: Call = {
      sandbox,
      request,
      params: match.params,
      account,
      user,
      emit: (envelope, event, recipient) => {
        traces.outgoing.push(...sandbox.connect.messages(envelope, event, recipient));
      },
      envelopeIds: traces.envelopeIds,
      stale: traces.stale,
    };
    traces.polled = guardPath(call, match.route);
    const reply = await match.handler(call);
    if (LISTS.has(match.route)) traces.polled = sandbox.limits.countEnvelopes('GET', call.envelopeIds, true);
    return replyAnswer(reply, headers(sandbox, accountId));
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

function replyAnswer(reply: Reply, common: Record<string, string>): HttpAnswer {
  const body = reply.bytes ?? (reply.json === undefined ? '' : JSON.stringify(reply.json));
  return { status: reply.status, headers: { ...common, ...reply.headers }, body };
}
