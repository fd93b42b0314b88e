/**
 * The promises that a crash must not break, on real processes: kill -9 while webhooks arrive and envelopes are sent, and
 * compare what is left with the ledger of the sandbox, which saw it all.
 */
import { beforeAll, describe, expect, inject, it } from 'vitest';
import { eventually } from '../kit/answer.ts';
import { amount, newSeed, randomFrom } from '../events/kit.ts';
import { type Clients, type Sent, sendUntilAnswered, receive, startClients } from './clients.ts';
import {
  type Entry,
  type Envelope,
  envelopesOf,
  ledger,
  providerStatuses,
  sequencesOf,
  storedDeliveries,
} from './evidence.ts';
import { startSystem, type System } from './kit.ts';
import { MOMENTS } from './moments.ts';

const KILLS = amount(50, 5);
const LEAST_SENDS = 24;
const MOST_SENDS = amount(3_000, 120);
/** Divides Connect's retry delays, so that the first comes after 100 ms. */
const TIME_FACTOR = 3_000;
const WEBHOOK_TIMEOUT_MS = 5_000;
/** An attempt's lease and a runner's turn must run out before another takes over. */
const SETTLE_MS = 100_000;

const WORDS: Readonly<Record<string, readonly string[]>> = {
  sent: ['SENT'],
  // Somebody may have signed while the envelope waits for the next.
  delivered: ['OPENED', 'PARTIALLY_SIGNED'],
  completed: ['COMPLETED'],
  declined: ['DECLINED'],
  voided: ['VOIDED'],
};

