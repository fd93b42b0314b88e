import { describe, expect, it } from 'vitest';
import { ProviderRefused, ProviderUnavailable } from '../../../src/model/problems.ts';
import { answer } from '../scripted-world.ts';
import { type Answer, clientOf, ENVELOPE, PEM, refusal, restCalls, thrownBy, TOKEN } from './fixtures.ts';

const read = [{ providerId: ENVELOPE, sawEnd: null }];

const REFUSALS: readonly (readonly [string, number])[] = [
  ['AUTHORIZATION_INVALID_TOKEN', 401],
  ['USER_AUTHENTICATION_FAILED', 401],
  ['PARTNER_AUTHENTICATION_FAILED', 400],
  ['ACCOUNT_LACKS_PERMISSIONS', 403],
  ['USER_LACKS_PERMISSIONS', 400],
  ['USER_LACKS_MEMBERSHIP', 401],
  ['USER_DOES_NOT_BELONG_TO_SPECIFIED_ACCOUNT', 403],
  ['ACCOUNT_NOT_AUTHORIZED_FOR_ENVELOPE', 400],
  ['USER_NOT_ENVELOPE_SENDER_OR_RECIPIENT', 400],
  ['DOCUMENT_DOES_NOT_EXIST', 404],
  ['ENVELOPE_CANNOT_VOID_INVALID_STATE', 400],
  ['ENVELOPE_INVALID_STATUS', 400],
  ['EDIT_LOCK_NOT_LOCK_OWNER', 400],
  ['EDIT_LOCK_INVALID_STATE_FOR_LOCK', 400],
  ['UNKNOWN_ENVELOPE_RECIPIENT', 400],
  ['ENVELOPE_HAS_DUPLICATE_RECIPIENTS', 400],
  ['INVALID_EMAIL_ADDRESS_FOR_RECIPIENT', 400],
  ['ANCHOR_TAB_STRING_NOT_FOUND', 400],
  ['TAB_OUT_OF_BOUNDS', 400],
  ['ENVELOPE_ALLOWANCE_EXCEEDED', 400],
];

const LIMITS: readonly string[] = [
  'HOURLY_APIINVOCATION_LIMIT_EXCEEDED',
  'BURST_APIINVOCATION_LIMIT_EXCEEDED',
  'Hourly_Envelope_Polling_Limit_Exceeded',
  'Burst_Envelope_Polling_Limit_Exceeded',
  'Hourly_APIInvocation_Envelope_Limit_Exceeded',
  'Burst_APIInvocation_Envelope_Limit_Exceeded',
];

describe('a refusal', () => {
  it.each(REFUSALS)('%s (%i) keeps what support needs and names a remedy', async (errorCode, status) => {
    const { client } = clientOf(() => refusal(status, errorCode, 'The provider says no.'));
    const error = await thrownBy(client.signingUrl(SESSION));
    expect(error).toBeInstanceOf(ProviderRefused);
    expect(error).toMatchObject({
      fix: expect.stringMatching(/\w/),
      fault: {
        providerCode: errorCode,
        providerMessage: 'The provider says no.',
        providerStatus: status,
        traceId: 'trace-1',
      },
    });
  });

  it.each(['INVALID_REQUEST_PARAMETER', 'INVALID_REQUEST_BODY', 'TEMPLATE_ID_INVALID', 'NEVER_HEARD_OF'])(
    '%s has the message as its explanation',
    async (errorCode) => {
      const { client } = clientOf(() =>
        refusal(400, errorCode, 'The request contained at least one invalid parameter.'),
      );
      const error = await thrownBy(client.signingUrl(SESSION));
      expect(error).toMatchObject({ fix: null, fault: { providerCode: errorCode } });
      expect(String(error)).toContain('invalid parameter');
    },
  );

  it('without JSON is told by its status', async () => {
    const { client } = clientOf(() => answer(444, '<html>odd</html>'));
    const error = await thrownBy(client.signingUrl(SESSION));
    expect(error).toMatchObject({ fault: { providerCode: null, providerStatus: 444 } });
  });
});

