/**
 * Every fault of an envelope, found before anyone is called and answered all at once.
 * @module
 */
import type { Fetched } from '../../documents/fetch-url.ts';
import type { StoredDocument } from '../../documents/store.ts';
import type { FieldPlace } from '../../model/envelope.ts';
import { MAX_ANCHOR_TEXT, MAX_FIELDS, MAX_POINTS } from '../../model/limits.ts';
import { addMilliseconds, DAY_MS, daysUntil } from '../../model/time.ts';
import type { Capabilities } from '../../providers/provider.ts';
import type { EnvelopeInput, FieldInput, RecipientInput } from './input.ts';
import { checkEmail } from './check-email.ts';
import type { Issues } from './issues.ts';
import { type CheckedDocument, checkDocuments } from './validate-documents.ts';

export interface CheckContext {
  /** Null when the account is unknown: what doesn't hang on it is checked all the same. */
  readonly capabilities: Capabilities | null;
  readonly stored: ReadonlyMap<string, StoredDocument>;
  /** By their addresses. */
  readonly fetched: ReadonlyMap<string, Fetched>;
  readonly now: Date;
}

const MAX_METADATA = 50;
export function checkName(name: string, capabilities: Capabilities | null, issues: Issues): void {
  issues.text('name', name, capabilities?.maxName ?? 100);
}

/** Adds what is wrong to `issues`; answers the documents that are fit to be stored. */
export function checkEnvelope(input: EnvelopeInput, context: CheckContext, issues: Issues): CheckedDocument[] {
  const { capabilities, now } = context;
  issues.text('subject', input.subject, capabilities?.maxSubject ?? 100);
  issues.optional('message', input.message, capabilities?.maxMessage ?? 10_000, 'PROSE');
  issues.optional('externalId', input.externalId, 255);
  checkMetadata(input, issues);
  checkExpiry(input, capabilities, now, issues);
  const content = issues.under('content', 'documents');
  const documents = checkDocuments(input.documents, context.stored, context.fetched, capabilities, content);
  checkRecipients(input, capabilities, content);
  return documents;
}

function checkExpiry({ expiresAt }: EnvelopeInput, capabilities: Capabilities | null, now: Date, issues: Issues): void {
  if (expiresAt === null) return;
  if (expiresAt <= now) {
    issues.add('OUT_OF_RANGE', ['expiresAt'], 'This time is past.', 'Give a time in the future, or leave it out.');
  }
  const max = capabilities?.maxExpiryDays ?? Infinity;
  const days = daysUntil(expiresAt, now);
  if (days <= max) return;
  const latest = addMilliseconds(now, max * DAY_MS).toISOString();
  const message = `This provider keeps an envelope for at most ${max} days; this time is ${days} days away.`;
  issues.add('OUT_OF_RANGE', ['expiresAt'], message, `Give ${latest} or an earlier time, or leave it out.`);
}

function checkMetadata({ metadata }: EnvelopeInput, issues: Issues): void {
  if (metadata.length > MAX_METADATA) {
    issues.add('TOO_MANY', ['metadata'], `At most ${MAX_METADATA} entries are taken; these are ${metadata.length}.`);
  }
  issues.unique(
    'metadata',
    'key',
    metadata.map(({ key }) => key),
    (key) => `Another entry has the key "${key}".`,
  );
  for (const [index, entry] of metadata.entries()) {
    issues.under('metadata', index).text('key', entry.key, 40);
    issues.under('metadata', index).optional('value', entry.value, 500, 'PROSE');
  }
}

function checkRecipients(input: EnvelopeInput, capabilities: Capabilities | null, issues: Issues): void {
  const { recipients } = input;
  const documentKeys = new Set(input.documents.map(({ key }) => key));
  if (!recipients.some(({ role }) => role === 'SIGNER')) {
    issues.add('REQUIRED', ['recipients'], 'An envelope needs at least one recipient with the role SIGNER.');
  }
  const max = capabilities?.maxRecipients ?? 100;
  if (recipients.length > max) {
    issues.add('TOO_MANY', ['recipients'], `At most ${max} recipients are taken; these are ${recipients.length}.`);
  }
  issues.unique(
    'recipients',
    'key',
    recipients.map(({ key }) => key),
    (key) => `Another recipient has the key "${key}".`,
  );
  const fields = recipients.reduce((sum, recipient) => sum + recipient.fields.length, 0);
  if (fields > MAX_FIELDS) {
    issues.add(
      'TOO_MANY',
      ['recipients'],
      `At most ${MAX_FIELDS} fields are taken, of all recipients; these are ${fields}.`,
    );
  }
  checkRoutingOrder(recipients, issues);
  for (const [index, recipient] of recipients.entries()) {
    checkRecipient(recipient, documentKeys, capabilities, issues.under('recipients', index));
  }
}

