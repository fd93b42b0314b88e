/**
 * Reads an envelope definition into the sandbox's own form, refusing what the platform refuses.
 * @module
 */
import * as z from 'zod';
import { ApiError, invalidBody, invalidParameter } from './errors.ts';
import { inspect } from './pdf.ts';
import {
  type CustomField,
  type Envelope,
  type EnvelopeDocument,
  type Notification,
  RECIPIENT_GROUPS,
  type Recipient,
  type RecipientGroup,
  type Sandbox,
} from './state.ts';
import { envelopeSubscription } from './subscriptions.ts';
import { readTabs, tabIds } from './tabs.ts';
import { asText, flag, isRecord, optionalText } from './values.ts';

/** 25 MB a document and a whole envelope. */
const LARGEST_DOCUMENT = 25 * 1024 * 1024;

const documentSchema = z.looseObject({
  documentId: optionalText,
  name: optionalText,
  fileExtension: optionalText,
  documentBase64: optionalText,
});

const fieldSchema = z.looseObject({ fieldId: optionalText, name: optionalText, value: optionalText });

const definitionSchema = z.looseObject({
  status: optionalText,
  emailSubject: optionalText,
  emailBlurb: optionalText,
  transactionId: optionalText,
  asynchronous: flag,
  documents: z.array(documentSchema).nullish(),
  recipients: z.record(z.string(), z.unknown()).nullish(),
  customFields: z.unknown().optional(),
  notification: z.unknown().optional(),
  eventNotification: z.unknown().optional(),
  eventNotifications: z.array(z.unknown()).nullish(),
});

export type Definition = z.infer<typeof definitionSchema>;

export function readDefinition(value: unknown): Definition {
  const parsed = definitionSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw invalidBody(issue === undefined ? '' : `${issue.path.join('.')}: ${issue.message}.`);
}

export function checkLength(name: string, value: string | undefined, max: number): void {
  if (value !== undefined && value.length > max) throw invalidParameter(`'${name}' is longer than ${max} characters.`);
}

/** `files` are the parts of a multipart request, by document id. */
export async function readDocuments(
  sandbox: Sandbox,
  definition: Definition,
  files: ReadonlyMap<string, Buffer>,
): Promise<EnvelopeDocument[]> {
  const documents: EnvelopeDocument[] = [];
  let total = 0;
  for (const given of definition.documents ?? []) {
    const documentId = given.documentId;
    if (documentId === undefined || documentId === '') throw invalidParameter("'documentId' not set for document.");
    if (documents.some((document) => document.documentId === documentId))
      throw invalidParameter(`The document id '${documentId}' is used twice.`);
    const bytes = files.get(documentId) ?? decodeBase64(given.documentBase64, documentId);
    total += bytes.length;
    if (bytes.length === 0) throw invalidParameter(`The document '${documentId}' is empty.`);
    if (total > LARGEST_DOCUMENT) throw invalidParameter('The documents are larger than 25 MB.');
    documents.push({
      documentId,
      documentIdGuid: sandbox.random.uuid('document'),
      name: given.name ?? `document ${documentId}`,
      fileExtension: given.fileExtension ?? 'pdf',
      ...(await inspect(bytes)),
    });
  }
  return documents;
}

function decodeBase64(value: string | undefined, documentId: string): Buffer {
  const compact = (value ?? '').replaceAll(/\s+/g, '');
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(compact) || compact.length % 4 !== 0) {
    throw invalidBody(`The content of document '${documentId}' is not a valid Base-64 string.`);
  }
  return Buffer.from(compact, 'base64');
}

