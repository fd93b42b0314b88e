/**
 * Envelopes and recipients as the REST API and Connect show them: every scalar text.
 * @module
 */
import { currentRoutingOrder } from './progress.ts';
import type { CustomField, Envelope, EnvelopeDocument, Recipient, Sandbox } from './state.ts';
import { RECIPIENT_GROUPS } from './state.ts';
import { asText, dateTime } from './values.ts';

type Json = Record<string, unknown>;

const TYPE_OF_GROUP: Record<string, string> = {
  signers: 'signer',
  agents: 'agent',
  editors: 'editor',
  intermediaries: 'intermediary',
  carbonCopies: 'carboncopy',
  certifiedDeliveries: 'certifieddelivery',
  inPersonSigners: 'inpersonsigner',
  seals: 'seal',
  witnesses: 'witness',
  notaries: 'notary',
};

/** `include` holds the words of the query parameter, lower case. */
export function envelopeJson(sandbox: Sandbox, envelope: Envelope, include: ReadonlySet<string> = new Set()): Json {
  const at = `/envelopes/${envelope.envelopeId}`;
  const user = sandbox.users.get(envelope.senderUserId);
  return dropUndefined({
    status: envelope.status,
    documentsUri: `${at}/documents`,
    recipientsUri: `${at}/recipients`,
    attachmentsUri: `${at}/attachments`,
    envelopeUri: at,
    emailSubject: envelope.emailSubject,
    emailBlurb: envelope.emailBlurb === '' ? undefined : envelope.emailBlurb,
    envelopeId: envelope.envelopeId,
    signingLocation: 'online',
    customFieldsUri: `${at}/custom_fields`,
    notificationUri: `${at}/notification`,
    enableWetSign: 'true',
    allowMarkup: 'false',
    allowReassign: 'true',
    createdDateTime: dateTime(envelope.createdAt),
    lastModifiedDateTime: dateTime(envelope.modifiedAt),
    initialSentDateTime: dateTime(envelope.initialSentAt),
    sentDateTime: dateTime(envelope.sentAt),
    deliveredDateTime: dateTime(envelope.deliveredAt),
    completedDateTime: dateTime(envelope.completedAt),
    declinedDateTime: dateTime(envelope.declinedAt),
    voidedDateTime: dateTime(envelope.voidedAt),
    voidedReason: envelope.voidedReason,
    statusChangedDateTime: dateTime(envelope.statusChangedAt),
    documentsCombinedUri: `${at}/documents/combined`,
    certificateUri: `${at}/documents/certificate`,
    templatesUri: `${at}/templates`,
    transactionId: envelope.transactionId,
    expireEnabled: String(envelope.notification.expireEnabled),
    expireDateTime: dateTime(envelope.expiresAt),
    expireAfter: String(envelope.notification.expireAfter),
    sender: {
      userName: user?.name ?? '',
      userId: envelope.senderUserId,
      accountId: envelope.accountId,
      email: user?.email ?? '',
    },
    customFields: include.has('custom_fields') ? customFieldsJson(envelope.customFields) : undefined,
    recipients: include.has('recipients') ? recipientsJson(envelope, include.has('tabs')) : undefined,
    envelopeDocuments: include.has('documents') ? documentsJson(envelope) : undefined,
    folders: include.has('folders')
      ? [
          {
            name: envelope.status === 'created' ? 'Drafts' : 'Sent Items',
            type: envelope.status === 'created' ? 'draft' : 'sentitems',
          },
        ]
      : undefined,
    purgeState: envelope.purgeState,
    workflow: envelope.workflowStatus === undefined ? undefined : { workflowStatus: envelope.workflowStatus },
    envelopeLocation: 'current_site',
    isDynamicEnvelope: 'false',
    anySigner: null,
    envelopeMetadata: { allowAdvancedCorrect: 'true', enableSignWithNotary: 'false', allowCorrect: 'true' },
  });
}

/** Every group is there, unused ones empty. */
export function recipientsJson(envelope: Envelope, withTabs: boolean): Json {
  const groups = Object.fromEntries(
    RECIPIENT_GROUPS.map((group) => [
      group,
      envelope.recipients
        .filter((recipient) => recipient.group === group)
        .map((recipient) => recipientJson(recipient, withTabs)),
    ]),
  );
  return {
    ...groups,
    recipientCount: String(envelope.recipients.length),
    currentRoutingOrder: String(currentRoutingOrder(envelope)),
  };
}

export function recipientJson(recipient: Recipient, withTabs: boolean): Json {
  return dropUndefined({
    ...recipient.extra,
    creationReason: 'sender',
    isBulkRecipient: 'false',
    requireIdLookup: 'false',
    name: recipient.name,
    email: recipient.email,
    recipientId: recipient.recipientId,
    recipientIdGuid: recipient.recipientIdGuid,
    userId: recipient.userId,
    clientUserId: recipient.clientUserId,
    routingOrder: String(recipient.routingOrder),
    note: recipient.extra['note'] ?? '',
    status: recipient.status,
    completedCount: recipient.status === 'completed' ? '1' : undefined,
    sentDateTime: dateTime(recipient.sentAt),
    deliveredDateTime: dateTime(recipient.deliveredAt),
    signedDateTime: dateTime(recipient.signedAt),
    declinedDateTime: dateTime(recipient.declinedAt),
    declinedReason: recipient.declinedReason,
    autoRespondedReason: recipient.autoRespondedReason,
    deliveryMethod: 'email',
    recipientType: TYPE_OF_GROUP[recipient.group],
    tabs: withTabs ? structuredClone(recipient.tabs) : undefined,
  });
}

export function customFieldsJson(fields: readonly CustomField[]): Json {
  const of = (kind: CustomField['kind']): unknown[] =>
    fields
      .filter((field) => field.kind === kind)
      .map(({ fields, fieldId, name, value }) =>
        Object.assign({ show: 'false', required: 'false' }, fields, { fieldId, name, value }),
      );
  return { textCustomFields: of('text'), listCustomFields: of('list') };
}

export function documentsJson(envelope: Envelope): Json[] {
  const at = `/envelopes/${envelope.envelopeId}/documents`;
  const content = envelope.documents.map((document, index) => documentJson(document, index, at));
  return [
    ...content,
    {
      documentId: 'certificate',
      documentIdGuid: `${envelope.envelopeId.slice(0, 24)}ce57ce57ce57`,
      name: 'Summary',
      type: 'summary',
      uri: `${at}/certificate`,
      order: '999',
      display: 'inline',
      includeInDownload: 'true',
    },
  ];
}

function documentJson(document: EnvelopeDocument, index: number, at: string): Json {
  return {
    documentId: document.documentId,
    documentIdGuid: document.documentIdGuid,
    name: document.name,
    type: 'content',
    uri: `${at}/${document.documentId}`,
    order: String(index + 1),
    pages: document.pages.map((page, number) => ({
      pageId: `${document.documentIdGuid.slice(0, 24)}${(number + 1).toString(16).padStart(12, '0')}`,
      sequence: String(number + 1),
      height: String(Math.round(page.height)),
      width: String(Math.round(page.width)),
      dpi: '72',
    })),
    display: 'inline',
    includeInDownload: 'true',
  };
}

/** Members that are undefined go; null stays, as the platform sends it for some. */
function dropUndefined(json: Json): Json {
  return Object.fromEntries(
    Object.entries(json).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, value === null ? null : asText(value)]],
    ),
  );
}