describe(`after kill -9 at ${KILLS} points`, () => {
  const seed = newSeed();
  let system: System;
  let sent: Sent[];
  let envelopes: Envelope[];
  let webhooks: Entry[];

  beforeAll(
    async () => {
      const random = randomFrom(seed);
      system = await startSystem();
      const { control, gateway } = system;
      await control('PUT', '/settings', {
        timeFactor: TIME_FACTOR,
        webhookTimeoutMs: WEBHOOK_TIMEOUT_MS * TIME_FACTOR,
      });
      for (const route of ['POST /envelopes', 'PUT /envelopes/{envelopeId}', 'GET /envelopes']) {
        await control('POST', '/faults', { route, kind: 'answer-lost', probability: 0.1 });
      }
      const clients: Clients = startClients(system, random, { workers: 6, least: LEAST_SENDS, most: MOST_SENDS });
      for (let kill = 0; kill < KILLS; kill += 1) {
        const [name, come] = MOMENTS[kill % MOMENTS.length] ?? ['', async () => undefined];
        const before = performance.now();
        await come(system, random);
        await gateway.kill();
        const after = performance.now();
        await gateway.start();
        console.log(
          `kill ${kill + 1} ${name}: after ${Math.round(after - before)} ms, back in ${Math.round(performance.now() - after)} ms`,
        );
      }
      sent = await clients.finish();
      const begin = performance.now();
      await settled(system);
      // On a busy machine many answers come before the provider's: the recipients of these act now.
      const late = new Map(
        sent.filter(({ received }) => !received).map(({ envelopeId, chance }) => [envelopeId, chance]),
      );
      for (const { id, providerId } of await envelopesOf(system)) {
        const chance = late.get(id);
        if (chance !== undefined && providerId) await receive(system, providerId, chance);
      }
      await settled(system);
      // What the last command set off may still be on its way to the gateway, and is not in the ledger before its answer.
      await control('POST', '/idle');
      console.log(`${inject('database')}: settled in ${Math.round(performance.now() - begin)} ms`);
      envelopes = await envelopesOf(system);
      webhooks = await ledger(system, 'webhook');
      console.log(`${sent.length} keys, ${webhooks.length} attempts at webhooks, ${envelopes.length} envelopes`);
    },
    amount(3_600_000, 400_000),
  );

  it('has every delivery in the store, once, that was answered 2XX', async () => {
    const delivered = new Map<string, string>();
    for (const { outcome, messageId = '', envelopeId = '', event = '', recipientId } of webhooks) {
      if (outcome === 'delivered') delivered.set(messageId, said({ envelopeId, event, recipientId }));
    }
    const stored = (await storedDeliveries(system)).map(({ event, data }) => said({ event, ...data }));
    expect(
      webhooks.some(({ outcome }) => outcome === 'failed'),
      'no webhook met a gateway that was down',
    ).toBe(true);
    expect(stored.toSorted(), `SEED=${seed}`).toEqual([...delivered.values()].toSorted());
  });

  it('ends each key in one envelope, sent exactly once', async () => {
    const happened = (await ledger(system, 'envelope')).filter(({ event }) => event === 'sent');
    const sentIds = happened.map(({ envelopeId = '' }) => envelopeId);
    expect(new Set(sentIds).size, `SEED=${seed}: an envelope went out twice`).toBe(sentIds.length);
    expect(sentIds.toSorted(), `SEED=${seed}`).toEqual(envelopes.map(({ providerId }) => providerId).toSorted());
    for (const { key, envelopeId } of sent) {
      const again = await sendUntilAnswered(system, key);
      expect(again, `SEED=${seed} ${key}`).toMatchObject({ envelopeId, replayed: true, state: 'DONE' });
    }
    const subjects = envelopes.map(({ subject }) => subject).filter((subject) => subject.startsWith('Lease of key-'));
    expect(subjects.toSorted()).toEqual(sent.map(({ key }) => `Lease of ${key}`).toSorted());
    expect((await envelopesOf(system)).length).toBe(envelopes.length);
  });

  it('has every envelope in the cache as the provider has it', async () => {
    const statuses = await providerStatuses(system);
    for (const { id, status, providerId } of envelopes) {
      const word = statuses.get(providerId ?? '') ?? '';
      expect(WORDS[word], `SEED=${seed} ${id} is ${status} here and ${word} there`).toContain(status);
    }
    expect(new Set(envelopes.map(({ status }) => status)).size).toBeGreaterThan(2);
  });

  it('has a log without gaps', async () => {
    const sequences = await sequencesOf(system);
    expect(sequences, `SEED=${seed}`).toEqual(sequences.map((_, index) => index + 1));
    expect(sequences.length).toBeGreaterThan(2 * envelopes.length);
  });

  it('ends when it is asked to, with nothing left half done', async () => {
    await system.gateway.stop();
    expect(system.gateway.child.stderr).not.toContain('"level":"error"');
  });
});

function said({
  envelopeId,
  event,
  recipientId,
}: {
  envelopeId: string;
  event: string;
  recipientId?: string | undefined;
}): string {
  return [envelopeId, event, recipientId ?? ''].join(' ');
}

/** Waits until every command has its outcome, every webhook was heard, and the cache agrees with the provider. */
async function settled(system: System): Promise<void> {
  let open: unknown = null;
  await eventually(
    async () => {
      await system.control('POST', '/clock', { advanceMs: 5_000 });
      await system.control('POST', '/idle');
      const heard = new Set<string>();
      const waiting = new Set<string>();
      for (const { messageId = '', outcome } of await ledger(system, 'webhook')) {
        if (outcome === 'delivered') heard.add(messageId);
        else waiting.add(messageId);
      }
      const unheard = [...waiting].filter((id) => !heard.has(id));
      const statuses = await providerStatuses(system);
      const unsettled = (await envelopesOf(system)).filter(
        ({ commands, status, providerId }) =>
          commands.some(({ state }) => state !== 'DONE') ||
          !WORDS[statuses.get(providerId ?? '') ?? '']?.includes(status),
      );
      open = { unheard, unsettled };
      return unheard.length === 0 && unsettled.length === 0;
    },
    { ms: SETTLE_MS, what: 'all settled' },
  ).catch((error: unknown) => {
    throw new Error(`still open: ${JSON.stringify(open)}`, { cause: error });
  });
}
