import { describe, expect, it } from 'vitest';
import type { Observation } from '../../src/model/observation.ts';
import {
  type EnvelopeState,
  initialState,
  type LocalFact,
  reduce,
  reduceLocal,
  standingEnd,
  type StateChange,
  view,
} from '../../src/model/reduce.ts';
import { detail, end, progress, read, recipient, second, webhook } from './lives.ts';

/** News of a provider, or of our own. */
type News = Observation | LocalFact;

const sending: LocalFact = { kind: 'PHASE', phase: 'SENDING', at: second(0) };

function after(...news: readonly News[]): EnvelopeState {
  return news.reduce((state, one) => step(state, one).state, initialState(second(0)));
}

function step(state: EnvelopeState, news: News): { state: EnvelopeState; changes: readonly StateChange[] } {
  return 'source' in news ? reduce(state, news) : reduceLocal(state, news);
}

/** The events of each piece of news, one after another. */
function events(...news: readonly News[]): string[][] {
  let state = initialState(second(0));
  return news.map((one) => {
    const { state: next, changes } = step(state, one);
    state = next;
    return changes.map(({ type, recipient: who }) => (who === null ? type : `${type} ${who}`));
  });
}

const twoSigners = webhook({ details: [detail('1', 'Ada', 0), detail('2', 'Grace', 0)] });
const sent = webhook({ envelope: [progress('SENT', 1)] });
const completed = webhook({ envelope: [end('COMPLETED', 10)] });

describe('a life as it should be', () => {
  it('is told step by step', () => {
    expect(
      events(
        sending,
        twoSigners,
        webhook({ envelope: [progress('SENT', 1)], recipients: [recipient('1', 'NOTIFIED', 1)] }),
        webhook({ envelope: [progress('OPENED', 2)], recipients: [recipient('1', 'OPENED', 2)] }),
        webhook({ recipients: [recipient('1', 'SIGNED', 3), recipient('2', 'NOTIFIED', 3)] }),
        webhook({ recipients: [recipient('2', 'OPENED', 4)] }),
        webhook({ recipients: [recipient('2', 'SIGNED', 5)] }),
        webhook({ envelope: [end('COMPLETED', 5)] }),
      ),
    ).toEqual([
      ['ENVELOPE_SENDING'],
      [],
      ['RECIPIENT_NOTIFIED 1', 'ENVELOPE_SENT'],
      ['RECIPIENT_OPENED 1', 'ENVELOPE_OPENED'],
      ['RECIPIENT_SIGNED 1', 'RECIPIENT_NOTIFIED 2', 'ENVELOPE_PARTIALLY_SIGNED'],
      ['RECIPIENT_OPENED 2'],
      ['RECIPIENT_SIGNED 2'],
      ['ENVELOPE_COMPLETED'],
    ]);
  });

  it('stays partially signed until the provider says it is over, though all have signed', () => {
    const state = after(
      twoSigners,
      sent,
      webhook({ recipients: [recipient('1', 'SIGNED', 3), recipient('2', 'SIGNED', 4)] }),
    );
    expect(view(state)).toMatchObject({ status: 'PARTIALLY_SIGNED', changedAt: second(4) });
  });

  it('is never partially signed when one signs alone', () => {
    const lone = webhook({ details: [detail('1', 'Ada', 0), { ...detail('2', 'Copy', 0), role: 'CARBON_COPY' }] });
    const state = after(lone, sent, webhook({ recipients: [recipient('1', 'SIGNED', 3)] }));
    expect(view(state).status).toBe('SENT');
  });

  it('says who the recipients are before the provider does', () => {
    const { name, email, role, routingOrder } = detail('1', 'Ada', 0);
    const state = initialState(second(0), [{ ref: '1', name, email, role, routingOrder }]);
    expect(state.details['1']?.name).toBe('Ada');
    expect(reduce(state, webhook({ details: [detail('1', 'Ada L.', 0)] })).state.details['1']?.name).toBe('Ada L.');
  });
});

describe('an end', () => {
  it('carries the reason that the provider gave', () => {
    const state = after(sent, webhook({ envelope: [end('VOIDED', 5, 'wrong address')] }));
    expect(view(state)).toEqual({
      status: 'VOIDED',
      providerStatus: 'voided',
      reason: 'wrong address',
      changedAt: second(5),
    });
  });

  it('stands whatever is told late', () => {
    expect(events(completed, sent, webhook({ envelope: [progress('OPENED', 9)] }))).toEqual([
      ['ENVELOPE_COMPLETED'],
      [],
      [],
    ]);
  });

  it('stands against a webhook of a later time: only a read can undo it', () => {
    const state = after(sent, completed, webhook({ envelope: [progress('OPENED', 20)] }));
    expect(view(state).status).toBe('COMPLETED');
  });

  it('gives way to an end that is later by the clock of the provider', () => {
    expect(view(after(completed, webhook({ envelope: [end('VOIDED', 11)] }))).status).toBe('VOIDED');
    expect(view(after(webhook({ envelope: [end('VOIDED', 11)] }), completed)).status).toBe('VOIDED');
  });

  it('of two in one second is the one of higher rank, whichever came first', () => {
    const declined = webhook({ envelope: [end('DECLINED', 10, 'no')] });
    expect(view(after(completed, declined)).status).toBe('COMPLETED');
    expect(view(after(declined, completed)).status).toBe('COMPLETED');
  });

  it('of two that differ in text alone is the same one, whichever came first', () => {
    const [one, other] = ['no', 'not yet'].map((reason) => webhook({ envelope: [end('DECLINED', 10, reason)] }));
    if (!one || !other) throw new Error('unreachable');
    expect(after(one, other)).toEqual(after(other, one));
  });
});

