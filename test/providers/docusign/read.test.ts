import { describe, expect, it } from 'vitest';
import { initialState, reduce, view } from '../../../src/model/reduce.ts';
import { type Instant, parseInstant } from '../../../src/model/time.ts';
import { envelope } from '../../../src/providers/docusign/payload.ts';
import { sightingOf } from '../../../src/providers/docusign/read.ts';
import { ENVELOPE, OUR_ID } from './fixtures.ts';

const T = (minute: number): string => `2026-01-15T10:${String(minute).padStart(2, '0')}:00.4070000Z`;
const I = (minute: number): Instant => parseInstant(T(minute)) ?? fail();
function fail(): never {
  throw new TypeError('no time');
}

function sight(change: Record<string, unknown>, sawEnd: Instant | null = null): ReturnType<typeof sightingOf> {
  const payload = { envelopeId: ENVELOPE.toUpperCase(), createdDateTime: T(0), lastModifiedDateTime: T(50), ...change };
  return sightingOf(envelope.parse(payload), { source: 'READ', sawEnd });
}

function field(value: string): unknown {
  return {
    textCustomFields: [
      { name: 'other', value: 'x' },
      { name: 'countersign', value },
    ],
  };
}

describe('an envelope that was read', () => {
  it('says each dated change with its own time', () => {
    const { observation, providerId, incomplete } = sight({
      status: 'completed',
      sentDateTime: T(1),
      deliveredDateTime: T(2),
      completedDateTime: T(9),
      statusChangedDateTime: T(9),
      recipients: {
        signers: [
          {
            recipientId: '1',
            name: 'Bo',
            email: 'bo@tenant.example',
            routingOrder: '1',
            status: 'completed',
            sentDateTime: T(1),
            deliveredDateTime: T(2),
            signedDateTime: T(9),
          },
        ],
        carbonCopies: [
          {
            recipientId: '2',
            name: 'Di',
            email: 'di@x.example',
            routingOrder: '2',
            status: 'completed',
            sentDateTime: T(9),
          },
        ],
        recipientCount: '2',
      },
    });
    expect(providerId).toBe(ENVELOPE);
    expect(incomplete).toBe(false);
    expect(observation.envelope).toEqual([
      { kind: 'PROGRESS', at: I(1), status: 'SENT', providerStatus: 'sent' },
      { kind: 'PROGRESS', at: I(2), status: 'OPENED', providerStatus: 'delivered' },
      { kind: 'END', at: I(9), status: 'COMPLETED', providerStatus: 'completed', reason: null },
    ]);
    expect(observation.recipients.map(({ ref, at, status }) => [ref, at, status])).toEqual([
      ['1', I(0), 'WAITING'],
      ['1', I(1), 'NOTIFIED'],
      ['1', I(2), 'OPENED'],
      ['1', I(9), 'SIGNED'],
      ['2', I(0), 'WAITING'],
      ['2', I(9), 'NOTIFIED'],
    ]);
    expect(observation.details).toEqual([
      { ref: '1', at: I(50), name: 'Bo', email: 'bo@tenant.example', role: 'SIGNER', routingOrder: 1 },
      { ref: '2', at: I(50), name: 'Di', email: 'di@x.example', role: 'CARBON_COPY', routingOrder: 2 },
    ]);
  });

  it('that is a draft says nothing of a sending', () => {
    expect(sight({ status: 'created', statusChangedDateTime: T(0) }).observation.envelope).toEqual([]);
  });

  it('keeps when it expires, as of its last modification', () => {
    const told = { status: 'sent', sentDateTime: T(1), lastModifiedDateTime: T(2), expireDateTime: T(59) };
    expect(sight(told).observation.expiry).toEqual({ at: I(2), expiresAt: I(59) });
  });

  it.each([
    ['as a draft', { status: 'created', expireDateTime: T(59) }],
    ['by a message without a time', { status: 'sent', lastModifiedDateTime: null, expireDateTime: T(59) }],
    ['in a time that nothing can place', { status: 'sent', expireDateTime: '2026-02-14T10:30:00' }],
    ['as never', { status: 'sent', expireDateTime: '0001-01-01T00:00:00Z' }],
    ['not at all', { status: 'sent' }],
  ])('says nothing of its expiry when it is told %s', (_how, payload) => {
    expect(sight(payload).observation).not.toHaveProperty('expiry');
  });

  it('keeps the reason of its void', () => {
    const fact = sight({ status: 'voided', voidedDateTime: T(3), voidedReason: 'Superseded' }).observation.envelope.at(
      -1,
    );
    expect(fact).toMatchObject({ kind: 'END', status: 'VOIDED', at: I(3), reason: 'Superseded' });
  });

  it.each(['Envelope has expired.', 'This envelope expired on 2026-02-14'])(
    'voided because "%s" is expired',
    (reason) => {
      const fact = sight({ status: 'Voided', voidedDateTime: T(3), voidedReason: reason }).observation.envelope.at(-1);
      expect(fact).toMatchObject({ kind: 'END', status: 'EXPIRED', providerStatus: 'voided', reason });
    },
  );

  it('has the reason of its decline from the recipient', () => {
    const { observation } = sight({
      status: 'declined',
      declinedDateTime: T(3),
      recipients: {
        signers: [
          { recipientId: '1', status: 'sent', sentDateTime: T(1) },
          { recipientId: '2', status: 'declined', declinedDateTime: T(3), declinedReason: 'Wrong rent' },
        ],
      },
    });
    expect(observation.envelope.at(-1)).toMatchObject({ status: 'DECLINED', at: I(3), reason: 'Wrong rent' });
    expect(observation.recipients.at(-1)).toMatchObject({ ref: '2', status: 'DECLINED', reason: 'Wrong rent' });
  });

  it('stays opened when its mail was sent again', () => {
    const { observation } = sight({
      status: 'delivered',
      initialSentDateTime: T(1),
      sentDateTime: T(7),
      deliveredDateTime: T(2),
      statusChangedDateTime: T(2),
      recipients: {
        signers: [{ recipientId: '1', status: 'delivered', sentDateTime: T(7), deliveredDateTime: T(2) }],
      },
    });
    const { state } = reduce(initialState(I(0)), observation);
    expect(view(state).status).toBe('OPENED');
    expect(state.recipients['1']?.status).toBe('OPENED');
  });

  it('goes back to sent when DocuSign says so', () => {
    const { observation } = sight({
      status: 'sent',
      sentDateTime: T(1),
      deliveredDateTime: T(2),
      statusChangedDateTime: T(5),
    });
    expect(view(reduce(initialState(I(0)), observation).state)).toMatchObject({ status: 'SENT', changedAt: I(5) });
  });

  it('that has ended is never opened again by a date after its end', () => {
    const ended = sight({ status: 'completed', sentDateTime: T(1), completedDateTime: T(5) });
    const state = reduce(initialState(I(0)), ended.observation).state;
    const later = sight(
      { status: 'completed', sentDateTime: T(1), deliveredDateTime: T(8), completedDateTime: T(5) },
      I(5),
    );
    expect(view(reduce(state, later.observation).state).status).toBe('COMPLETED');
  });

  it('counts a signer as signed in the brief "signed", with the word that stays', () => {
    const signer = { recipientId: '1', sentDateTime: T(1), signedDateTime: T(4) };
    const facts = ['signed', 'completed'].map(
      (status) => sight({ status: 'sent', recipients: { signers: [{ ...signer, status }] } }).observation.recipients,
    );
    expect(facts[0]).toEqual(facts[1]);
  });

  it('tells a bounced mail, and forgets it when the recipient opens after all', () => {
    const signer = { recipientId: '1', status: 'autoresponded', sentDateTime: T(1) };
    const bounced = sight({ status: 'sent', recipients: { signers: [signer] } });
    const state = reduce(initialState(I(0)), bounced.observation).state;
    expect(state.recipients['1']?.status).toBe('BOUNCED');
    const opened = sight({
      status: 'sent',
      recipients: { signers: [{ ...signer, status: 'delivered', deliveredDateTime: T(4) }] },
    });
    expect(reduce(state, opened.observation).state.recipients['1']?.status).toBe('OPENED');
  });

  it.each(['correct', 'timedout', 'tomorrow', '', null, 7])('tolerates the status %j', (status) => {
    const { observation, incomplete } = sight({ status, sentDateTime: T(1) });
    expect(observation.envelope).toEqual([{ kind: 'PROGRESS', at: I(1), status: 'SENT', providerStatus: 'sent' }]);
    expect(incomplete).toBe(false);
  });

  it('with a time that names no zone is incomplete, and that time is left out', () => {
    const { observation, incomplete } = sight({
      status: 'delivered',
      sentDateTime: T(1),
      deliveredDateTime: '2026-01-15T10:02:00',
    });
    expect(incomplete).toBe(true);
    expect(observation.envelope).toEqual([{ kind: 'PROGRESS', at: I(1), status: 'SENT', providerStatus: 'sent' }]);
  });

  it('that ended at no known time is incomplete', () => {
    expect(sight({ status: 'completed' })).toMatchObject({ incomplete: true, observation: { envelope: [] } });
  });

  it('finds its way home by our custom field alone', () => {
    expect(sight({ customFields: field(OUR_ID) }).envelopeId).toBe(OUR_ID);
    expect(sight({ customFields: field("env_' or 1=1") }).envelopeId).toBeNull();
    expect(sight({ customFields: field(OUR_ID.replace('env', 'acc')) }).envelopeId).toBeNull();
    expect(sight({ customFields: null }).envelopeId).toBeNull();
  });

  it('leaves out characters that the database refuses', () => {
    const { observation } = sight({ status: 'voided', voidedDateTime: T(3), voidedReason: 'a\0b' });
    expect(observation.envelope.at(-1)).toMatchObject({ reason: 'ab' });
  });
});
