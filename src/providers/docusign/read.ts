/**
 * From an envelope as DocuSign tells it to dated facts. Each `*DateTime` becomes a fact of its own with its own time, so
 * that a message and a read of the same change say the same, and what was missed in between is caught up.
 * @module
 */
import { uuidOf } from '../../model/ids.ts';
import type {
  EnvelopeFact,
  ExpiryFact,
  Observation,
  RecipientDetail,
  RecipientFact,
  Sighting,
} from '../../model/observation.ts';
import type { Instant } from '../../model/time.ts';
import type { RecipientRole } from '../../model/words.ts';
import { dateReader, type DateReader, latestOf } from './dates.ts';
import type { EnvelopePayload, RecipientPayload, RecipientsPayload } from './payload.ts';
import { DRAFT_WORDS, END_WORDS, endOf, PROGRESS_WORDS, RECIPIENT_GROUPS } from './words.ts';

/** The text custom field that carries our envelope id. */
export const CUSTOM_FIELD = 'countersign';

type Origin =
  | { readonly source: 'WEBHOOK'; readonly generatedAt: Instant | null }
  | { readonly source: 'READ'; readonly sawEnd: Instant | null }
  | { readonly source: 'SWEEP' };

export function sightingOf(payload: EnvelopePayload, origin: Origin): Sighting {
  const dates = dateReader();
  const end = endFact(payload, dates);
  const told = toldRecipients(payload.recipients ?? {});
  const generatedAt = origin.source === 'WEBHOOK' ? origin.generatedAt : null;
  const modifiedAt = dates.read(payload.lastModifiedDateTime) ?? dates.read(payload.statusChangedDateTime);
  const created = dates.read(payload.createdDateTime);
  const observation: Observation = {
    source: origin.source,
    sawEnd: origin.source === 'READ' ? origin.sawEnd : null,
    envelope: [...progressFacts(payload, dates, end?.at ?? null), ...(end ? [end] : [])],
    recipients: told.flatMap((recipient) => recipientFacts(recipient, dates, created)),
    details: told.flatMap((recipient) => detail(recipient, modifiedAt ?? generatedAt)),
    ...expiry(payload, modifiedAt ?? generatedAt),
  };
  const undatedEnd = !end && END_WORDS[wordOf(payload.status)] !== undefined;
  return {
    providerId: payload.envelopeId.toLowerCase(),
    envelopeId: ourId(payload),
    observation,
    incomplete: dates.sawUndated() || undatedEnd,
  };
}

export function wordOf(status: string | null | undefined): string {
  return status?.trim().toLowerCase() ?? '';
}

/**
 * A date later than that of the word that stands now belongs to a repetition, such as a reminder, and says nothing of
 * the state: it is left out, or an opened envelope would look unopened.
 */
function progressFacts(payload: EnvelopePayload, dates: DateReader, endedAt: Instant | null): EnvelopeFact[] {
  const sent = dates.read(payload.sentDateTime);
  const firstSent = dates.read(payload.initialSentDateTime) ?? sent;
  const delivered = dates.read(payload.deliveredDateTime);
  const changed = dates.read(payload.statusChangedDateTime);
  const word = wordOf(payload.status);
  const status = PROGRESS_WORDS[word];
  // An envelope may go back from delivered to sent when the next in the routing order is told (unconfirmed).
  const current = status === 'SENT' ? latestOf(sent, changed) : status === 'OPENED' ? (delivered ?? changed) : null;
  const limit = endedAt ?? current;
  const facts: EnvelopeFact[] = [];
  const add = (at: Instant | null, providerStatus: string): void => {
    const known = PROGRESS_WORDS[providerStatus];
    if (at && known && (!limit || at <= limit)) facts.push({ kind: 'PROGRESS', at, status: known, providerStatus });
  };
  add(firstSent, 'sent');
  add(delivered, 'delivered');
  if (current && current !== firstSent && status === 'SENT') add(current, 'sent');
  if (current && !delivered && status === 'OPENED') add(current, 'delivered');
  return facts;
}

