import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Observation } from '../../src/model/observation.ts';
import { type EnvelopeState, initialState, reduce } from '../../src/model/reduce.ts';
import { anyOrder, second, webhook } from './lives.ts';

const saying = (at: number, expiresAt: number): Observation => ({
  ...webhook({}),
  expiry: { at: second(at), expiresAt: second(expiresAt) },
});
const told = fc.array(
  fc.tuple(fc.nat(5), fc.integer({ min: 10, max: 15 })).map((of) => saying(...of)),
  { minLength: 1, maxLength: 6 },
);

const after = (observations: readonly Observation[]): EnvelopeState =>
  observations.reduce((state, observation) => reduce(state, observation).state, initialState(second(0)));

it('what a provider said last of the expiry counts, in whatever order and however often it is heard', () => {
  fc.assert(
    fc.property(
      told.chain((all) => fc.record({ all: fc.constant(all), heard: anyOrder(all) })),
      ({ all, heard }) => {
        const latest = all.map(({ expiry }) => expiry?.at ?? '').reduce((a, b) => (a > b ? a : b));
        const { expiry } = after(heard);
        expect(expiry?.at).toBe(latest);
        expect(after(heard)).toEqual(after(all));
      },
    ),
  );
});

it('what says nothing of the expiry leaves it as it was', () => {
  const state = after([saying(1, 9)]);
  expect(reduce(state, webhook({})).state).toBe(state);
});
