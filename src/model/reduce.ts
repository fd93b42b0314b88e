/**
 * The one reducer. Each fact is a register that keeps the value with the greatest key: the provider's own time, then
 * the rank of the word, last the canonical bytes of the value. A join of registers is commutative, associative and
 * idempotent, so every order and every repetition of the same observations ends in the same envelope.
 * @module
 */
import type { EnvelopeFact, ExpiryFact, Observation, RecipientDetail, RecipientFact } from './observation.ts';
import { BEGINNING, type Instant } from './time.ts';
import {
  ENDS,
  type End,
  type EnvelopeStatus,
  type EventType,
  hasFinished,
  PROGRESS,
  type Progress,
  RECIPIENT_STATUSES,
  type RecipientStatus,
} from './words.ts';

interface Register<Status extends string> {
  readonly at: Instant;
  readonly status: Status;
  readonly providerStatus: string;
  readonly reason: string | null;
}

/** Our own side of a send, in rank order: it only moves forward. */
export const SEND_PHASES = ['DRAFT', 'SENDING', 'FAILED'] as const;
export type SendPhase = (typeof SEND_PHASES)[number];

/** What is known of an envelope, as the registers hold it. Plain JSON: stored as it stands. */
export interface EnvelopeState {
  readonly phase: SendPhase;
  /** When `phase` was reached, by our clock. */
  readonly phaseAt: Instant;
  /** Our cancel: asked for and not answered yet, or settled either way. */
  readonly voiding: { readonly at: Instant; readonly status: 'ASKED' | 'SETTLED' } | null;
  readonly progress: Register<Progress> | null;
  readonly end: Register<End> | null;
  /** The latest end that a read of the provider's API knew of and told later news than: it and all before are undone. */
  readonly undoneEnd: Instant | null;
  /** By the provider's recipient id. */
  readonly recipients: Readonly<Record<string, Register<RecipientStatus>>>;
  /** Who they are, as the provider last said: someone may be added or renamed there. */
  readonly details: Readonly<Record<string, RecipientDetail>>;
  /** Absent until the provider has told it. */
  readonly expiry?: ExpiryFact;
}

/** News of our own: what a command of ours has begun or settled. */
export type LocalFact =
  | { readonly kind: 'PHASE'; readonly phase: SendPhase; readonly at: Instant }
  | { readonly kind: 'VOIDING'; readonly status: 'ASKED' | 'SETTLED'; readonly at: Instant };

/** What a reader sees, derived from the registers alone. */
export interface EnvelopeView {
  readonly status: EnvelopeStatus;
  readonly providerStatus: string | null;
  /** Why the provider says it ended, where it says so. */
  readonly reason: string | null;
  readonly changedAt: Instant;
}

export interface StateChange {
  readonly type: EventType;
  readonly occurredAt: Instant;
  readonly status: EnvelopeStatus;
  /** The provider's recipient id, for the RECIPIENT_ types. */
  readonly recipient: string | null;
  readonly recipientStatus: RecipientStatus | null;
}

export interface Reduced {
  readonly state: EnvelopeState;
  readonly changes: readonly StateChange[];
}

/** `recipients` are those we ask for, as far as they are known before the provider says anything. */
export function initialState(at: Instant, recipients: readonly Omit<RecipientDetail, 'at'>[] = []): EnvelopeState {
  // Dated before all else, so that whatever the provider says of them counts more.
  const details = Object.fromEntries(recipients.map((detail) => [detail.ref, { ...detail, at: BEGINNING }]));
  return {
    phase: 'DRAFT',
    phaseAt: at,
    voiding: null,
    progress: null,
    end: null,
    undoneEnd: null,
    recipients: {},
    details,
  };
}

/** Joins an observation into the state; `changes` is empty when nothing a reader can see has changed. */
export function reduce(state: EnvelopeState, observation: Observation): Reduced {
  let next = state;
  for (const fact of observation.envelope) next = joinEnvelopeFact(next, fact, observation);
  for (const fact of observation.recipients) next = joinRecipientFact(next, fact);
  for (const detail of observation.details) next = joinDetail(next, detail);
  if (observation.expiry) next = joinExpiry(next, observation.expiry);
  return { state: next, changes: difference(state, next) };
}

/** Joins what we ourselves began or settled. */
export function reduceLocal(state: EnvelopeState, fact: LocalFact): Reduced {
  let next = state;
  if (fact.kind === 'PHASE') {
    if (SEND_PHASES.indexOf(fact.phase) > SEND_PHASES.indexOf(state.phase)) {
      next = { ...state, phase: fact.phase, phaseAt: fact.at };
    }
  } else {
    const { at, status } = fact;
    const held = state.voiding;
    const wins = !held || at > held.at || (at === held.at && status === 'SETTLED');
    if (wins) next = { ...state, voiding: { at, status } };
  }
  return { state: next, changes: difference(state, next) };
}

/** The end that stands now, or null: what a read must have known of to undo it. */
export function standingEnd(state: EnvelopeState): Register<End> | null {
  const { end, undoneEnd } = state;
  return end && !(undoneEnd && undoneEnd >= end.at) ? end : null;
}

export function view(state: EnvelopeState): EnvelopeView {
  const end = standingEnd(state);
  if (end) return { status: end.status, providerStatus: end.providerStatus, reason: end.reason, changedAt: end.at };
  const word = state.progress;
  if (!word) return { status: state.phase, providerStatus: null, reason: null, changedAt: state.phaseAt };
  const signed = hasOneSigner(state) ? null : lastSigned(state);
  const common = { providerStatus: word.providerStatus, reason: null };
  if (state.voiding?.status === 'ASKED') return { ...common, status: 'VOIDING', changedAt: state.voiding.at };
  if (signed) return { ...common, status: 'PARTIALLY_SIGNED', changedAt: signed.at };
  return { ...common, status: word.status, changedAt: word.at };
}