function checkRoutingOrder(recipients: readonly RecipientInput[], issues: Issues): void {
  const orders = new Set(recipients.map(({ routingOrder }) => routingOrder));
  for (const [index, { routingOrder }] of recipients.entries()) {
    if (routingOrder < 1) {
      issues.add('OUT_OF_RANGE', ['recipients', index, 'routingOrder'], 'Routing orders count from 1.');
    } else if (routingOrder > 1 && !orders.has(routingOrder - 1)) {
      const message = `Nobody has the routing order ${routingOrder - 1}, so ${routingOrder} would leave a gap.`;
      issues.add('ROUTING_ORDER_GAP', ['recipients', index, 'routingOrder'], message);
    }
  }
}

function checkRecipient(
  recipient: RecipientInput,
  documentKeys: ReadonlySet<string>,
  capabilities: Capabilities | null,
  issues: Issues,
): void {
  const { key, role, name, email, embedded, fields } = recipient;
  issues.text('key', key, 64);
  checkName(name, capabilities, issues);
  checkEmail(email, capabilities, issues);
  if (capabilities && !capabilities.roles.includes(role)) {
    issues.add('NOT_SUPPORTED', ['role'], `This provider has no ${role}.`, capabilities.roles.join(', '));
  }
  if (embedded && role !== 'SIGNER') {
    issues.add('NOT_SUPPORTED', ['embedded'], 'Only a SIGNER can sign embedded.');
  } else if (embedded && capabilities && !capabilities.embeddedSigning) {
    issues.add('NOT_SUPPORTED', ['embedded'], 'This provider has no embedded signing.');
  }
  if (role !== 'SIGNER' && fields.length > 0) {
    issues.add('NOT_SUPPORTED', ['fields'], `A ${role} fills no fields.`);
  }
  for (const [index, field] of fields.entries()) {
    checkField(field, documentKeys, capabilities, issues.under('fields', index));
  }
}

function checkField(
  { kind, label, value, place }: FieldInput,
  documentKeys: ReadonlySet<string>,
  capabilities: Capabilities | null,
  issues: Issues,
): void {
  issues.optional('label', label, 100);
  issues.optional('value', value, 2_000, 'PROSE');
  if (capabilities && !capabilities.fieldKinds.includes(kind)) {
    issues.add('NOT_SUPPORTED', ['kind'], `This provider has no ${kind} field.`, capabilities.fieldKinds.join(', '));
  }
  if (value !== null && kind === 'CHECKBOX' && value !== 'true' && value !== 'false') {
    issues.add('INVALID_FORMAT', ['value'], 'A checkbox is "true" or "false".');
  } else if (value !== null && kind !== 'CHECKBOX' && kind !== 'TEXT') {
    issues.add('NOT_SUPPORTED', ['value'], `A ${kind} field can't be filled beforehand.`);
  }
  checkPlace(place, documentKeys, capabilities, issues.under('place'));
}

function checkPlace(
  place: FieldPlace,
  documentKeys: ReadonlySet<string>,
  capabilities: Capabilities | null,
  issues: Issues,
): void {
  const document = 'at' in place ? place.at.document : place.anchor.document;
  const at = issues.under('at' in place ? 'at' : 'anchor');
  if (document !== null && !documentKeys.has(document)) {
    at.add(
      'UNKNOWN_REFERENCE',
      ['document'],
      `No document has the key "${document}".`,
      nearest(document, documentKeys),
    );
  }
  if ('at' in place) {
    const { page, x, y, width, height } = place.at;
    if (page < 1) at.add('OUT_OF_RANGE', ['page'], 'Pages count from 1.');
    if (!(x >= 0)) at.add('OUT_OF_RANGE', ['x'], 'Points from the left edge can not be negative.');
    if (!(y >= 0)) at.add('OUT_OF_RANGE', ['y'], 'Points from the top edge can not be negative.');
    if (width !== null && !(width > 0)) at.add('OUT_OF_RANGE', ['width'], 'A width is more than 0 points.');
    if (height !== null && !(height > 0)) at.add('OUT_OF_RANGE', ['height'], 'A height is more than 0 points.');
    checkPoints({ x, y, width, height }, at);
  } else {
    const { text, dx, dy } = place.anchor;
    at.text('text', text, MAX_ANCHOR_TEXT);
    checkPoints({ dx, dy }, at);
    if (capabilities && !capabilities.anchors)
      at.add('NOT_SUPPORTED', ['text'], 'This provider has no anchors; use `at`.');
  }
}

/** No page is longer, so this stands on none, also where the pages can't be read. */
function checkPoints(points: Readonly<Record<string, number | null>>, issues: Issues): void {
  for (const [name, value] of Object.entries(points)) {
    if (value === null || Math.abs(value) <= MAX_POINTS) continue;
    issues.add('OUT_OF_RANGE', [name], `A page has at most ${MAX_POINTS} points.`, 'Points are 1/72 inch.');
  }
}

/** The only candidate that differs in case or surrounding space alone, else all of them when they are few. */
function nearest(wanted: string, known: ReadonlySet<string>): string | null {
  const same = [...known].find((key) => key.trim().toLowerCase() === wanted.trim().toLowerCase());
  return same ?? (known.size > 0 && known.size <= 5 ? [...known].join(', ') : null);
}
