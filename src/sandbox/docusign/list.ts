/**
 * `GET /envelopes` and `PUT /envelopes/status`: many envelopes in one call.
 * @module
 */
import { type Call, type Reply, includes, jsonObject, ok, query, queryList } from './call.ts';
import { envelopeJson } from './envelope-json.ts';
import { invalidParameter } from './errors.ts';
import type { Envelope } from './state.ts';
import { findTransactions } from './transactions.ts';
import { commaList, isGuid } from './values.ts';

interface Selector {
  envelopeIds?: string[] | undefined;
  transactionIds?: string[] | undefined;
  fromDate?: number | undefined;
}

/** At least one of `from_date`, `envelope_ids`, `transaction_ids`. */
export function listEnvelopes(call: Call): Reply {
  const selector: Selector = {
    envelopeIds: queryList(call, 'envelope_ids')?.map((id) => id.toLowerCase()),
    transactionIds: queryList(call, 'transaction_ids'),
    fromDate: dateParameter(call, 'from_date'),
  };
  return answer(call, selector, includes(call));
}

/** The same by a body of ids, without `include`. Exactly one selector. */
export function listByStatus(call: Call): Reply {
  const body = jsonObject(call);
  const ids = (name: string, member: string): string[] | undefined => {
    const value = query(call, name);
    if (value?.toLowerCase() !== 'request_body') return commaList(value);
    const list = body[member];
    if (!Array.isArray(list)) throw invalidParameter(`'${member}' must be in the request body.`);
    return list.map(String);
  };
  const selector: Selector = {
    envelopeIds: ids('envelope_ids', 'envelopeIds')?.map((id) => id.toLowerCase()),
    transactionIds: ids('transaction_ids', 'transactionIds'),
    fromDate: dateParameter(call, 'from_date'),
  };
  if (Object.values(selector).filter((value) => value !== undefined).length !== 1) {
    throw invalidParameter('Exactly one of from_date, envelope_ids and transaction_ids must be given.');
  }
  return answer(call, selector, new Set());
}

function answer(call: Call, selector: Selector, include: ReadonlySet<string>): Reply {
  const { sandbox } = call;
  if (selector.envelopeIds === undefined && selector.transactionIds === undefined && selector.fromDate === undefined) {
    throw invalidParameter(
      "At least one of the parameters 'from_date', 'envelope_ids' and 'transaction_ids' must be given.",
    );
  }
  for (const id of selector.envelopeIds ?? [])
    if (!isGuid(id)) throw invalidParameter('Invalid value specified for envelope_ids.');
  if (selector.envelopeIds !== undefined) call.envelopeIds.push(...selector.envelopeIds);
  const found = sorted(call, candidates(call, selector).filter(filter(call, selector)));
  const start = count(call, 'start_position', 0);
  const page = found.slice(start, start + Math.min(count(call, 'count', 1000), 1000));
  const rows = page
    .map((envelope) => (call.stale ? stale(envelope, include) : envelopeJson(sandbox, envelope, include)))
    .filter((row) => row !== undefined);
  const transactions =
    selector.transactionIds === undefined
      ? {}
      : { envelopeTransactionStatuses: transactionStatuses(call, selector.transactionIds) };
  const end = start + rows.length;
  const empty = { absent: {}, null: { envelopes: null }, empty: { envelopes: [] } }[sandbox.settings.emptyList];
  return ok({
    resultSetSize: String(rows.length),
    startPosition: String(start),
    endPosition: String(rows.length === 0 ? 0 : end - 1),
    totalSetSize: String(found.length),
    nextUri: end < found.length ? pageUri(call, end) : '',
    previousUri: start > 0 ? pageUri(call, Math.max(0, start - (page.length || 1))) : '',
    ...(rows.length === 0 ? empty : { envelopes: rows }),
    ...transactions,
  });
}

function candidates(call: Call, { envelopeIds, transactionIds }: Selector): Envelope[] {
  const { sandbox, account } = call;
  const pool =
    envelopeIds !== undefined
      ? [...new Set(envelopeIds)].flatMap((id) => sandbox.envelopes.get(id) ?? [])
      : transactionIds !== undefined
        ? transactionIds.flatMap((id) => findTransactions(sandbox, account.accountId, id))
        : [...sandbox.envelopes.values()];
  const newest = sandbox.clock.now() - sandbox.settings.listLagMs;
  return pool.filter((envelope) => envelope.accountId === account.accountId && envelope.createdAt <= newest);
}

