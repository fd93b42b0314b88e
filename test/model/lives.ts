/**
 * Lives of envelopes as a provider tells them: what happened, on a clock of one second, and every message and read that
 * told of it, faulty ones among them. Made by fast-check, so a failure shrinks to the shortest life.
 * @module
 */
import fc from 'fast-check';
import type { EnvelopeFact, Observation, RecipientDetail, RecipientFact } from '../../src/model/observation.ts';
import { instantOf, type Instant } from '../../src/model/time.ts';
import type { End, Progress, RecipientStatus } from '../../src/model/words.ts';

/** The instant so many seconds after the envelope was made. */
export const second = (seconds: number): Instant => instantOf(new Date(Date.UTC(2026, 2, 1, 9) + seconds * 1_000));

export const progress = (
  status: Progress,
  at: number,
  providerStatus = status === 'SENT' ? 'sent' : 'delivered',
): EnvelopeFact => ({ kind: 'PROGRESS', at: second(at), status, providerStatus });

export const end = (status: End, at: number, reason: string | null = null): EnvelopeFact => ({
  kind: 'END',
  at: second(at),
  status,
  providerStatus: status === 'EXPIRED' ? 'voided' : status.toLowerCase(),
  reason,
});

export const recipient = (
  ref: string,
  status: RecipientStatus,
  at: number,
  reason: string | null = null,
): RecipientFact => ({ ref, at: second(at), status, providerStatus: status.toLowerCase(), reason });

export const detail = (ref: string, name: string, at: number): RecipientDetail => ({
  ref,
  at: second(at),
  name,
  email: `${ref}@example.com`,
  role: 'SIGNER',
  routingOrder: 1,
});

type Parts = Partial<Pick<Observation, 'envelope' | 'recipients' | 'details'>>;

export const webhook = (parts: Parts): Observation => ({
  source: 'WEBHOOK',
  sawEnd: null,
  envelope: [],
  recipients: [],
  details: [],
  ...parts,
});

/** A read whose request began when the cache held an end of that second, or none. */
export const read = (sawEnd: number | null, parts: Parts): Observation => ({
  ...webhook(parts),
  source: 'READ',
  sawEnd: sawEnd === null ? null : second(sawEnd),
});

/** All that has happened up to a moment. */
interface Told {
  readonly envelope: readonly EnvelopeFact[];
  readonly recipients: readonly RecipientFact[];
  readonly details: readonly RecipientDetail[];
}

interface Step {
  readonly pause: number;
  readonly act: 'OPEN' | 'SIGN' | 'REMIND' | 'CORRECT' | 'BOUNCE' | 'DELEGATE';
  readonly who: number;
}

const step: fc.Arbitrary<Step> = fc.record({
  // Zero is usual: two things in one second, on a clock that has no finer time.
  pause: fc.constantFrom(0, 0, 1, 1, 2, 60),
  act: fc.constantFrom('OPEN', 'OPEN', 'SIGN', 'SIGN', 'SIGN', 'REMIND', 'CORRECT', 'BOUNCE', 'DELEGATE'),
  who: fc.nat(3),
});

const ending = fc.record({
  pause: fc.constantFrom(0, 1, 5),
  word: fc.constantFrom<End | null>('COMPLETED', 'COMPLETED', 'DECLINED', 'VOIDED', 'EXPIRED', null),
  /** The provider takes the end back so many seconds later, and the envelope goes on. */
  reopenedAfter: fc.option(fc.constantFrom(1, 2, 30), { freq: 3 }),
});

const shape = fc.record({
  signers: fc.integer({ min: 1, max: 4 }),
  steps: fc.array(step, { maxLength: 8 }),
  endings: fc.array(ending, { minLength: 1, maxLength: 2 }),
  /** How each moment was told: by a whole message, by its news alone, by a read, or not at all. */
  telling: fc.array(fc.constantFrom('WHOLE', 'WHOLE', 'NEWS', 'READ', 'LOST'), { minLength: 4, maxLength: 12 }),
  /** Which ends a read may have known of when it began: 0 is none, 1 the first … */
  knew: fc.array(fc.nat(2), { minLength: 1, maxLength: 6 }),
  contradictions: fc.array(
    fc.record({ moment: fc.nat(20), kind: fc.constantFrom('WORD', 'TEXT', 'NAME', 'DONE', 'WAIT') }),
    {
      maxLength: 3,
    },
  ),
});

