import { describe, expect, it } from 'vitest';
import { OutcomeUnknown, ProviderRefused, ProviderUnavailable } from '../../../src/model/problems.ts';
import { parseInstant } from '../../../src/model/time.ts';
import type { Draft } from '../../../src/providers/provider.ts';
import { answer, networkError, type ScriptedWorld } from '../scripted-world.ts';
import {
  type Answer,
  clientOf,
  COMMAND,
  contentOf,
  ENVELOPE,
  OUR_ID,
  refusal,
  type Rest,
  restCalls,
  thrownBy,
} from './fixtures.ts';

const CORRELATION = { commandId: COMMAND, envelopeId: OUR_ID, since: new Date('2026-01-15T10:20:00Z') };
const MADE = '2026-01-15T10:20:01.5000000Z';
const DRAFT = { providerId: ENVELOPE, at: parseInstant(MADE) };
const made = { envelopeId: ENVELOPE.toUpperCase(), status: 'created', statusDateTime: MADE, uri: '/x' };
const ours = { textCustomFields: [{ name: 'countersign', value: OUR_ID }] };

function find(rest: Rest): { found: Promise<Draft | null>; world: ScriptedWorld } {
  const { client, world } = clientOf(rest);
  return { found: client.findDraft(CORRELATION), world };
}

function query(url: string): URLSearchParams {
  return new URL(url).searchParams;
}

const isNot = (): Answer => answer(200, { envelopeId: ENVELOPE, status: 'created' });
const refused = (): Answer => refusal(400, 'ENVELOPE_INVALID_STATUS');
const refusedInside = (): Answer => answer(200, { errorDetails: { errorCode: 'X', message: 'why' } });
const lost = (): never => {
  throw networkError('ECONNRESET', 'read');
};

describe('a draft', () => {
  it('is made by one POST under the account', async () => {
    const { client, world } = clientOf(() => answer(201, made));
    expect(await client.createDraft(contentOf(), CORRELATION)).toEqual(DRAFT);
    const [call, ...more] = restCalls(world);
    expect(more).toEqual([]);
    expect(call).toMatchObject({
      method: 'POST',
      url: 'http://rest.example/restapi/v2.1/accounts/7b2f3a90-2f0e-4a1c-8c58-6f9f2c1c0d21/envelopes',
    });
    expect(JSON.parse(call?.body ?? '')).toMatchObject({
      status: 'created',
      transactionId: COMMAND,
      eventNotification: { url: 'https://hooks.example/webhooks/docusign/k' },
    });
  });

  it.each([
    ['queued for later, without an id', { status: 'processing' }],
    ['of an unreadable time', { ...made, statusDateTime: 'now' }],
  ])('%s is unknown', async (_what, body) => {
    const { client } = clientOf(() => answer(201, body));
    await expect(client.createDraft(contentOf(), CORRELATION)).rejects.toThrow(OutcomeUnknown);
  });

  it('refused is refused', async () => {
    const { client } = clientOf(() => refusal(400, 'ANCHOR_TAB_STRING_NOT_FOUND'));
    await expect(client.createDraft(contentOf(), CORRELATION)).rejects.toThrow(ProviderRefused);
  });
});

/** The n-th call gets the n-th answer; the last one repeats. */
const inTurn = (...answers: (() => Answer)[]) => {
  let n = 0;
  return () => (answers[Math.min(n++, answers.length - 1)] ?? lost)();
};
const failed = (status: number) => (): Answer => answer(status, '<html>');
const nothing = (): Answer => answer(200, { resultSetSize: '0' });

