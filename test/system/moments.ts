/**
 * When to kill: at any moment, and at those that chance would rarely hit.
 */
import { z } from 'zod';
import { eventually } from '../kit/answer.ts';
import { systemWorld } from '../../src/world.ts';
import type { System } from './kit.ts';

/** Resolves when the moment has come. */
export type Moment = (system: System, random: () => number) => Promise<void>;

const Fault = z.object({ id: z.number(), struck: z.number() });

/** While the provider is at work on a call: after the fault struck, before it lets the answer go. */
function during(fault: { readonly route: string; readonly kind: string; readonly ms: number }): Moment {
  return async ({ control }, random) => {
    const { id } = Fault.parse(await control('POST', '/faults', fault));
    await eventually(
      async () => {
        const { faults } = z.object({ faults: z.array(Fault) }).parse(await control('GET', '/faults'));
        return faults.some((one) => one.id === id && one.struck > 0);
      },
      { what: `a call that ${fault.kind} strikes` },
    );
    await systemWorld().sleep((random() * fault.ms) / 2);
  };
}

const Ledger = z.object({ entries: z.array(z.looseObject({ seq: z.number() })) });

/** Within a few milliseconds of the next webhook that was answered. */
const inBurst: Moment = async ({ control }, random) => {
  const { entries } = Ledger.parse(await control('GET', '/ledger'));
  const after = entries.at(-1)?.seq ?? 0;
  await eventually(
    async () => {
      const { entries: fresh } = Ledger.parse(await control('GET', `/ledger?kind=webhook&after=${after}`));
      return fresh.length > 0;
    },
    { what: 'a webhook' },
  );
  await systemWorld().sleep(random() * 10);
};

const anywhere: Moment = (_system, random) => systemWorld().sleep(random() * 1_500);

export const MOMENTS: readonly (readonly [string, Moment])[] = [
  ['anywhere', anywhere],
  ['in a burst of webhooks', inBurst],
  ['before a draft is made', during({ route: 'POST /envelopes', kind: 'slow', ms: 1_000 })],
  ['after a draft is made', during({ route: 'POST /envelopes', kind: 'answer-late', ms: 1_000 })],
  ['after it went out', during({ route: 'PUT /envelopes/{envelopeId}', kind: 'answer-late', ms: 1_000 })],
];