/** Everything that was told of one envelope, in the order it happened. */
export const life: fc.Arbitrary<readonly Observation[]> = shape.map(
  ({ signers, steps, endings, telling, knew, contradictions }) => {
    let now = 0;
    let told: Told = { envelope: [], recipients: [], details: [] };
    const moments: { readonly news: Told; readonly whole: Told; readonly ends: number[] }[] = [];
    const ends: number[] = [];
    const happen = (news: Partial<Told>): void => {
      const full = { envelope: [], recipients: [], details: [], ...news };
      told = {
        envelope: told.envelope.concat(full.envelope),
        recipients: told.recipients.concat(full.recipients),
        details: told.details.filter(({ ref }) => full.details.every((one) => one.ref !== ref)).concat(full.details),
      };
      moments.push({ news: full, whole: told, ends: ends.slice() });
    };
    const refs = Array.from({ length: signers }, (_, index) => String(index + 1));
    happen({
      recipients: refs.map((ref) => recipient(ref, 'WAITING', 0)),
      details: refs.map((ref) => detail(ref, `Signer ${ref}`, 0)),
    });
    happen({ envelope: [progress('SENT', 1)], recipients: refs.map((ref) => recipient(ref, 'NOTIFIED', 1)) });
    now = 1;
    const act = ({ pause, act: what, who }: Step): void => {
      now += pause;
      const ref = refs[who % refs.length] ?? '1';
      if (what === 'OPEN') happen({ envelope: [progress('OPENED', now)], recipients: [recipient(ref, 'OPENED', now)] });
      if (what === 'SIGN') happen({ recipients: [recipient(ref, 'SIGNED', now)] });
      if (what === 'REMIND') happen({ recipients: [recipient(ref, 'NOTIFIED', now)] });
      if (what === 'CORRECT') happen({ details: [detail(ref, `Renamed at ${now}`, now)] });
      if (what === 'BOUNCE') happen({ recipients: [recipient(ref, 'BOUNCED', now, 'mailbox full')] });
      if (what === 'DELEGATE') happen({ recipients: [recipient(ref, 'DELEGATED', now)] });
    };
    steps.forEach(act);
    for (const { pause, word, reopenedAfter } of endings) {
      now += pause;
      if (word === null) continue;
      ends.push(now);
      happen({
        envelope: [end(word, now, word === 'VOIDED' ? 'asked to' : null)],
        recipients: word === 'DECLINED' ? [recipient('1', 'DECLINED', now, 'no')] : [],
      });
      if (reopenedAfter === null) break;
      now += reopenedAfter;
      told = { ...told, envelope: told.envelope.filter(({ kind }) => kind !== 'END') };
      happen({ envelope: [progress('OPENED', now)] });
    }
    const observations = moments.flatMap(({ news, whole, ends: before }, index): Observation[] => {
      const how = telling[index % telling.length];
      if (how === 'LOST') return [];
      if (how === 'NEWS') return [webhook(news)];
      if (how === 'WHOLE') return [webhook(whole)];
      const known = knew[index % knew.length] ?? 0;
      return [read(known === 0 ? null : (before[known - 1] ?? null), whole)];
    });
    const wrong = contradictions.flatMap(({ moment, kind }): Observation[] => {
      const news = moments[moment % moments.length]?.news;
      const [fact] = news?.envelope ?? [];
      const [person] = news?.recipients ?? [];
      const [who] = news?.details ?? [];
      if (kind === 'WORD' && fact?.kind === 'END')
        return [webhook({ envelope: [{ ...fact, status: fact.status === 'VOIDED' ? 'COMPLETED' : 'VOIDED' }] })];
      if (kind === 'WORD' && fact?.kind === 'PROGRESS') return [webhook({ envelope: [{ ...fact, status: 'SENT' }] })];
      if (kind === 'TEXT' && fact) return [webhook({ envelope: [{ ...fact, providerStatus: 'correct' }] })];
      if (kind === 'TEXT' && person) return [webhook({ recipients: [{ ...person, reason: 'another reason' }] })];
      if (kind === 'DONE' && person) return [webhook({ recipients: [{ ...person, status: 'SIGNED' }] })];
      if (kind === 'WAIT' && person) return [webhook({ recipients: [{ ...person, status: 'WAITING' }] })];
      if (kind === 'NAME' && who) return [webhook({ details: [{ ...who, name: 'Somebody Else' }] })];
      return [];
    });
    return observations.concat(wrong);
  },
);

/** The same observations, each at least once, in any order. */
export function anyOrder<T>(items: readonly T[]): fc.Arbitrary<T[]> {
  return fc
    .array(fc.nat(Math.max(0, items.length - 1)), { maxLength: items.length })
    .chain((again) => shuffled([...items.keys(), ...(items.length > 0 ? again : [])]))
    .map((places) => places.flatMap((place) => items[place] ?? []));
}

function shuffled<T>(items: readonly T[]): fc.Arbitrary<T[]> {
  return fc.shuffledSubarray([...items], { minLength: items.length, maxLength: items.length });
}

/** What two sources tell, each in its own order, as it may arrive. */
export function interleaved<T>(left: readonly T[], right: readonly T[]): fc.Arbitrary<T[]> {
  return shuffled([...left.map(() => true), ...right.map(() => false)]).map((turns) => {
    const [first, second] = [[...left], [...right]];
    return turns.flatMap((isLeft) => (isLeft ? first : second).shift() ?? []);
  });
}
