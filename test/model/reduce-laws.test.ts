import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Observation } from '../../src/model/observation.ts';
import {
  type EnvelopeState,
  initialState,
  reduce,
  reduceLocal,
  type Reduced,
  type StateChange,
  standingEnd,
  view,
} from '../../src/model/reduce.ts';
import { ENDS, type EnvelopeStatus, PROGRESS, type RecipientStatus } from '../../src/model/words.ts';
import { anyOrder, detail, interleaved, life, recipient, second, webhook } from './lives.ts';

const runs = (long: number, short: number) => ({ numRuns: process.env['LONG'] ? long : short });
const empty = reduceLocal(initialState(second(0)), { kind: 'PHASE', phase: 'SENDING', at: second(0) }).state;

function play(observations: readonly Observation[], from: EnvelopeState = empty): Reduced {
  let state = from;
  const changes: StateChange[] = [];
  for (const observation of observations) {
    const reduced = reduce(state, observation);
    state = reduced.state;
    changes.push(...reduced.changes);
  }
  return { state, changes };
}

const lifeIn = (order: (observations: readonly Observation[]) => fc.Arbitrary<Observation[]>) =>
  life.chain((told) => fc.record({ told: fc.constant(told), arrived: order(told) }));

/** What a reader can see: the view, and each recipient's word. */
function visible(state: EnvelopeState): { status: EnvelopeStatus; recipients: Record<string, RecipientStatus> } {
  const recipients = Object.entries(state.recipients).map(([ref, { status }]) => [ref, status] as const);
  return { status: view(state).status, recipients: Object.fromEntries(recipients) };
}

/** Every recipient begins with waiting, so no event has to tell it; one that renames a recipient who waits may. */
const moved = (people: Record<string, RecipientStatus>) =>
  Object.fromEntries(Object.entries(people).filter(([, word]) => word !== 'WAITING'));

/**
 * The status by the rules as prose tells them, looked up in the whole history at once. Knows nothing of registers.
 */
function statusByTheRules(told: readonly Observation[]): EnvelopeStatus {
  const facts = told.flatMap(({ envelope }) => envelope);
  const [end] = facts
    .flatMap((fact) => (fact.kind === 'END' ? [fact] : []))
    .toSorted((a, b) => (a.at === b.at ? ENDS.indexOf(b.status) - ENDS.indexOf(a.status) : a.at < b.at ? 1 : -1));
  const undone =
    end &&
    told.some(
      ({ source, sawEnd, envelope }) =>
        source === 'READ' &&
        sawEnd !== null &&
        sawEnd >= end.at &&
        envelope.some(({ kind, at }) => kind === 'PROGRESS' && at > sawEnd),
    );
  if (end && !undone) return end.status;
  const [word] = facts
    .flatMap((fact) => (fact.kind === 'PROGRESS' ? [fact] : []))
    .toSorted((a, b) =>
      a.at === b.at ? PROGRESS.indexOf(b.status) - PROGRESS.indexOf(a.status) : a.at < b.at ? 1 : -1,
    );
  if (!word) return 'SENDING';
  const people = new Map<string, { at: string; declined: boolean }[]>();
  for (const { ref, at, status } of told.flatMap(({ recipients }) => recipients)) {
    if (status !== 'SIGNED' && status !== 'DECLINED') continue;
    people.set(ref, [...(people.get(ref) ?? []), { at, declined: status === 'DECLINED' }]);
  }
  const signed = [...people.values()].some((acts) => {
    const latest = acts
      .map(({ at }) => at)
      .toSorted()
      .at(-1);
    return !acts.some(({ at, declined }) => at === latest && declined);
  });
  const signers = new Set(told.flatMap(({ details }) => details).map(({ ref }) => ref));
  return signed && signers.size !== 1 ? 'PARTIALLY_SIGNED' : word.status;
}

const bySource = (told: readonly Observation[]): fc.Arbitrary<Observation[]> =>
  interleaved(
    told.filter(({ source }) => source === 'WEBHOOK'),
    told.filter(({ source }) => source === 'READ'),
  );

const factByFact = ({ envelope, recipients, details, ...origin }: Observation): Observation[] => {
  const nothing = { ...origin, envelope: [], recipients: [], details: [] };
  return [
    ...envelope.map((fact) => ({ ...nothing, envelope: [fact] })),
    ...recipients.map((fact) => ({ ...nothing, recipients: [fact] })),
    ...details.map((fact) => ({ ...nothing, details: [fact] })),
  ];
};

/** The same life with another name for its first recipient. */
const rename = (told: readonly Observation[], name: string): Observation[] =>
  told.map((one) => ({
    ...one,
    recipients: one.recipients.map((fact) => (fact.ref === '1' ? { ...fact, ref: name } : fact)),
    details: one.details.map((fact) => (fact.ref === '1' ? { ...fact, ref: name } : fact)),
  }));

