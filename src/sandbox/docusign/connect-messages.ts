/**
 * What one event looks like on the wire: JSON SIM, or the legacy XML of the whole envelope.
 * @module
 */
import { envelopeJson } from './envelope-json.ts';
import type { ConnectEvent, Envelope, Recipient, Sandbox } from './state.ts';
import type { Subscription } from './subscriptions.ts';
import { isRecord, longDateTime } from './values.ts';
import { envelopeXml } from './xml.ts';

/** One event for one subscription, from the moment it happened until it is acknowledged or given up. */
export interface Message {
  id: string;
  envelope: Envelope;
  event: ConnectEvent;
  recipientId: string | undefined;
  subscription: Subscription;
  happenedAt: number;
  retryCount: number;
  /** The envelope at the event, as `includeData` asks for it. */
  content: string | Record<string, unknown> | undefined;
}

export interface FailureEntry {
  failureId: string;
  message: Message;
  createdAt: number;
  lastTryAt: number;
  error: string;
  /** Waiting for its next try, held back while its configuration is down, or given up. */
  state: 'queued' | 'pending' | 'abandoned';
}

export interface LogEntry {
  logId: string;
  message: Message;
  createdAt: number;
  status: 'Success' | 'Failure';
  error: string;
  retryCount: number;
  payload: string;
}

/** Undefined without `includeData`: the minimal message carries no summary. */
export function messageContent(sandbox: Sandbox, envelope: Envelope, subscription: Subscription): Message['content'] {
  if (subscription.format === 'xml') return envelopeXml(sandbox, envelope, subscription);
  return subscription.includeData.size === 0 ? undefined : summary(sandbox, envelope, subscription.includeData);
}

export function messageFor(
  sandbox: Sandbox,
  envelope: Envelope,
  event: ConnectEvent,
  recipient: Recipient | undefined,
  subscription: Subscription,
): Message {
  return {
    id: sandbox.random.uuid('message'),
    envelope,
    event,
    recipientId: recipient?.recipientId,
    subscription,
    happenedAt: sandbox.clock.now(),
    retryCount: 0,
    content: messageContent(sandbox, envelope, subscription),
  };
}

/** The bytes of this attempt: a retry has another `retryCount`, so another body and signature. */
export function messageBody(sandbox: Sandbox, message: Message): { contentType: string; body: string } {
  const { envelope, subscription } = message;
  const content =
    sandbox.settings.summarySnapshot === 'delivery' ? messageContent(sandbox, envelope, subscription) : message.content;
  if (typeof content === 'string') return { contentType: 'text/xml; charset=utf-8', body: content };
  const fresh = sandbox.settings.generatedDateTimeOnRetry === 'fresh' && message.retryCount > 0;
  return {
    contentType: 'application/json; charset=utf-8',
    body: JSON.stringify({
      event: message.event,
      apiVersion: 'v2.1',
      uri: `/restapi/v2.1/accounts/${envelope.accountId}/envelopes/${envelope.envelopeId}`,
      retryCount: message.retryCount,
      configurationId: subscription.configurationId,
      generatedDateTime: longDateTime(fresh ? sandbox.clock.now() : message.happenedAt),
      data: {
        accountId: envelope.accountId,
        userId: envelope.senderUserId,
        envelopeId: envelope.envelopeId,
        ...(message.recipientId === undefined ? {} : { recipientId: message.recipientId }),
        ...(content === undefined ? {} : { envelopeSummary: content }),
      },
    }),
  };
}

function summary(sandbox: Sandbox, envelope: Envelope, includeData: ReadonlySet<string>): Record<string, unknown> {
  const json = envelopeJson(sandbox, envelope, includeData);
  const documents = json['envelopeDocuments'];
  if (!includeData.has('documents') || !Array.isArray(documents)) return json;
  return {
    ...json,
    envelopeDocuments: documents.filter(isRecord).map((document) => {
      const file = envelope.documents.find((candidate) => candidate.documentId === document['documentId']);
      return file === undefined ? document : Object.assign(document, { PDFBytes: file.bytes.toString('base64') });
    }),
  };
}
