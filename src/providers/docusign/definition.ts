/**
 * An envelope's content as DocuSign's `envelopeDefinition`. Scalars are text.
 * Source: eSignature REST API v2.1 specification, `envelopeDefinition`.
 * @module
 */
import type { ContentDocument, ContentRecipient, EnvelopeContent } from '../../model/envelope.ts';
import { daysUntil } from '../../model/time.ts';
import { CUSTOM_FIELD } from './read.ts';
import { tabsOf } from './tabs.ts';
import { ENVELOPE_EVENTS, RECIPIENT_EVENTS } from './words.ts';

/** A draft: nobody is told of it until it is released. `now` is when it is made. */
export async function draftDefinition(
  content: EnvelopeContent,
  transactionId: string,
  webhookUrl: string | null,
  now: Date,
): Promise<Readonly<Record<string, unknown>>> {
  const refs = new Map(content.documents.map(({ key, ref }) => [key, ref]));
  const refOf = (key: string): string => {
    const ref = refs.get(key);
    if (ref === undefined) throw new TypeError(`a field on the document '${key}', which the envelope doesn't have`);
    return ref;
  };
  const inRole = (role: ContentRecipient['role']): ContentRecipient[] =>
    content.recipients.filter((recipient) => recipient.role === role);
  return {
    status: 'created',
    transactionId,
    emailSubject: content.subject,
    ...(content.message === null ? {} : { emailBlurb: content.message }),
    documents: await Promise.all(content.documents.map(documentOf)),
    recipients: {
      signers: inRole('SIGNER').map((signer) =>
        Object.assign(recipientOf(signer), { tabs: tabsOf(signer.fields, refOf) }),
      ),
      carbonCopies: inRole('CARBON_COPY').map(recipientOf),
    },
    customFields: {
      textCustomFields: [{ name: CUSTOM_FIELD, value: content.envelopeId, show: 'false', required: 'false' }],
    },
    ...notification(content, now),
    ...(webhookUrl === null ? {} : { eventNotification: eventNotification(webhookUrl) }),
  };
}

async function documentOf(document: ContentDocument): Promise<Record<string, string>> {
  return {
    documentId: document.ref,
    name: document.name,
    fileExtension: 'pdf',
    documentBase64: (await document.bytes()).toString('base64'),
  };
}

function recipientOf({ ref, name, email, routingOrder, embeddedId }: ContentRecipient): Record<string, string> {
  return {
    recipientId: ref,
    routingOrder: String(routingOrder),
    name,
    email,
    // Whoever has one gets no mail: the signing session is opened through us.
    ...(embeddedId === null ? {} : { clientUserId: embeddedId }),
  };
}

/** Nothing when nothing was asked for: then reminders and expiry are the account's own. */
function notification({ expiresAt, options }: EnvelopeContent, now: Date): Record<string, unknown> {
  const { reminders = null, expiryWarningDays = null } = options.docusign ?? {};
  if (expiresAt === null && reminders === null) return {};
  return {
    notification: {
      useAccountDefaults: 'false',
      reminders:
        reminders === null
          ? { reminderEnabled: 'false' }
          : {
              reminderEnabled: 'true',
              reminderDelay: String(reminders.afterDays),
              reminderFrequency: String(reminders.everyDays),
            },
      ...(expiresAt === null ? {} : { expirations: expiry(expiresAt, now, expiryWarningDays ?? 0) }),
    },
  };
}

/** Whole days from the sending on, rounded up: an envelope never expires before it was asked to. */
function expiry(expiresAt: Date, now: Date, expireWarn: number): Record<string, unknown> {
  const days = Math.max(1, daysUntil(expiresAt, now));
  return { expireEnabled: 'true', expireAfter: String(days), expireWarn: String(expireWarn) };
}

/**
 * Everything is said outright: defaults changed over the years. Without acknowledgment a failed delivery isn't
 * repeated; documents stay out, they would make each message as large as they are.
 */
function eventNotification(url: string): Record<string, unknown> {
  return {
    url,
    requireAcknowledgment: 'true',
    loggingEnabled: 'true',
    includeHMAC: 'true',
    deliveryMode: 'SIM',
    events: [...ENVELOPE_EVENTS, ...RECIPIENT_EVENTS],
    eventData: { version: 'restv2.1', format: 'json', includeData: ['recipients', 'custom_fields'] },
  };
}