const EMAIL = /^[^\s@<>"(),;:]+@[^\s@<>"(),;:]+\.[^\s@<>"(),;:.]+$/;

/** `{signers: [...], carbonCopies: [...]}`: every recipient checked; a draft may lack names and addresses. */
export function readRecipients(
  sandbox: Sandbox,
  envelope: Envelope,
  groups: Record<string, unknown>,
  complete: boolean,
): Recipient[] {
  const recipients: Recipient[] = [];
  const taken = new Set(envelope.recipients.map((recipient) => recipient.recipientId));
  for (const group of RECIPIENT_GROUPS) {
    const members = groups[group];
    if (!Array.isArray(members)) continue;
    for (const member of members.filter(isRecord)) {
      const recipient = readRecipient(sandbox, envelope, group, member);
      if (complete) checkComplete(recipient);
      if (taken.has(recipient.recipientId))
        throw new ApiError('ENVELOPE_HAS_DUPLICATE_RECIPIENTS', 'The specified envelope has duplicate recipients.');
      taken.add(recipient.recipientId);
      recipients.push(recipient);
    }
  }
  return recipients;
}

const recipientSchema = z.looseObject({
  recipientId: optionalText,
  name: optionalText,
  email: optionalText,
  hostName: optionalText,
  hostEmail: optionalText,
  routingOrder: optionalText,
  clientUserId: optionalText,
  accessCode: optionalText,
});

/** Members the sandbox sets itself or keeps apart; the rest is kept and answered as it came. */
const OWN = new Set([
  'recipientId',
  'recipientIdGuid',
  'userId',
  'name',
  'email',
  'routingOrder',
  'clientUserId',
  'status',
  'tabs',
  'recipientType',
  'deliveryMethod',
]);

export function readRecipient(
  sandbox: Sandbox,
  envelope: Envelope,
  group: RecipientGroup,
  member: Record<string, unknown>,
): Recipient {
  const parsed = recipientSchema.safeParse(member);
  if (!parsed.success) throw invalidParameter(`A recipient of '${group}' has a member that is not text.`);
  const given = parsed.data;
  if (given.recipientId === undefined || given.recipientId === '')
    throw invalidParameter("'recipientId' not set for recipient.");
  const order = given.routingOrder === undefined || given.routingOrder === '' ? 1 : Number(given.routingOrder);
  if (!Number.isInteger(order) || order < 1)
    throw invalidParameter(`Invalid routingOrder '${given.routingOrder ?? ''}' for recipient '${given.recipientId}'.`);
  const email = given.email ?? given.hostEmail ?? '';
  if (email !== '') checkEmail(email, given.recipientId);
  checkLength('name', given.name, 100);
  checkLength('email', email, 100);
  checkLength('clientUserId', given.clientUserId, 100);
  checkLength('accessCode', given.accessCode, 50);
  const extra = Object.fromEntries(
    Object.entries(member).flatMap(([name, value]) => (OWN.has(name) || value === null ? [] : [[name, asText(value)]])),
  );
  return {
    group,
    recipientId: given.recipientId,
    recipientIdGuid: sandbox.random.uuid('recipient'),
    userId: sandbox.random.uuid('recipient-user'),
    name: given.name ?? given.hostName ?? '',
    email,
    routingOrder: order,
    ...(given.clientUserId === undefined || given.clientUserId === '' ? {} : { clientUserId: given.clientUserId }),
    status: 'created',
    extra,
    tabs: readTabs(member['tabs'], tabIds(envelope)),
  };
}

export function checkEmail(email: string, recipientId: string): void {
  if (!EMAIL.test(email)) {
    throw new ApiError(
      'INVALID_EMAIL_ADDRESS_FOR_RECIPIENT',
      `The email address for the recipient is invalid. The recipient Id follows. ${recipientId}`,
    );
  }
}

/** What sending demands of each recipient. */
export function checkComplete(recipient: Recipient): void {
  if (recipient.name === '') throw invalidParameter(`'name' not set for recipient '${recipient.recipientId}'.`);
  checkEmail(recipient.email, recipient.recipientId);
}

/** `{textCustomFields: [...], listCustomFields: [...]}`; a field without id gets the next one. */
export function readCustomFields(value: unknown, nextId: () => string): CustomField[] {
  if (!isRecord(value)) return [];
  const read = (kind: CustomField['kind'], list: unknown): CustomField[] => {
    const parsed = z.array(fieldSchema).nullish().safeParse(list);
    if (!parsed.success) throw invalidParameter('A custom field has a member that is not text.');
    return (parsed.data ?? []).map((field) => {
      if (field.name === undefined || field.name === '') throw invalidParameter("'name' not set for custom field.");
      checkLength(`value of custom field ${field.name}`, field.value, 100);
      const fields = asText(field);
      return {
        kind,
        fieldId: field.fieldId === undefined || field.fieldId === '' ? nextId() : field.fieldId,
        fields: isRecord(fields) ? fields : {},
        name: field.name,
        value: field.value ?? '',
      };
    });
  };
  return [...read('text', value['textCustomFields']), ...read('list', value['listCustomFields'])];
}

/** Of an account that says nothing else. */
const DEFAULT_EXPIRY_DAYS = 120;
/** The administration takes 1 to 999 for each; that the API refuses the same is unconfirmed. */
const MOST_DAYS = 999;

export function defaultNotification(): Notification {
  return {
    useAccountDefaults: true,
    reminderEnabled: false,
    reminderDelay: 0,
    reminderFrequency: 0,
    expireEnabled: true,
    expireAfter: DEFAULT_EXPIRY_DAYS,
    expireWarn: 0,
  };
}

const notificationSchema = z
  .looseObject({
    useAccountDefaults: flag,
    reminders: z
      .looseObject({ reminderEnabled: flag, reminderDelay: optionalText, reminderFrequency: optionalText })
      .nullish(),
    expirations: z.looseObject({ expireEnabled: flag, expireAfter: optionalText, expireWarn: optionalText }).nullish(),
  })
  .nullish();

/** `base` with what `value` says about reminders and expiry. */
export function readNotification(value: unknown, base: Notification): Notification {
  const parsed = notificationSchema.safeParse(value);
  if (!parsed.success) throw invalidParameter('notification is malformed.');
  const given = parsed.data;
  if (given === null || given === undefined) return base;
  if (given.useAccountDefaults === true) return defaultNotification();
  const { reminders, expirations } = given;
  // "If false, the account default setting is used": every envelope expires.
  const { expireEnabled, expireAfter, expireWarn } = defaultNotification();
  const expiry = expirations?.expireEnabled === false ? { expireEnabled, expireAfter, expireWarn } : null;
  return {
    useAccountDefaults: given.useAccountDefaults ?? false,
    reminderEnabled: reminders?.reminderEnabled ?? base.reminderEnabled,
    reminderDelay: days('reminderDelay', reminders?.reminderDelay, base.reminderDelay),
    reminderFrequency: days('reminderFrequency', reminders?.reminderFrequency, base.reminderFrequency),
    expireEnabled: expirations?.expireEnabled ?? base.expireEnabled,
    expireAfter: days('expireAfter', expirations?.expireAfter, base.expireAfter),
    expireWarn: days('expireWarn', expirations?.expireWarn, base.expireWarn),
    ...expiry,
  };
}

function days(name: string, value: string | undefined, otherwise: number): number {
  if (value === undefined || value === '') return otherwise;
  const number = Number(value);
  if (!Number.isInteger(number) || number < 0 || number > MOST_DAYS)
    throw invalidParameter(`Invalid value specified for ${name}.`);
  return number;
}

export function readSubscriptions(sandbox: Sandbox, definition: Definition): Envelope['subscriptions'] {
  const given = [definition.eventNotification, ...(definition.eventNotifications ?? [])].filter(
    (value) => value !== undefined && value !== null,
  );
  return given.map((value) =>
    envelopeSubscription(value, sandbox.nextConfigurationId++, sandbox.settings.requireHttpsTargets),
  );
}