function endFact(payload: EnvelopePayload, dates: DateReader): (EnvelopeFact & { kind: 'END' }) | null {
  const providerStatus = wordOf(payload.status);
  const word = END_WORDS[providerStatus];
  if (!word) return null;
  const own = {
    COMPLETED: payload.completedDateTime,
    DECLINED: payload.declinedDateTime,
    VOIDED: payload.voidedDateTime,
  };
  const at = dates.read(own[word]) ?? dates.read(payload.statusChangedDateTime);
  if (!at) return null;
  const reason =
    word === 'VOIDED' ? (payload.voidedReason ?? null) : word === 'DECLINED' ? declineReason(payload) : null;
  return { kind: 'END', at, status: endOf(word, reason), providerStatus, reason };
}

/** Only the recipient carries the reason of a decline. */
function declineReason({ recipients }: EnvelopePayload): string | null {
  const all = Object.values(recipients ?? {}).flatMap((group) => group ?? []);
  return all.find(({ status }) => wordOf(status) === 'declined')?.declinedReason ?? null;
}

/** Counted from the sending on: of a draft nothing is said yet. */
function expiry({ status, expireDateTime }: EnvelopePayload, at: Instant | null): { expiry?: ExpiryFact } {
  // A reader of its own: facts are dated by their own times, and this one may be missing.
  const expiresAt = DRAFT_WORDS.has(wordOf(status)) ? null : dateReader().read(expireDateTime);
  return at && expiresAt ? { expiry: { at, expiresAt } } : {};
}

interface ToldRecipient {
  readonly role: RecipientRole;
  readonly ref: string;
  readonly payload: RecipientPayload;
}

export function toldRecipients(groups: RecipientsPayload): ToldRecipient[] {
  return Object.entries(RECIPIENT_GROUPS).flatMap(([name, role]) =>
    (groups[name as keyof typeof RECIPIENT_GROUPS] ?? []).flatMap((payload) =>
      payload.recipientId ? [{ role, ref: payload.recipientId, payload }] : [],
    ),
  );
}

function recipientFacts(
  { ref, role, payload }: ToldRecipient,
  dates: DateReader,
  created: Instant | null,
): RecipientFact[] {
  const word = wordOf(payload.status);
  const sent = dates.read(payload.sentDateTime);
  const opened = dates.read(payload.deliveredDateTime);
  const declined = dates.read(payload.declinedDateTime);
  // A copy is "completed" when it is told; only one who signs has signed. "signed" is "completed" a moment earlier,
  // with the same date: one word for both, or the greater text would stay.
  const isSigned = role === 'SIGNER' && (word === 'completed' || word === 'signed');
  const signed = dates.read(payload.signedDateTime) ?? (isSigned ? latestOf(sent, opened) : null);
  const facts: RecipientFact[] = [];
  const done = declined ?? (role === 'SIGNER' ? signed : null);
  const limit = done ?? (word === 'delivered' ? opened : null);
  const add = (
    at: Instant | null,
    status: RecipientFact['status'],
    providerStatus: string,
    reason: string | null,
  ): void => {
    if (at && (!limit || at <= limit)) facts.push({ ref, at, status, providerStatus, reason });
  };
  add(created, 'WAITING', 'created', null);
  add(sent, 'NOTIFIED', 'sent', null);
  add(opened, 'OPENED', 'delivered', null);
  // No date of its own: it bounced when it was sent, and the rank of the word decides.
  if (word === 'autoresponded') add(sent, 'BOUNCED', word, payload.autoRespondedReason ?? null);
  if (role === 'SIGNER') add(signed, 'SIGNED', 'completed', null);
  add(declined, 'DECLINED', 'declined', payload.declinedReason ?? null);
  return facts;
}

function detail({ ref, role, payload }: ToldRecipient, at: Instant | null): RecipientDetail[] {
  if (!at) return [];
  const name = payload.name || payload.signerName || payload.hostName || '';
  const email = payload.email || payload.signerEmail || payload.hostEmail || '';
  const order = Number(payload.routingOrder ?? '1');
  return [{ ref, at, name, email, role, routingOrder: Number.isSafeInteger(order) && order > 0 ? order : 1 }];
}

/** Ours only when it has the form of our ids: anyone may name a custom field so. */
export function ourId({ customFields }: EnvelopePayload): string | null {
  const value = customFields?.textCustomFields?.find(({ name }) => name === CUSTOM_FIELD)?.value;
  return value && uuidOf('Envelope', value) ? value : null;
}
