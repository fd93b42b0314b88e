/**
 * What matters most: a message and a read of the same envelope say the same, in whatever order they come.
 * @module
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Observation } from '../../../src/model/observation.ts';
import { type EnvelopeState, initialState, reduce, view } from '../../../src/model/reduce.ts';
import { parseInstant } from '../../../src/model/time.ts';
import { envelope } from '../../../src/providers/docusign/payload.ts';
import { sightingOf } from '../../../src/providers/docusign/read.ts';
import { webhook } from '../../../src/providers/docusign/webhook.ts';
import { ACCOUNT, ENVELOPE } from './fixtures.ts';
import { lives } from './history.ts';

const numRuns = process.env['LONG'] ? 100_000 : 1_000;
const start = initialState(parseInstant('2026-01-15T09:00:00Z') ?? unreachable());
function unreachable(): never {
  throw new TypeError('no time');
}

function told(snapshot: Record<string, unknown>): Observation {
  const body = {
    event: `envelope-${String(snapshot['status'])}`,
    generatedDateTime: '2026-01-15T23:00:00.1234567Z',
    retryCount: 0,
    data: { accountId: ACCOUNT, envelopeId: ENVELOPE, envelopeSummary: snapshot },
  };
  const [sighting] = webhook.parse({ headers: {}, body: Buffer.from(JSON.stringify(body)) }, ACCOUNT).sightings;
  return sighting?.observation ?? unreachable();
}

function read(snapshot: Record<string, unknown>): Observation {
  return sightingOf(envelope.parse(snapshot), { source: 'READ', sawEnd: null }).observation;
}

function end(observations: readonly Observation[]): EnvelopeState {
  return observations.reduce((state, observation) => reduce(state, observation).state, start);
}

const told_read_and_order = lives.chain(({ snapshots }) =>
  fc
    .array(fc.record({ which: fc.nat(snapshots.length - 1), byRead: fc.boolean() }), { maxLength: 12 })
    .chain((extra) => {
      const all = [
        ...snapshots.map((snapshot, index) => (index % 2 === 0 ? told(snapshot) : read(snapshot))),
        ...extra.map(({ which, byRead }) => (byRead ? read : told)(snapshots[which] ?? {})),
      ];
      return fc.record({
        inOrder: fc.constant(all),
        shuffled: fc.shuffledSubarray(all, { minLength: all.length, maxLength: all.length }),
        last: fc.constant(snapshots.at(-1) ?? {}),
      });
    }),
);

describe('the life of an envelope', () => {
  it('is told the same by a message and by a read', () => {
    fc.assert(
      fc.property(lives, ({ snapshots }) => {
        for (const snapshot of snapshots) expect({ ...told(snapshot), source: 'READ' }).toEqual(read(snapshot));
      }),
      { numRuns: numRuns / 5 },
    );
  });

  it('ends in one state for every order and repetition of messages and reads', () => {
    fc.assert(
      fc.property(told_read_and_order, ({ inOrder, shuffled }) => {
        expect(end(shuffled)).toEqual(end(inOrder));
      }),
      { numRuns },
    );
  });

  it('is told whole by its last read alone: nothing that was missed stays missing', () => {
    fc.assert(
      fc.property(told_read_and_order, ({ shuffled, last }) => {
        expect(view(end(shuffled))).toEqual(view(end([read(last)])));
        const recipients = Object.entries(end(shuffled).recipients).map(([ref, { status }]) => [ref, status]);
        const alone = Object.entries(end([read(last)]).recipients).map(([ref, { status }]) => [ref, status]);
        expect(Object.fromEntries(recipients)).toEqual(Object.fromEntries(alone));
      }),
      { numRuns },
    );
  });

  it('shows the status that DocuSign shows', () => {
    fc.assert(
      fc.property(lives, ({ snapshots }) => {
        const last = snapshots.at(-1) ?? {};
        const { status } = view(end(snapshots.map(told)));
        const word = String(last['status']);
        const underWay = ['SENT', 'OPENED', 'PARTIALLY_SIGNED'];
        const wanted: Record<string, string[]> = {
          created: ['DRAFT'],
          sent: ['SENT', 'PARTIALLY_SIGNED'],
          delivered: underWay,
          completed: ['COMPLETED'],
          declined: ['DECLINED'],
          voided: [/expired/.test(String(last['voidedReason'])) ? 'EXPIRED' : 'VOIDED'],
        };
        expect(wanted[word]).toContain(status);
      }),
      { numRuns },
    );
  });
});
