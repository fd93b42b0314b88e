/**
 * Entries of Connect's failure and log queues, as the REST API lists them.
 * @module
 */
import type { FailureEntry, LogEntry } from './connect-messages.ts';
import type { Sandbox } from './state.ts';
import { dateTime } from './values.ts';

/** As `GET /connect/failures` and `/connect/logs` list an entry. */
export function entryJson(sandbox: Sandbox, entry: FailureEntry | LogEntry): Record<string, unknown> {
  const { message } = entry;
  const { envelope } = message;
  const user = sandbox.users.get(envelope.senderUserId);
  const common = {
    accountId: envelope.accountId,
    configUrl: message.subscription.url,
    connectId: String(message.subscription.configurationId),
    created: dateTime(entry.createdAt),
    email: user?.email ?? '',
    envelopeId: envelope.envelopeId,
    error: entry.error,
    retryCount: String('retryCount' in entry ? entry.retryCount : message.retryCount),
    status: envelope.status.charAt(0).toUpperCase() + envelope.status.slice(1),
    subject: envelope.emailSubject,
    userName: user?.name ?? '',
  };
  if ('logId' in entry)
    return {
      ...common,
      lastTry: dateTime(entry.createdAt),
      logId: entry.logId,
      logUri: `/connect/logs/${entry.logId}`,
    };
  return {
    ...common,
    failureId: entry.failureId,
    failureUri: `/connect/failures/${entry.failureId}`,
    lastTry: dateTime(entry.lastTryAt),
    retryUri: `/connect/envelopes/${envelope.envelopeId}/retry_queue`,
  };
}