function filter(call: Call, selector: Selector): (envelope: Envelope) => boolean {
  const toDate = dateParameter(call, 'to_date');
  const words = queryList(call, 'status')?.map((word) => word.toLowerCase());
  const statuses = words === undefined || words.includes('any') ? undefined : new Set(words);
  const changes = (queryList(call, 'from_to_status') ?? ['changed']).map((word) => word.toLowerCase());
  const custom = query(call, 'custom_field');
  const search = query(call, 'search_text')?.toLowerCase();
  const equals = custom?.indexOf('=') ?? -1;
  return (envelope) => {
    if (statuses !== undefined && !statuses.has(envelope.status)) return false;
    if (
      custom !== undefined &&
      !envelope.customFields.some(
        (field) => field.name === custom.slice(0, equals) && field.value === custom.slice(equals + 1),
      )
    )
      return false;
    if (search !== undefined && !matchesText(envelope, search)) return false;
    if (selector.fromDate === undefined && toDate === undefined) return true;
    return changes.some((change) => {
      const at = changeTime(envelope, change);
      return at !== undefined && at >= (selector.fromDate ?? 0) && at <= (toDate ?? Number.POSITIVE_INFINITY);
    });
  };
}

function matchesText(envelope: Envelope, search: string): boolean {
  const texts = [
    envelope.emailSubject,
    envelope.envelopeId,
    ...envelope.recipients.flatMap((recipient) => [recipient.name, recipient.email]),
  ];
  return texts.some((text) => text.toLowerCase().includes(search));
}

/** When the change that `from_to_status` names took place. */
function changeTime(envelope: Envelope, change: string): number | undefined {
  switch (change) {
    case 'changed':
      return envelope.statusChangedAt;
    case 'created':
      return envelope.createdAt;
    case 'sent':
      return envelope.sentAt;
    case 'delivered':
      return envelope.deliveredAt;
    case 'signed':
    case 'completed':
      return envelope.completedAt;
    case 'declined':
      return envelope.declinedAt;
    case 'voided':
      return envelope.voidedAt;
    default:
      return undefined;
  }
}

function sorted(call: Call, envelopes: Envelope[]): Envelope[] {
  const orderBy = query(call, 'order_by')?.toLowerCase();
  if (orderBy === undefined) return envelopes;
  const direction = query(call, 'order')?.toLowerCase() === 'desc' ? -1 : 1;
  const key = (envelope: Envelope): number => {
    if (orderBy === 'last_modified') return envelope.modifiedAt;
    return changeTime(envelope, orderBy === 'status_changed' ? 'changed' : orderBy) ?? 0;
  };
  return envelopes.toSorted((a, b) => direction * (key(a) - key(b) || a.number - b.number));
}

/** Each id asked for: its envelope, or why there is none. */
function transactionStatuses(call: Call, transactionIds: readonly string[]): unknown[] {
  return transactionIds.flatMap((transactionId): unknown[] => {
    const envelopes = candidates(call, { transactionIds: [transactionId] }).filter(
      (envelope) => !call.stale || envelope.before !== null,
    );
    call.envelopeIds.push(...envelopes.map((envelope) => envelope.envelopeId));
    if (envelopes.length > 0)
      return envelopes.map((envelope) => ({ transactionId, envelopeId: envelope.envelopeId, status: envelope.status }));
    const message = 'No envelope was created with the transaction id specified.';
    return [{ transactionId, errorDetails: { errorCode: 'ENVELOPE_DOES_NOT_EXIST', message } }];
  });
}

/** A stale read: the envelope before its newest change; nothing if it was only just created. */
function stale(envelope: Envelope, include: ReadonlySet<string>): Record<string, unknown> | undefined {
  if (envelope.before === null) return undefined;
  const { recipients, customFields, ...rest } = envelope.before;
  return {
    ...rest,
    ...(include.has('recipients') ? { recipients } : {}),
    ...(include.has('custom_fields') ? { customFields } : {}),
  };
}

function dateParameter(call: Call, name: string): number | undefined {
  const value = query(call, name);
  if (value === undefined || value === '') return undefined;
  const hasZone = /(?:Z|[+-]\d{2}:?\d{2})$/i.test(value);
  // An unescaped `+` of an offset arrives as a blank.
  const repaired = value.replace(/ (\d{2}:?\d{2})$/, '+$1');
  const at = Date.parse(hasZone || repaired !== value || /^\d{4}-\d{2}-\d{2}$/.test(value) ? repaired : `${value}Z`);
  if (Number.isNaN(at)) throw invalidParameter(`Invalid value specified for ${name}.`);
  return at;
}

function count(call: Call, name: string, otherwise: number): number {
  const value = query(call, name);
  if (value === undefined || value === '') return otherwise;
  const number = Number(value);
  if (!Number.isInteger(number) || number < 0) throw invalidParameter(`Invalid value specified for ${name}.`);
  return number;
}

function pageUri(call: Call, start: number): string {
  const parameters = new URLSearchParams(call.request.query);
  parameters.set('start_position', String(start));
  return `/envelopes?${parameters.toString()}`;
}