describe('a draft that the provider failed at', () => {
  const create = (post: () => Answer, get: (url: string) => Answer = nothing) => {
    const { client, world } = clientOf(({ method, url }) => (method === 'POST' ? post() : get(url)));
    const posts = (): number => restCalls(world).filter(({ method }) => method === 'POST').length;
    return { done: client.createDraft(contentOf(), CORRELATION), world, posts };
  };

  it.each([500, 503])('by %i is looked for, and made by a second POST within a second', async (status) => {
    const { done, world, posts } = create(inTurn(failed(status), () => answer(201, made)));
    expect(await done).toEqual(DRAFT);
    expect(posts()).toBe(2);
    expect(restCalls(world).map(({ method }) => method)).toEqual(['POST', 'GET', 'GET', 'POST']);
    expect(world.slept).toEqual([350]);
  });

  it('and that is there all the same is not made again', async () => {
    const statuses = { envelopeTransactionStatuses: [{ transactionId: COMMAND, envelopeId: ENVELOPE }] };
    const { done, posts } = create(failed(500), (url) =>
      answer(200, query(url).has('transaction_ids') ? statuses : { envelopeId: ENVELOPE, createdDateTime: MADE }),
    );
    expect(await done).toEqual(DRAFT);
    expect(posts()).toBe(1);
  });

  it.each([
    ['twice', inTurn(failed(503)), nothing, 2],
    ['where no look-up can tell', inTurn(failed(503)), () => failed(503)(), 1],
    ['and then met a limit', inTurn(failed(503), () => refusal(429, 'BURST_APIINVOCATION_LIMIT_EXCEEDED')), nothing, 2],
  ] as const)('%s is in doubt', async (_what, post, get, tries) => {
    const { done, posts } = create(post, get);
    await expect(done).rejects.toThrow(OutcomeUnknown);
    expect(posts()).toBe(tries);
  });

  it.each([
    ['a gateway that gave up', failed(502)],
    ['a gateway that waited too long', failed(504)],
    ['a lost answer', lost],
    ['one that wants to be left alone for longer', () => answer(503, '', { 'retry-after': '5' })],
  ])('%s is never followed by a second POST', async (_what, post) => {
    const { done, posts } = create(post);
    await expect(done).rejects.toThrow(OutcomeUnknown);
    expect(posts()).toBe(1);
  });
});

describe('a draft whose answer was lost', () => {
  it('is found by the transaction id', async () => {
    const { found, world } = find(({ url }) =>
      query(url).has('transaction_ids')
        ? answer(200, {
            envelopeTransactionStatuses: [
              { transactionId: 'another', envelopeId: 'x', status: 'created' },
              { transactionId: COMMAND, envelopeId: ENVELOPE, status: 'created' },
            ],
          })
        : answer(200, { envelopeId: ENVELOPE, status: 'created', createdDateTime: MADE }),
    );
    expect(await found).toEqual(DRAFT);
    expect(query(restCalls(world)[0]?.url ?? '').get('transaction_ids')).toBe(COMMAND);
  });

  it('is found by our custom field when the transaction id is forgotten', async () => {
    const { found, world } = find(({ url }) =>
      query(url).has('custom_field')
        ? answer(200, {
            totalSetSize: '2',
            envelopes: [
              { envelopeId: 'another', status: 'sent', createdDateTime: MADE, customFields: {} },
              { envelopeId: ENVELOPE, status: 'created', createdDateTime: MADE, customFields: ours },
            ],
          })
        : answer(200, { resultSetSize: '0' }),
    );
    expect(await found).toEqual(DRAFT);
    const asked = query(restCalls(world)[1]?.url ?? '');
    expect(Object.fromEntries(asked)).toMatchObject({
      custom_field: `countersign=${OUR_ID}`,
      include: 'custom_fields',
    });
    expect(Date.parse(asked.get('from_date') ?? '')).toBeLessThan(CORRELATION.since.getTime());
  });

  it('counts the one that went out before the one that did not', async () => {
    const envelope = { createdDateTime: MADE, customFields: ours };
    const { found } = find(() =>
      answer(200, {
        totalSetSize: '2',
        envelopes: [
          { ...envelope, envelopeId: 'draft', status: 'created' },
          { ...envelope, envelopeId: ENVELOPE, status: 'Sent' },
        ],
      }),
    );
    expect(await found).toEqual(DRAFT);
  });

  it.each([[{}], [{ envelopes: null }], [{ envelopes: [] }], [{ envelopeTransactionStatuses: [] }]])(
    'is null when nothing is known (%j)',
    async (body) => {
      expect(await find(() => answer(200, body)).found).toBeNull();
    },
  );
});

