/**
 * Applications that send with idempotency keys and ask again with the same key until they are answered, and people who
 * open, sign, decline or leave what they get.
 */
import { systemWorld } from '../../src/world.ts';
import { at, textAt } from '../kit/answer.ts';
import { envelope, SEND, signer } from '../kit/envelopes.ts';
import type { System } from './kit.ts';

const world = systemWorld();

/** What a key was answered with: the same whenever it is asked again. */
export interface Sent {
  readonly key: string;
  readonly envelopeId: string;
  /** What its recipients do with it, in [0, 1); as `receive` takes it. */
  readonly chance: number;
  /** False when the answer came before the provider's: its recipients have not acted. */
  readonly received: boolean;
}

export interface Clients {
  /** Begins nothing beyond the `least`; resolves with all keys ever used once each has its answer. */
  finish(): Promise<Sent[]>;
}

export function startClients(
  system: System,
  random: () => number,
  { workers, least, most }: { workers: number; least: number; most: number },
): Clients {
  const stop = new AbortController();
  let begun = 0;
  const sent: Sent[] = [];
  const work = async (): Promise<void> => {
    while (begun < least || (!stop.signal.aborted && begun < most)) {
      begun += 1;
      const number = begun;
      const key = `key-${number}`;
      const answer = await sendUntilAnswered(system, key);
      // By turns, so that every end is there however few were sent.
      const chance = (number % 20) / 20;
      if (answer.providerId) await receive(system, answer.providerId, chance);
      sent.push({ key, envelopeId: answer.envelopeId, chance, received: answer.providerId !== null });
      await world.sleep(random() * 100);
    }
  };
  const all = Promise.all(Array.from({ length: workers }, work));
  // Said where it is awaited.
  all.catch(() => undefined);
  return {
    finish: async () => {
      stop.abort();
      await all;
      return sent;
    },
  };
}

const LONGEST_WAIT_MS = 120_000;

/** The answer for `key`, asked for again and again while none comes. */
export async function sendUntilAnswered(system: System, key: string) {
  const end = world.monotonic() + LONGEST_WAIT_MS;
  const recipients = [
    signer({ key: 'first', routingOrder: 1 }),
    signer({ key: 'second', name: 'Al Owner', email: 'al@owner.example', routingOrder: 2 }),
  ];
  const what = { envelope: envelope(system.accountId, { subject: `Lease of ${key}`, recipients }) };
  for (;;) {
    const answer = await system.gql(SEND, { input: { idempotencyKey: key, what, waitMs: 1_500 } }).catch(() => null);
    if (at(answer, 'data.sendEnvelope.__typename') === 'SendEnvelopePayload') {
      return {
        envelopeId: textAt(answer, 'data.sendEnvelope.envelope.id'),
        /** Null while the provider's word is awaited still. */
        providerId:
          at(answer, 'data.sendEnvelope.envelope.status') === 'SENT'
            ? textAt(answer, 'data.sendEnvelope.envelope.providerId')
            : null,
        state: textAt(answer, 'data.sendEnvelope.command.state'),
        replayed: at(answer, 'data.sendEnvelope.replayed') === true,
      };
    }
    // No answer, one of a gateway that is starting, or of a database that was too busy: what was sent by then is unknown.
    if (at(answer, 'data.sendEnvelope')) throw new Error(`refused: ${JSON.stringify(answer)}`);
    if (world.monotonic() > end) throw new Error(`${key} had no answer: ${JSON.stringify(answer)}`);
    await world.sleep(50);
  }
}

/** What its recipients do with an envelope, by chance in [0, 1). */
export async function receive({ control }: System, providerId: string, chance: number): Promise<void> {
  const of = `/envelopes/${providerId}`;
  if (chance < 0.5) await control('POST', `${of}/sign`);
  else if (chance < 0.65) await control('POST', `${of}/sign`, { recipientId: '1' });
  else if (chance < 0.75) await control('POST', `${of}/recipients/1/decline`, { reason: 'Not like this.' });
  else if (chance < 0.85) await control('POST', `${of}/recipients/1/open`);
  else if (chance < 0.95) await control('POST', `${of}/void`, { reason: 'Superseded.' });
}
