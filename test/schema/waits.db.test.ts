/**
 * What a provider that fails costs the caller: no more than `waitMs`, and for a single failure next to nothing.
 */
import { describe, expect, test } from 'vitest';
import { textAt } from '../kit/answer.ts';
import { envelope, type Input, PROBLEM, send, signer } from '../kit/envelopes.ts';
import { startTenant } from '../kit/tenant.ts';

const { api, token, account, sent } = await startTenant();

const CREATE = 'POST /envelopes';
const RELEASE = 'PUT /envelopes/{envelopeId}';

const SIGN = `mutation Sign($input: CreateSigningUrlInput!) {
  createSigningUrl(input: $input) { ${PROBLEM} ... on CreateSigningUrlPayload { url } }
}`;
const VOID = `mutation Void($input: VoidEnvelopeInput!) {
  voidEnvelope(input: $input) { ${PROBLEM} ... on VoidEnvelopePayload { envelope { status } command { state } } }
}`;

/** The next so many calls of these routes meet that fault. */
function fault(route: string, what: Input): Promise<unknown> {
  return api.control('POST', '/faults', { route, ...what });
}

describe('one failure of the provider', () => {
  test.each(
    [500, 503].flatMap((status) =>
      [CREATE, RELEASE, 'POST /oauth/token'].map((route): [number, string] => [status, route]),
    ),
  )('with status %d at %s leaves the send time to be SENT, once', async (status, route) => {
    await api.control('DELETE', '/tokens');
    await fault(route, { kind: 'status', status });
    const before = (await api.ledger()).at(-1)?.seq ?? 0;
    // Less than the ten seconds for which a lost answer may still land.
    const answer = await send(api, token, { envelope: envelope(account) }, { waitMs: 8_000 });
    expect(answer).toMatchObject({ data: { sendEnvelope: { envelope: { status: 'SENT' } } } });
    const providerId = textAt(answer, 'data.sendEnvelope.envelope.providerId');
    const lines = await api.ledger(`?kind=envelope&after=${before}`);
    expect(lines.map(({ event, envelopeId }) => [event, envelopeId])).toEqual([
      ['created', providerId],
      ['sent', providerId],
    ]);
  });
});

// Had one of these waited for the doubt to be settled, which takes ten seconds and more, it would tell how it was settled.
describe('waitMs', () => {
  test.each([
    ['a connection that is reset before the draft is made', CREATE, { kind: 'reset' }],
    ['a draft whose answer never comes', CREATE, { kind: 'slow', ms: 6_000 }],
    ['a release whose answer never comes', RELEASE, { kind: 'slow', ms: 6_000 }],
  ])('ends the wait for a send with %s', async (_what, route, how) => {
    await fault(route, how);
    // What looks for the draft finds none that soon.
    await fault('GET /envelopes', { kind: 'stale-list', times: 100 });
    const answer = await send(api, token, { envelope: envelope(account) }, { waitMs: 1_500 });
    expect(answer).toMatchObject({
      data: { sendEnvelope: { __typename: 'SendEnvelopePayload', envelope: { status: 'SENDING' } } },
    });
  });

  test('ends the wait for a cancel whose answer never comes', async () => {
    const { id } = await sent();
    await fault(RELEASE, { kind: 'slow', ms: 6_000 });
    const answer = await api.gql(token, VOID, { input: { id, reason: 'No more', waitMs: 1_000 } });
    expect(answer).toMatchObject({ data: { voidEnvelope: { envelope: { status: 'VOIDING' } } } });
  });

  test('ends the wait for a signing address, which may then be asked for again', async () => {
    const { recipients } = await sent({ recipients: [signer({ embedded: true })] });
    await fault('POST /envelopes/{envelopeId}/views/recipient', { kind: 'slow', ms: 6_000 });
    const input = { recipientId: recipients[0], returnUrl: 'https://app.example/back', waitMs: 1_000 };
    expect(await api.gql(token, SIGN, { input })).toMatchObject({
      data: { createSigningUrl: { code: 'PROVIDER_UNAVAILABLE', retryable: true, retryAfter: expect.any(String) } },
    });
    expect(await api.gql(token, SIGN, { input: { ...input, waitMs: 20_000 } })).toMatchObject({
      data: { createSigningUrl: { __typename: 'CreateSigningUrlPayload' } },
    });
  });
});