describe('a read of the provider', () => {
  const later = { envelope: [progress('OPENED', 20)] };

  it('reopens an envelope when it knew of the end and tells later news', () => {
    expect(events(sent, completed, read(10, later))).toEqual([
      ['ENVELOPE_SENT'],
      ['ENVELOPE_COMPLETED'],
      ['ENVELOPE_REOPENED'],
    ]);
    expect(view(after(sent, completed, read(10, later))).status).toBe('OPENED');
  });

  it('that was slow undoes nothing: the end came after its request had begun', () => {
    expect(view(after(sent, completed, read(null, later))).status).toBe('COMPLETED');
  });

  it('alone can reopen: another source with the same news cannot', () => {
    const hook: Observation = { ...read(10, later), source: 'WEBHOOK' };
    expect(view(after(sent, completed, hook)).status).toBe('COMPLETED');
  });

  it('that knew of an earlier end alone undoes no later one', () => {
    const state = after(completed, webhook({ envelope: [end('VOIDED', 15)] }), read(10, later));
    expect(view(state).status).toBe('VOIDED');
  });

  it('undoes nothing with news as old as the end', () => {
    expect(view(after(sent, completed, read(10, { envelope: [progress('OPENED', 10)] }))).status).toBe('COMPLETED');
  });

  it('stays undone when the old end is told again', () => {
    expect(events(completed, read(10, later), completed).at(-1)).toEqual([]);
  });

  it('leaves the way open for another end', () => {
    const state = after(sent, completed, read(10, later), webhook({ envelope: [end('VOIDED', 30)] }));
    expect(view(state).status).toBe('VOIDED');
    expect(standingEnd(state)?.at).toBe(second(30));
  });

  it('is heard before the end that it knew of, too', () => {
    expect(after(read(10, later), completed, sent)).toEqual(after(sent, completed, read(10, later)));
  });
});

describe('a recipient', () => {
  const signed = webhook({ recipients: [recipient('1', 'SIGNED', 5)] });

  it('who has signed stays signed when a reminder goes out later', () => {
    expect(after(signed, webhook({ recipients: [recipient('1', 'NOTIFIED', 6)] })).recipients['1']?.status).toBe(
      'SIGNED',
    );
  });

  it('who has signed is so though a later reminder was heard of first', () => {
    expect(events(webhook({ recipients: [recipient('1', 'NOTIFIED', 6)] }), signed)).toEqual([
      ['RECIPIENT_NOTIFIED 1'],
      ['RECIPIENT_SIGNED 1'],
    ]);
  });

  it('whose name was corrected is called as the provider last said', () => {
    const [old, corrected] = [detail('1', 'Ada Byron', 1), detail('1', 'Ada Lovelace', 4)];
    expect(after(webhook({ details: [corrected] }), webhook({ details: [old] })).details['1']?.name).toBe(
      'Ada Lovelace',
    );
  });

  it('whose name or address was corrected is told of, and one who is heard of for the first time is not', () => {
    const ada = detail('1', 'Ada Byron', 1);
    expect(
      events(
        webhook({ details: [ada] }),
        webhook({ details: [detail('1', 'Ada Byron', 2)] }),
        webhook({ details: [detail('1', 'Ada Lovelace', 3)] }),
        webhook({ details: [{ ...detail('1', 'Ada Lovelace', 4), email: 'ada@elsewhere.example' }] }),
        webhook({ details: [ada] }),
      ),
    ).toEqual([[], [], ['RECIPIENT_UPDATED 1'], ['RECIPIENT_UPDATED 1'], []]);
  });

  it('of several in one message is told in the order of the provider', () => {
    const [changes] = events(
      webhook({ recipients: [recipient('2', 'SIGNED', 5), recipient('10', 'SIGNED', 4), recipient('1', 'SIGNED', 5)] }),
    );
    expect(changes).toEqual(['RECIPIENT_SIGNED 10', 'RECIPIENT_SIGNED 1', 'RECIPIENT_SIGNED 2']);
  });
});

describe('what we do ourselves', () => {
  const asked: LocalFact = { kind: 'VOIDING', status: 'ASKED', at: second(3) };
  const settled: LocalFact = { kind: 'VOIDING', status: 'SETTLED', at: second(4) };

  it('shows a cancel while it is asked for', () => {
    expect(events(sending, sent, asked)).toEqual([['ENVELOPE_SENDING'], ['ENVELOPE_SENT'], ['ENVELOPE_VOIDING']]);
  });

  it('goes back to what the provider says when the cancel was refused', () => {
    expect(view(after(sent, asked, settled)).status).toBe('SENT');
    expect(view(after(sent, settled, asked)).status).toBe('SENT');
  });

  it('takes a cancel that was asked for and settled in one instant for settled', () => {
    const atOnce: LocalFact = { ...settled, at: asked.at };
    expect(view(after(sent, asked, atOnce)).status).toBe('SENT');
    expect(view(after(sent, atOnce, asked)).status).toBe('SENT');
  });

  it('never shows a cancel of what has ended', () => {
    expect(view(after(sent, asked, completed)).status).toBe('COMPLETED');
  });

  it('lets a cancel be asked for again', () => {
    expect(view(after(sent, asked, settled, { ...asked, at: second(9) })).status).toBe('VOIDING');
  });

  it('never goes back from sending to a draft', () => {
    expect(events(sending, { kind: 'PHASE', phase: 'DRAFT', at: second(9) })).toEqual([['ENVELOPE_SENDING'], []]);
  });

  it('believes the provider that an envelope was sent after we had given up', () => {
    const failed: LocalFact = { kind: 'PHASE', phase: 'FAILED', at: second(2) };
    expect(events(sending, failed, sent)).toEqual([['ENVELOPE_SENDING'], ['ENVELOPE_FAILED'], ['ENVELOPE_SENT']]);
  });
});