describe('a limit', () => {
  const cases = LIMITS.flatMap((code) => [400, 429].map((status) => [code, status] as const));

  it.each(cases)('%s (%i) leaves a write undone and says when to come back', async (errorCode, status) => {
    const { client, world } = clientOf(() => refusal(status, errorCode));
    const error = await thrownBy(client.release(ENVELOPE));
    expect(error).toBeInstanceOf(ProviderUnavailable);
    const wait = Number(Reflect.get(Object(error), 'retryAfter')) - world.now().getTime();
    // It is 10:20: the hour has 40 minutes left.
    expect(wait).toBe(/hourly/i.test(errorCode) ? 40 * 60_000 : 31_500);
    expect(restCalls(world)).toHaveLength(1);
  });

  it('of the hour ends when the header says', async () => {
    const reset = Date.parse('2026-01-15T10:31:00Z');
    const headers = { 'x-ratelimit-reset': String(reset / 1000) };
    const { client } = clientOf(() => refusal(400, 'HOURLY_APIINVOCATION_LIMIT_EXCEEDED', 'x', headers));
    await expect(thrownBy(client.release(ENVELOPE))).resolves.toMatchObject({ retryAfter: new Date(reset) });
  });

  it.each(cases)('%s (%i) ends a read at once, as a rate limit', async (errorCode, status) => {
    const { client, world } = clientOf(() => refusal(status, errorCode));
    const error = await thrownBy(client.read(read));
    expect(error).toBeInstanceOf(ProviderUnavailable);
    expect(error).toMatchObject({ code: 'RATE_LIMITED', retryAfter: expect.any(Date), fault: { traceId: 'trace-1' } });
    expect(restCalls(world)).toHaveLength(1);
    expect(world.slept).toEqual([]);
  });

  it('of the account is told as such to the calls that it stops', async () => {
    const { client, world } = clientOf(() => refusal(429, 'HOURLY_APIINVOCATION_LIMIT_EXCEEDED'));
    const first = await thrownBy(client.release(ENVELOPE));
    const second = await thrownBy(client.signingUrl(SESSION));
    expect(second).toMatchObject({ code: 'RATE_LIMITED', retryAfter: Reflect.get(Object(first), 'retryAfter') });
    expect(restCalls(world)).toHaveLength(1);
  });
});

describe('the budget', () => {
  const headers = {
    'x-ratelimit-limit': '3000',
    'x-ratelimit-remaining': '2999',
    'x-ratelimit-reset': '1768474800',
    'x-burstlimit-limit': '500',
    'x-burstlimit-remaining': '499',
  };

  it('is null until an answer told it, then as the last one did', async () => {
    const { client, world } = clientOf(() => answer(200, { envelopeId: ENVELOPE }, headers));
    expect(client.limits?.known.budget).toBeNull();
    await client.read(read);
    expect(client.limits?.known.budget).toEqual({
      limit: 3000,
      remaining: 2999,
      resetAt: new Date('2026-01-15T11:00:00Z'),
      burst: { limit: 500, remaining: 499 },
      asOf: world.now(),
    });
  });

  it('stays when an answer tells nothing, and is told by refusals too', async () => {
    const answers: Answer[] = [refusal(404, 'X', 'x', headers), answer(200, { envelopeId: ENVELOPE })];
    const { client } = clientOf(() => answers.shift() ?? answer(500, ''));
    await thrownBy(client.read(read));
    await client.read(read);
    expect(client.limits?.known.budget?.remaining).toBe(2999);
  });
});

describe('a secret', () => {
  it.each([400, 500])('that the provider repeats (%i) stands in no error', async (status) => {
    const echo = (text: string): Answer => refusal(status, 'ECHO', `you sent: ${text} and ${PEM}`);
    const { client } = clientOf(({ headers }) => echo(String(headers['authorization'])));
    for (const promise of [client.read(read), client.release(ENVELOPE), client.signingUrl(SESSION)]) {
      const error = await thrownBy(promise);
      const text = `${JSON.stringify(error)} ${String(error)} ${String(Reflect.get(Object(error), 'stack'))}`;
      expect(text).toContain('you sent');
      expect(text).not.toContain(TOKEN);
      expect(text).not.toContain(PEM.split('\n')[1]);
    }
  });
});

const SESSION = {
  providerId: ENVELOPE,
  recipient: { ref: '1', name: 'Bo', email: 'bo@tenant.example', embeddedId: 'u-1' },
  returnUrl: 'https://app.example/signed',
};
