/**
 * `/connect`: account-level configurations, HMAC keys, failures, logs and the retry queue.
 * @module
 */
import * as z from 'zod';
import { type Call, type Reply, envelopeOf, jsonObject, ok, query } from './call.ts';
import { entryJson } from './connect-entries.ts';
import type { FailureEntry, LogEntry } from './connect-messages.ts';
import { ApiError, invalidParameter } from './errors.ts';
import { addHmacKey, removeHmacKey } from './keys.ts';
import { type AccountConfiguration, taskKey } from './state.ts';
import { accountSubscription } from './subscriptions.ts';
import { asText, dateTime, isRecord, isTrue } from './values.ts';

export function listConfigurations(call: Call): Reply {
  return configurationsReply([...call.account.configurations.values()]);
}

export function getConfiguration(call: Call): Reply {
  return configurationsReply([configurationOf(call, call.params['connectId'])]);
}

function configurationsReply(configurations: readonly AccountConfiguration[]): Reply {
  return ok({
    configurations: configurations.map(({ fields }) => fields),
    totalRecords: String(configurations.length),
  });
}

export function postConfiguration(call: Call): Reply {
  const connectId = String(call.sandbox.nextConfigurationId++);
  const configuration = configure(call, connectId, {
    configurationType: 'custom',
    allowEnvelopePublish: 'true',
    allUsers: 'true',
    ...jsonObject(call),
  });
  call.account.configurations.set(connectId, configuration);
  return { status: 201, json: configuration.fields };
}

/** `connectId` is in the body. */
export function putConfiguration(call: Call): Reply {
  const body = jsonObject(call);
  const old = configurationOf(call, body['connectId'] === undefined ? undefined : String(body['connectId']));
  const configuration = configure(call, old.connectId, { ...old.fields, ...body });
  call.account.configurations.set(old.connectId, configuration);
  return ok(configuration.fields);
}

export function deleteConfiguration(call: Call): Reply {
  call.account.configurations.delete(configurationOf(call, call.params['connectId']).connectId);
  return { status: 200 };
}

function configure(call: Call, connectId: string, body: Record<string, unknown>): AccountConfiguration {
  const { password: _, ...visible } = body;
  const fields = asText({ ...visible, connectId });
  const userIds = body['userIds'];
  return {
    connectId,
    fields: isRecord(fields) ? fields : {},
    subscription: accountSubscription(body, Number(connectId), call.sandbox.settings.requireHttpsTargets),
    allUsers: body['allUsers'] === undefined || isTrue(String(body['allUsers'])),
    userIds: Array.isArray(userIds) ? userIds.map(String) : [],
  };
}

function configurationOf(call: Call, connectId: string | undefined): AccountConfiguration {
  const configuration = connectId === undefined ? undefined : call.account.configurations.get(connectId);
  if (configuration === undefined) throw invalidParameter('Invalid value specified for connectId.');
  return configuration;
}

/** The key itself is shown once, when it is made. */
export function listSecrets(call: Call): Reply {
  return ok({
    secrets: call.account.hmacKeys.map(({ keyId, createdAt }) => ({ keyId, created: dateTime(createdAt) })),
  });
}

export function postSecret(call: Call): Reply {
  const { keyId, key, createdAt } = addHmacKey(call.sandbox, call.account);
  return { status: 201, json: { keyId, secret: key, created: dateTime(createdAt) } };
}

export function deleteSecret(call: Call): Reply {
  if (!removeHmacKey(call.account, call.params['keyId'] ?? ''))
    throw invalidParameter('Invalid value specified for keyId.');
  return { status: 200 };
}

export function listFailures(call: Call): Reply {
  const failures = ofAccount(call, [...call.sandbox.connect.failures.values()]);
  return ok({
    totalRecords: String(failures.length),
    type: 'failures',
    failures: failures.map((entry) => entryJson(call.sandbox, entry)),
    logs: [],
  });
}

export function listLogs(call: Call): Reply {
  const logs = ofAccount(call, call.sandbox.connect.logs);
  return ok({
    totalRecords: String(logs.length),
    type: 'logs',
    failures: [],
    logs: logs.map((entry) => entryJson(call.sandbox, entry)),
  });
}

/** At most 100, newest first, within the dates asked. */
function ofAccount<T extends FailureEntry | LogEntry>(call: Call, entries: readonly T[]): T[] {
  const from = Date.parse(query(call, 'from_date') ?? '');
  const to = Date.parse(query(call, 'to_date') ?? '');
  return entries
    .filter(
      ({ message, createdAt }) =>
        message.envelope.accountId === call.account.accountId && !(createdAt < from) && !(createdAt > to),
    )
    .toReversed()
    .slice(0, 100);
}

export function getLog(call: Call): Reply {
  const entry = call.sandbox.connect.logs.find(
    (candidate) =>
      candidate.logId === call.params['logId'] && candidate.message.envelope.accountId === call.account.accountId,
  );
  if (entry === undefined) throw new ApiError('INVALID_REQUEST_PARAMETER', 'The log entry does not exist.', 404);
  const json = entryJson(call.sandbox, entry);
  if (!isTrue(query(call, 'additional_info'))) return ok(json);
  const line = {
    connectConfig: String(entry.message.subscription.configurationId),
    eventDateTime: dateTime(entry.createdAt),
    eventDescription: entry.message.event,
    payload: entry.payload,
    errorDetails: entry.error,
  };
  return ok({ ...json, connectDebugLog: [line] });
}

export function deleteLogs(call: Call): Reply {
  const { logs } = call.sandbox.connect;
  const id = call.params['logId'];
  const gone = logs.filter(
    ({ message, logId }) => message.envelope.accountId === call.account.accountId && (id === undefined || logId === id),
  );
  for (const entry of gone) logs.splice(logs.indexOf(entry), 1);
  return { status: 200 };
}

export function deleteFailure(call: Call): Reply {
  const { failures } = call.sandbox.connect;
  for (const [key, entry] of failures) {
    if (entry.failureId !== call.params['failureId']) continue;
    call.sandbox.agenda.cancel(taskKey({ kind: 'retry', messageId: key }));
    failures.delete(key);
  }
  return { status: 200 };
}

export function retryEnvelope(call: Call): Reply {
  return retryQueue(call, [envelopeOf(call).envelopeId]);
}

const retrySchema = z.looseObject({
  envelopeIds: z.array(z.string()),
  synchronous: z.union([z.string(), z.boolean()]).optional(),
});

export function retryEnvelopes(call: Call): Reply {
  const parsed = retrySchema.safeParse(jsonObject(call));
  if (!parsed.success) throw invalidParameter("'envelopeIds' must be a list of envelope ids.");
  if (isTrue(String(parsed.data.synchronous ?? 'false'))) throw invalidParameter("'synchronous' must be false.");
  return retryQueue(call, parsed.data.envelopeIds);
}

/** The tries run when the answer has left. */
function retryQueue(call: Call, envelopeIds: readonly string[]): Reply {
  const { connect } = call.sandbox;
  const retryQueue = envelopeIds.flatMap((id) =>
    connect.retryNow(id.toLowerCase()).map(({ message }) => ({
      envelopeId: message.envelope.envelopeId,
      configId: String(message.subscription.configurationId),
      configUrl: message.subscription.url,
      status: 'queued',
      statusMessage: '',
    })),
  );
  return ok({ retryQueue });
}