describe('the laws of the reducer', () => {
  it('any order and any repetition of the same news end in the same envelope', () => {
    fc.assert(
      fc.property(lifeIn(anyOrder), ({ told, arrived }) => {
        const [straight, shuffled] = [play(told).state, play(arrived).state];
        expect(shuffled).toEqual(straight);
        expect(view(shuffled)).toEqual(view(straight));
      }),
      runs(100_000, 5_000),
    );
  });

  it('two sources that each keep their order may be interleaved at will', () => {
    fc.assert(
      fc.property(lifeIn(bySource), ({ told, arrived }) => {
        expect(play(arrived).state).toEqual(play(told).state);
      }),
    );
  });

  it('the status is what the rules make of the whole history', () => {
    fc.assert(
      fc.property(lifeIn(anyOrder), ({ told, arrived }) => {
        expect(view(play(arrived).state).status).toBe(statusByTheRules(told));
      }),
      runs(20_000, 1_000),
    );
  });

  it('news told in one message or fact by fact is the same news', () => {
    fc.assert(
      fc.property(life, (told) => {
        expect(play(told.flatMap(factByFact)).state).toEqual(play(told).state);
      }),
    );
  });

  it('late news never takes an envelope out of an end: only a read that knew of it and is later does', () => {
    fc.assert(
      fc.property(lifeIn(anyOrder), ({ arrived }) => {
        let state = empty;
        for (const observation of arrived) {
          const was = standingEnd(state);
          state = reduce(state, observation).state;
          const { source, sawEnd, envelope } = observation;
          const knewAndIsLater =
            was !== null &&
            source === 'READ' &&
            sawEnd !== null &&
            sawEnd >= was.at &&
            envelope.some(({ kind, at }) => kind === 'PROGRESS' && at > was.at);
          expect(was === null || knewAndIsLater || standingEnd(state) !== null).toBe(true);
        }
      }),
      runs(20_000, 1_000),
    );
  });

  it('an event is published only when what a reader sees has changed', () => {
    fc.assert(
      fc.property(lifeIn(anyOrder), ({ arrived }) => {
        let state = empty;
        for (const observation of arrived) {
          const { state: after, changes } = reduce(state, observation);
          const [was, is] = [visible(state), visible(after)];
          const envelopeEvents = changes.filter(({ recipient }) => recipient === null);
          expect(envelopeEvents).toHaveLength(was.status === is.status ? 0 : 1);
          for (const { type, recipient, recipientStatus } of changes) {
            if (recipient === null) continue;
            const whose = ({ details }: EnvelopeState) => [details[recipient]?.name, details[recipient]?.email];
            const isUpdate = type === 'RECIPIENT_UPDATED';
            const [before, now] = isUpdate
              ? [whose(state), whose(after)]
              : [was.recipients[recipient], is.recipients[recipient]];
            expect(now).not.toEqual(before);
            expect(isUpdate || now === recipientStatus).toBe(true);
          }
          state = after;
        }
      }),
    );
  });

  it('a follower of the events knows what a reader sees', () => {
    const waiting = webhook({
      recipients: [recipient('1', 'WAITING', 0)],
      details: [detail('1', 'Signer 1', 0)],
    });
    const told = [waiting, webhook({ details: [detail('1', 'Signer 1, renamed while waiting', 0)] })];
    fc.assert(
      fc.property(lifeIn(anyOrder), ({ arrived }) => {
        const { state, changes } = play(arrived);
        let status: EnvelopeStatus = 'SENDING';
        const people: Record<string, RecipientStatus> = {};
        for (const change of changes) {
          status = change.status;
          if (change.recipient !== null && change.recipientStatus) people[change.recipient] = change.recipientStatus;
        }
        const seen = visible(state);
        expect({ status, people: moved(people) }).toEqual({ status: seen.status, people: moved(seen.recipients) });
      }),
      // Found by chance: seed 1575275334, path 94:55.
      { ...runs(20_000, 1_000), examples: [[{ told, arrived: told }]] },
    );
  });

  it('replaying all of it changes nothing and publishes nothing', () => {
    fc.assert(
      fc.property(lifeIn(anyOrder), ({ told, arrived }) => {
        const { state } = play(told);
        const replayed = play(arrived, state);
        expect(replayed.state).toBe(state);
        expect(replayed.changes).toEqual([]);
      }),
      runs(20_000, 1_000),
    );
  });

  it('a state comes back from JSON as it went, whatever the provider calls its recipients', () => {
    const ref = fc.oneof(fc.string(), fc.constantFrom('__proto__', 'constructor', 'toString', '0'));
    fc.assert(
      fc.property(life, ref, (told, name) => {
        fc.pre(!['2', '3', '4'].includes(name));
        const { state } = play(rename(told, name));
        const stored: EnvelopeState = JSON.parse(JSON.stringify(state));
        expect(play(rename(told, name), stored).changes).toEqual([]);
        const plain = play(told).state;
        expect(JSON.stringify(Object.entries(state.recipients).find(([key]) => key === name)?.[1])).toBe(
          JSON.stringify(plain.recipients['1']),
        );
        expect(Object.hasOwn(state.details, name)).toBe(Object.hasOwn(plain.details, '1'));
      }),
    );
  });
});
