/**
 * Envelopes that live through a random life, told as DocuSign would tell them after each step. A model of its own: it
 * knows the documents, not the reader under test.
 * @module
 */
import fc from 'fast-check';
import { ENVELOPE } from './fixtures.ts';

type Json = Record<string, unknown>;
interface Party {
  readonly id: string;
  readonly group: 'signers' | 'carbonCopies';
  readonly order: number;
  readonly fields: Json;
}

export interface Life {
  /** The envelope after each step, oldest first. */
  readonly snapshots: readonly Json[];
}

type Step = {
  readonly what: 'open' | 'sign' | 'decline' | 'resend' | 'void' | 'expire';
  readonly who: number;
  readonly pause: number;
};

const step: fc.Arbitrary<Step> = fc.record({
  what: fc.constantFrom('open', 'open', 'open', 'sign', 'sign', 'sign', 'sign', 'resend', 'decline', 'void', 'expire'),
  who: fc.nat(3),
  // Clocks of one second: several things often happen at one time.
  pause: fc.constantFrom(0, 0, 1, 5),
});

const party = fc.record({
  group: fc.constantFrom('signers', 'signers', 'carbonCopies'),
  order: fc.integer({ min: 1, max: 3 }),
});

export const lives: fc.Arbitrary<Life> = fc
  .tuple(fc.array(party, { minLength: 1, maxLength: 4 }), fc.array(step, { maxLength: 14 }))
  .map(([parties, steps]) => live(parties, steps));

function live(parties: readonly { group: string; order: number }[], steps: readonly Step[]): Life {
  let seconds = 0;
  const now = (): string => new Date(Date.UTC(2026, 0, 15, 10, 0, seconds)).toISOString().replace('Z', '0000Z');
  const people: Party[] = parties.map(({ group, order }, index) => ({
    id: String(index + 1),
    group: index === 0 || group === 'signers' ? 'signers' : 'carbonCopies',
    order,
    fields: { status: 'created' },
  }));
  const signers = people.filter(({ group }) => group === 'signers');
  const envelope: Json = {
    status: 'created',
    createdDateTime: now(),
    statusChangedDateTime: now(),
    lastModifiedDateTime: now(),
  };
  const snapshots: Json[] = [];

  const become = (status: string, more: Json = {}): void => {
    Object.assign(envelope, { status, statusChangedDateTime: now(), ...more });
  };
  const isOpen = (): boolean => envelope['status'] === 'sent' || envelope['status'] === 'delivered';
  const active = (): Party[] =>
    signers.filter(({ fields }) => fields['status'] === 'sent' || fields['status'] === 'delivered');
  const tell = (): void => {
    Object.assign(envelope, { lastModifiedDateTime: now() });
    snapshots.push(
      structuredClone({
        envelopeId: ENVELOPE,
        ...envelope,
        recipients: { signers: told(people, 'signers'), carbonCopies: told(people, 'carbonCopies') },
      }),
    );
  };
  /** Reaches the next in the routing order, until someone has to sign or nobody is left. */
  const route = (): void => {
    while (active().length === 0) {
      const waiting = people.filter(({ fields }) => fields['status'] === 'created');
      if (waiting.length === 0) return become('completed', { completedDateTime: now() });
      const order = Math.min(...waiting.map(({ order }) => order));
      for (const { order: own, group, fields } of waiting) {
        if (own !== order) continue;
        Object.assign(fields, { status: group === 'signers' ? 'sent' : 'completed', sentDateTime: now() });
      }
    }
  };
  const act = ({ what, who }: Step): void => {
    const signer = active()[who % active().length];
    if (what === 'open' && signer?.fields['status'] === 'sent') {
      Object.assign(signer.fields, { status: 'delivered', deliveredDateTime: now() });
      if (envelope['status'] === 'sent' && active().every(({ fields }) => fields['status'] === 'delivered')) {
        become('delivered', { deliveredDateTime: now() });
      }
    } else if (what === 'sign' && signer?.fields['status'] === 'delivered') {
      Object.assign(signer.fields, { status: 'completed', signedDateTime: now() });
      route();
    } else if (what === 'decline' && signer) {
      Object.assign(signer.fields, { status: 'declined', declinedDateTime: now(), declinedReason: 'No' });
      become('declined', { declinedDateTime: now() });
    } else if (what === 'resend') {
      for (const { fields } of active()) Object.assign(fields, { sentDateTime: now() });
      Object.assign(envelope, { sentDateTime: now() });
    } else if (what === 'void' || what === 'expire') {
      const voidedReason = what === 'void' ? 'Superseded' : 'Envelope has expired.';
      become('voided', { voidedDateTime: now(), voidedReason });
    }
  };

  tell();
  seconds += 1;
  become('sent', { sentDateTime: now(), initialSentDateTime: now() });
  route();
  tell();
  for (const one of steps) {
    seconds += one.pause;
    if (!isOpen()) break;
    act(one);
    tell();
  }
  return { snapshots };
}

function told(people: readonly Party[], name: Party['group']): Json[] {
  return people
    .filter(({ group }) => group === name)
    .map(({ id, order, fields }) =>
      Object.assign(
        { recipientId: id, routingOrder: String(order), name: `N${id}`, email: `n${id}@x.example` },
        fields,
      ),
    );
}