describe.each([
  ['release', 'sent', { sentDateTime: MADE }],
  ['void', 'voided', { voidedDateTime: MADE }],
] as const)('%s', (method, status, dates) => {
  const run = (put: () => Answer, get: () => Answer) => {
    const { client, world } = clientOf((asked) => (asked.method === 'PUT' ? put() : get()));
    return { done: method === 'release' ? client.release(ENVELOPE) : client.void(ENVELOPE, 'Superseded'), world };
  };
  const isDone = (): Answer => answer(200, { envelopeId: ENVELOPE, status, ...dates });
  it.each([
    ['the id', { envelopeId: ENVELOPE }],
    ['the older form', { errorCode: '', message: 'SUCCESS' }],
    ['explicit success', { errorDetails: { errorCode: 'SUCCESS' } }],
    ['nothing', ''],
  ])('is done when the answer is %s', async (_what, body) => {
    const { done, world } = run(() => answer(200, body), lost);
    await done;
    expect(restCalls(world)).toHaveLength(1);
    expect(JSON.parse(restCalls(world)[0]?.body ?? '')).toMatchObject({ status });
  });

  it.each([
    ['refused', refused],
    ['lost', lost],
    ['refused inside a 200', refusedInside],
  ])('that is %s but shown by a read is done', async (_what, put) => {
    await expect(run(put, isDone).done).resolves.toBeUndefined();
  });

  it('refused, and not done by the read, is refused', async () => {
    await expect(run(refused, isNot).done).rejects.toThrow(ProviderRefused);
  });

  it('lost, and not done by the read, is unknown: it may still land', async () => {
    await expect(run(lost, isNot).done).rejects.toThrow(OutcomeUnknown);
  });

  it.each([500, 503])('failed at once by %i, and not done by the read, is said once more, soon', async (status) => {
    const { done, world } = run(
      inTurn(failed(status), () => answer(200, { envelopeId: ENVELOPE })),
      isNot,
    );
    await done;
    expect(restCalls(world).map(({ method: how }) => how)).toEqual(['PUT', 'GET', 'PUT']);
    expect(world.slept).toEqual([350]);
  });

  it('refused inside a 200 is refused', async () => {
    const error = await thrownBy(run(refusedInside, isNot).done);
    expect(error).toBeInstanceOf(ProviderRefused);
    expect(error).toMatchObject({ fault: { providerCode: 'X', providerMessage: 'why' } });
  });

  it.each([
    ['refused', refused],
    ['lost', lost],
  ])('%s with a read that fails is unknown', async (_what, put) => {
    await expect(run(put, () => answer(503, '')).done).rejects.toThrow(OutcomeUnknown);
  });

  it('over a limit is not done, and nothing is read', async () => {
    const { done, world } = run(() => refusal(429, 'BURST_APIINVOCATION_LIMIT_EXCEEDED'), isDone);
    await expect(done).rejects.toThrow(ProviderUnavailable);
    expect(restCalls(world)).toHaveLength(1);
  });
});

it('a draft that was thrown away at DocuSign did not go out', async () => {
  const { client } = clientOf(({ method }) =>
    method === 'PUT'
      ? refusal(400, 'ENVELOPE_INVALID_STATUS')
      : answer(200, { envelopeId: ENVELOPE, status: 'deleted', deletedDateTime: MADE }),
  );
  await expect(client.release(ENVELOPE)).rejects.toThrow(ProviderRefused);
});
