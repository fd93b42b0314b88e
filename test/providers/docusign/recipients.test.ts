import { describe, expect, it } from 'vitest';
import {
  NotTheirTurn,
  OutcomeUnknown,
  ProviderRefused,
  ProviderUnavailable,
  RecipientFinished,
} from '../../../src/model/problems.ts';
import { answer, networkError } from '../scripted-world.ts';
import { type Answer, clientOf, ENVELOPE, refusal, restCalls, thrownBy } from './fixtures.ts';

const BO = { recipientId: '1', name: 'Bo Tenant', email: 'bo@tenant.example', status: 'sent' };
const lost = (): never => {
  throw networkError('ECONNRESET', 'read');
};
const verdict =
  (errorCode: string, message = 'why') =>
  (): Answer =>
    answer(200, { recipientUpdateResults: [{ recipientId: '1', errorDetails: { errorCode, message } }] });
const success = verdict('SUCCESS', '');
const ended = (): Answer => refusal(400, 'EDIT_LOCK_INVALID_STATE_FOR_LOCK');

/** A DocuSign that has these recipients, one state of them for each read; the last one stays. */
function having(states: object[], put: () => Answer = success) {
  let reads = 0;
  const { client, world } = clientOf(({ method }) => {
    if (method === 'PUT') return put();
    const recipients = states[Math.min(reads, states.length - 1)];
    reads += 1;
    return answer(200, { envelopeId: ENVELOPE, status: 'sent', recipients });
  });
  const puts = () =>
    restCalls(world)
      .filter(({ method }) => method === 'PUT')
      .map(({ url, body }) => [url.split('/envelopes/')[1], JSON.parse(body)]);
  return { client, puts };
}

const signers = (...members: object[]): object => ({ signers: members, carbonCopies: [] });

describe('a reminder', () => {
  it('of all is one PUT of the envelope that changes nothing', async () => {
    const { client, puts } = having([], () => answer(200, { envelopeId: ENVELOPE }));
    await client.remind({ providerId: ENVELOPE, ref: null });
    expect(puts()).toEqual([[`${ENVELOPE}?resend_envelope=true`, {}]]);
  });

  it.each([
    ['signers', signers(BO)],
    ['witnesses', { signers: [], witnesses: [BO] }],
  ])('of one names them alone, in their group: %s', async (group, recipients) => {
    const { client, puts } = having([recipients]);
    await client.remind({ providerId: ENVELOPE, ref: '1' });
    expect(puts()).toEqual([[`${ENVELOPE}/recipients?resend_envelope=true`, { [group]: [{ recipientId: '1' }] }]]);
  });

  it.each([
    ['whose turn has not come', 'created', NotTheirTurn],
    ['who has signed', 'completed', RecipientFinished],
    ['whose signature is being sealed', 'signed', RecipientFinished],
    ['who has declined', 'declined', RecipientFinished],
  ])('of one %s is refused, and nothing is said', async (_what, status, problem) => {
    const { client, puts } = having([signers({ ...BO, status })]);
    await expect(client.remind({ providerId: ENVELOPE, ref: '1' })).rejects.toThrow(problem);
    expect(puts()).toEqual([]);
  });

  it.each([
    ['whose answer is lost', null, lost],
    ['whose answer is lost', '1', lost],
    ['that the provider failed at', null, () => answer(503, '')],
    ['that the provider failed at', '1', () => answer(503, '')],
  ])('%s is unknown, and is not said again (%s)', async (_what, ref, put) => {
    const { client, puts } = having([signers(BO)], put);
    await expect(client.remind({ providerId: ENVELOPE, ref })).rejects.toThrow(OutcomeUnknown);
    expect(puts()).toHaveLength(1);
  });

  it('refused is refused, be it by the status or inside of a success', async () => {
    const first = having([], ended);
    expect(await thrownBy(first.client.remind({ providerId: ENVELOPE, ref: null }))).toMatchObject({
      fault: { providerCode: 'EDIT_LOCK_INVALID_STATE_FOR_LOCK' },
      fix: 'An envelope that has ended can no longer be changed.',
    });
    const second = having([signers(BO)], verdict('ENVELOPE_INVALID_STATUS'));
    expect(await thrownBy(second.client.remind({ providerId: ENVELOPE, ref: '1' }))).toMatchObject({
      fault: { providerCode: 'ENVELOPE_INVALID_STATUS', providerMessage: 'why', providerStatus: 200 },
      fix: 'The envelope is not in a state that allows this: read it again.',
    });
  });
});

