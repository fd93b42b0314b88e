/**
 * `POST /envelopes`: a draft or a sent envelope, as JSON or multipart.
 * @module
 */
import { headerParameter, parseMultipart } from '../kit/multipart.ts';
import { type Call, type Reply, jsonBody } from './call.ts';
import {
  type Definition,
  checkLength,
  checkComplete,
  defaultNotification,
  readCustomFields,
  readDefinition,
  readDocuments,
  readNotification,
  readRecipients,
  readSubscriptions,
} from './definition.ts';
import { note, record, sender } from './history.ts';
import { send } from './lifecycle.ts';
import { ApiError, invalidBody, invalidParameter } from './errors.ts';
import type { Envelope, EnvelopeDocument } from './state.ts';
import { checkTabs } from './tabs.ts';
import { findTransaction, rememberTransaction } from './transactions.ts';
import { isRecord, longDateTime } from './values.ts';

export async function createEnvelope(call: Call): Promise<Reply> {
  const { sandbox } = call;
  const { value, files } = readBody(call);
  const definition = readDefinition(value);
  const status = definition.status?.toLowerCase() ?? 'created';
  if (status !== 'created' && status !== 'sent') throw invalidParameter('Invalid value specified for status.');
  const documents = await readDocuments(sandbox, definition, files);
  const known =
    definition.transactionId === undefined
      ? undefined
      : findTransaction(sandbox, call.account.accountId, definition.transactionId);
  if (known !== undefined && sandbox.settings.transactionIdReuse === 'refuse')
    throw invalidParameter('The transactionId has been used.');
  if (known !== undefined && sandbox.settings.transactionIdReuse === 'same') return created(call, known);
  const envelope = build(call, definition, documents, status === 'sent');
  if (status === 'sent') checkSendable(call, envelope);
  sandbox.envelopes.set(envelope.envelopeId, envelope);
  rememberTransaction(sandbox, envelope);
  call.envelopeIds.push(envelope.envelopeId);
  note(sandbox, envelope, 'Registered', sender(sandbox, envelope), 'The envelope was created.');
  record(sandbox, envelope, 'created');
  if (status === 'sent') send(sandbox, envelope, call.emit);
  else call.emit(envelope, 'envelope-created');
  // A new envelope was nothing before, whatever sending noted on the way.
  envelope.before = null;
  return created(call, envelope);
}

function created(call: Call, envelope: Envelope): Reply {
  return {
    status: 201,
    json: {
      envelopeId: envelope.envelopeId,
      uri: `/envelopes/${envelope.envelopeId}`,
      statusDateTime: longDateTime(envelope.statusChangedAt),
      status: envelope.status,
    },
  };
}

/** All that sending demands and a draft may lack. Checked whole before anything is kept. */
export function checkSendable(call: Call, envelope: Envelope): void {
  if (envelope.emailSubject === '' || envelope.documents.length === 0 || envelope.recipients.length === 0) {
    throw new ApiError(
      'ENVELOPE_IS_INCOMPLETE',
      'The Envelope is not Complete. A Complete Envelope Requires Documents, Recipients, Tabs, and a Subject Line.',
    );
  }
  for (const recipient of envelope.recipients) {
    checkComplete(recipient);
    checkTabs(call.sandbox, envelope.documents, recipient);
  }
}

function build(call: Call, definition: Definition, documents: EnvelopeDocument[], complete: boolean): Envelope {
  const { sandbox } = call;
  checkLength('emailSubject', definition.emailSubject, 100);
  checkLength('emailBlurb', definition.emailBlurb, 10_000);
  const now = sandbox.clock.now();
  const envelopeId = sandbox.random.uuid('envelope');
  const number = sandbox.nextEnvelopeNumber++;
  let field = 0;
  const envelope: Envelope = {
    envelopeId,
    number,
    accountId: call.account.accountId,
    senderUserId: call.user.userId,
    status: 'created',
    emailSubject: definition.emailSubject ?? '',
    emailBlurb: definition.emailBlurb ?? '',
    ...(definition.transactionId === undefined ? {} : { transactionId: definition.transactionId }),
    createdAt: now,
    modifiedAt: now,
    statusChangedAt: now,
    documents,
    recipients: [],
    customFields: readCustomFields(definition.customFields, () => String(10_000 + number * 100 + (field += 1))),
    notification: readNotification(definition.notification, defaultNotification()),
    subscriptions: readSubscriptions(sandbox, definition),
    purgeState: 'unpurged',
    audit: [],
    before: null,
    rendered: new Map(),
    nextTab: 0,
  };
  envelope.recipients = readRecipients(sandbox, envelope, definition.recipients ?? {}, complete);
  for (const recipient of envelope.recipients) checkTabs(sandbox, documents, recipient);
  return envelope;
}

/** Multipart: the definition first, then one part a document with `documentid` in its Content-Disposition. */
function readBody(call: Call): { value: unknown; files: Map<string, Buffer> } {
  const files = new Map<string, Buffer>();
  const contentType = call.request.headers['content-type'] ?? '';
  if (!contentType.toLowerCase().startsWith('multipart/')) {
    if (call.request.body.length === 0) throw invalidBody();
    return { value: jsonBody(call), files };
  }
  const parts = parseMultipart(contentType, call.request.body);
  let value: unknown;
  for (const part of parts ?? []) {
    const documentId = headerParameter(part.headers['content-disposition'] ?? '', 'documentid');
    if (documentId !== undefined) {
      const base64 = part.headers['content-transfer-encoding']?.toLowerCase() === 'base64';
      files.set(documentId, base64 ? Buffer.from(part.content.toString('latin1'), 'base64') : part.content);
    } else if (value === undefined) {
      value = parsePart(part.content);
    }
  }
  if (!isRecord(value)) throw invalidBody('The multipart request has no envelope definition.');
  return { value, files };
}

function parsePart(content: Buffer): unknown {
  try {
    return JSON.parse(content.toString('utf8'));
  } catch {
    throw invalidBody();
  }
}