function joinEnvelopeFact(state: EnvelopeState, fact: EnvelopeFact, observation: Observation): EnvelopeState {
  const { at, providerStatus } = fact;
  if (fact.kind === 'END') {
    const end = greatest(ENDS, state.end, { at, status: fact.status, providerStatus, reason: fact.reason });
    return end === state.end ? state : { ...state, end };
  }
  const word = { at, status: fact.status, providerStatus, reason: null };
  const progress = greatest(PROGRESS, state.progress, word);
  const { source, sawEnd } = observation;
  const undoes = source === 'READ' && sawEnd !== null && at > sawEnd && !(state.undoneEnd && state.undoneEnd >= sawEnd);
  if (progress === state.progress && !undoes) return state;
  return { ...state, progress, undoneEnd: undoes ? sawEnd : state.undoneEnd };
}

function joinRecipientFact(state: EnvelopeState, fact: RecipientFact): EnvelopeState {
  const { ref, at, status, providerStatus, reason } = fact;
  const held = (Object.hasOwn(state.recipients, ref) && state.recipients[ref]) || null;
  const word = { at, status, providerStatus, reason };
  const ahead = held ? classOf(status) - classOf(held.status) : 0;
  const joined = held && ahead < 0 ? held : ahead > 0 ? word : greatest(RECIPIENT_STATUSES, held, word);
  return joined === held ? state : { ...state, recipients: { ...state.recipients, [ref]: joined } };
}

function joinDetail(state: EnvelopeState, detail: RecipientDetail): EnvelopeState {
  const held = Object.hasOwn(state.details, detail.ref) ? state.details[detail.ref] : undefined;
  const wins = !held || detail.at > held.at || (detail.at === held.at && detailBytes(detail) > detailBytes(held));
  return wins ? { ...state, details: { ...state.details, [detail.ref]: detail } } : state;
}

function detailBytes({ name, email, role, routingOrder }: RecipientDetail): string {
  return JSON.stringify([name, email, role, routingOrder]);
}

/** Makes no event: a date of expiry is no change of status. */
function joinExpiry(state: EnvelopeState, { at, expiresAt }: ExpiryFact): EnvelopeState {
  const held = state.expiry;
  const wins = !held || at > held.at || (at === held.at && expiresAt > held.expiresAt);
  return wins ? { ...state, expiry: { at, expiresAt } } : state;
}

/**
 * Classes go before times: what a recipient has done stays done, so a reminder sent later doesn't unsign; and waiting is how
 * everybody begins, so no word leads back to it.
 */
function classOf(status: RecipientStatus): 0 | 1 | 2 {
  if (status === 'WAITING') return 0;
  return hasFinished(status) ? 2 : 1;
}

/** One who signs alone is never a part: what is missing then is the provider's word that it is over. */
function hasOneSigner({ details }: EnvelopeState): boolean {
  return Object.values(details).filter(({ role }) => role === 'SIGNER').length === 1;
}

function lastSigned(state: EnvelopeState): Register<RecipientStatus> | null {
  const signed = Object.values(state.recipients).filter(({ status }) => status === 'SIGNED' || status === 'APPROVED');
  return signed.reduce<Register<RecipientStatus> | null>(
    (last, word) => (last && last.at >= word.at ? last : word),
    null,
  );
}

/** The value with the greatest key (time, rank, bytes): equal keys mean equal values, so nothing ever ties. */
function greatest<S extends string>(ranks: readonly S[], held: Register<S> | null, word: Register<S>): Register<S> {
  if (!held) return word;
  if (held.at !== word.at) return held.at > word.at ? held : word;
  const [heldRank, wordRank] = [ranks.indexOf(held.status), ranks.indexOf(word.status)];
  if (heldRank !== wordRank) return heldRank > wordRank ? held : word;
  return bytes(held) >= bytes(word) ? held : word;
}

function bytes(word: Register<string>): string {
  return JSON.stringify([word.providerStatus, word.reason]);
}

function difference(before: EnvelopeState, after: EnvelopeState): StateChange[] {
  if (before === after) return [];
  const [was, is] = [view(before), view(after)];
  const changes: StateChange[] = [];
  for (const [ref, word] of Object.entries(after.recipients)) {
    if (word.status === 'WAITING' || before.recipients[ref]?.status === word.status) continue;
    changes.push({
      type: `RECIPIENT_${word.status}`,
      occurredAt: word.at,
      status: is.status,
      recipient: ref,
      recipientStatus: word.status,
    });
  }
  for (const [ref, { at, name, email }] of Object.entries(after.details)) {
    const held = before.details[ref];
    if (!held || (held.name === name && held.email === email)) continue;
    changes.push({
      type: 'RECIPIENT_UPDATED',
      occurredAt: at === BEGINNING ? is.changedAt : at,
      status: is.status,
      recipient: ref,
      recipientStatus: after.recipients[ref]?.status ?? 'WAITING',
    });
  }
  // Several recipients may have moved in one observation: told in the provider's order.
  changes.sort((a, b) => compare(a.occurredAt, b.occurredAt) || compare(a.recipient ?? '', b.recipient ?? ''));
  if (was.status !== is.status) {
    const reopened = standingEnd(before) !== null && standingEnd(after) === null;
    changes.push({
      type: reopened ? 'ENVELOPE_REOPENED' : typeOf(is.status),
      occurredAt: is.changedAt,
      status: is.status,
      recipient: null,
      recipientStatus: null,
    });
  }
  return changes;
}

function typeOf(status: EnvelopeStatus): EventType {
  return status === 'DRAFT' ? 'ENVELOPE_CREATED' : `ENVELOPE_${status}`;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