const wish = { providerId: ENVELOPE, ref: '1', name: null, email: 'bo@elsewhere.example', notify: true };
const CORRECTED = signers({ ...BO, email: 'bo@elsewhere.example' });

describe('a correction', () => {
  it('says what changes and no more, and mails when asked to', async () => {
    const { client, puts } = having([signers(BO)]);
    await client.correct(wish);
    await client.correct({ ...wish, name: 'Bo T. Tenant', email: null, notify: false });
    expect(puts()).toEqual([
      [
        `${ENVELOPE}/recipients?resend_envelope=true`,
        { signers: [{ recipientId: '1', email: 'bo@elsewhere.example' }] },
      ],
      [`${ENVELOPE}/recipients`, { signers: [{ recipientId: '1', name: 'Bo T. Tenant' }] }],
    ]);
  });

  it('of one who is as wished already is done without a word', async () => {
    const { client, puts } = having([CORRECTED]);
    await client.correct(wish);
    expect(puts()).toEqual([]);
  });

  it.each([
    ['lost', lost],
    ['refused', () => refusal(400, 'ENVELOPE_INVALID_STATUS')],
    ['refused inside of a success', verdict('ENVELOPE_INVALID_STATUS')],
  ])('whose answer is %s, but which a read shows, is done', async (_what, put) => {
    const { client, puts } = having([signers(BO), CORRECTED], put);
    await client.correct(wish);
    expect(puts()).toHaveLength(1);
  });

  it('lost, and not shown by the read, is unknown: it may still land', async () => {
    const { client, puts } = having([signers(BO)], lost);
    await expect(client.correct(wish)).rejects.toThrow(OutcomeUnknown);
    expect(puts()).toHaveLength(1);
  });

  it('failed at once by 503, and not shown by the read, is said once more, soon', async () => {
    let puts = 0;
    const { client, world } = clientOf(({ method }) => {
      if (method === 'GET') return answer(200, { envelopeId: ENVELOPE, status: 'sent', recipients: signers(BO) });
      return (puts += 1) === 1 ? answer(503, '') : answer(200, {});
    });
    await client.correct(wish);
    expect(puts).toBe(2);
    expect(world.slept).toEqual([350]);
  });

  it('refused, and not shown by the read, is refused in its own words', async () => {
    const { client } = having([signers(BO)], verdict('INVALID_EMAIL_ADDRESS_FOR_RECIPIENT'));
    const error = await thrownBy(client.correct(wish));
    expect(error).toBeInstanceOf(ProviderRefused);
    expect(error).toMatchObject({
      fault: { providerCode: 'INVALID_EMAIL_ADDRESS_FOR_RECIPIENT' },
      fix: "Correct the recipient's e-mail address.",
    });
  });

  it.each([
    ['before it', [signers({ ...BO, status: 'completed' })], 'SIGNED'],
    ['while it is under way', [signers(BO), signers({ ...BO, status: 'declined' })], 'DECLINED'],
    ['as a copy that was told', [{ carbonCopies: [{ ...BO, status: 'completed' }] }], 'NOTIFIED'],
  ])('of one who finished %s says so', async (_what, states, recipientStatus) => {
    const { client } = having(states, verdict('ENVELOPE_INVALID_STATUS'));
    const error = await thrownBy(client.correct(wish));
    expect(error).toBeInstanceOf(RecipientFinished);
    expect(error).toMatchObject({ recipientStatus });
  });

  it('of one who is not there any more is refused', async () => {
    const { client, puts } = having([signers({ ...BO, recipientId: '2' })]);
    await expect(client.correct(wish)).rejects.toThrow('DocuSign has no such recipient any more.');
    expect(puts()).toEqual([]);
  });

  it('lost with a read that fails is unknown', async () => {
    let reads = 0;
    const { client } = clientOf(({ method }) => {
      if (method === 'PUT') return lost();
      reads += 1;
      return reads === 1
        ? answer(200, { envelopeId: ENVELOPE, status: 'sent', recipients: signers(BO) })
        : answer(503, '');
    });
    await expect(client.correct(wish)).rejects.toThrow(OutcomeUnknown);
  });

  it('that can not be looked up beforehand is not begun', async () => {
    const { client, world } = clientOf(() => answer(503, ''));
    await expect(client.correct(wish)).rejects.toThrow(ProviderUnavailable);
    expect(restCalls(world).filter(({ method }) => method === 'PUT')).toEqual([]);
  });
});
