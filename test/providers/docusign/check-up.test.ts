import { describe, expect, it } from 'vitest';
import type { Check } from '../../../src/providers/provider.ts';
import { wantedConfiguration } from '../../../src/providers/docusign/configuration-differences.ts';
import { answer } from '../scripted-world.ts';
import { ACCOUNT, type Answer, clientOf, OPEN, refusal } from './fixtures.ts';

const WEBHOOK = { url: 'https://hooks.example/webhooks/docusign/k', name: 'countersign acc_1' };
const OURS = { ...wantedConfiguration(WEBHOOK), connectId: '1' };
const IN_AN_HOUR = String(Date.parse('2026-01-15T11:00:00Z') / 1_000);

interface Said {
  readonly accounts?: readonly unknown[];
  readonly configurations?: readonly unknown[];
  readonly headers?: Readonly<Record<string, string>>;
  /** In place of the configurations. */
  readonly rest?: () => Answer;
}

const MEMBER = { account_id: ACCOUNT, account_name: 'Lettings', base_uri: OPEN.baseUri, is_default: true };

/** The checks by their ids, of an account at which all is well but for what is said otherwise. */
async function checked({
  accounts = [MEMBER],
  configurations = [OURS],
  headers = {},
  rest,
}: Said): Promise<Record<string, Check>> {
  const { client } = clientOf(({ url }) =>
    url.endsWith('/oauth/userinfo')
      ? answer(200, { accounts })
      : (rest?.() ?? answer(200, { configurations }, headers)),
  );
  const checks = (await client.checkUp?.(WEBHOOK)) ?? [];
  return Object.fromEntries(checks.map((check) => [check.id, check]));
}

describe('the base URI', () => {
  it('is well where the account is', async () => {
    expect((await checked({}))['baseUri']).toMatchObject({
      state: 'OK',
      detail: 'The account is at http://rest.example.',
    });
  });

  it.each([
    [
      'the user left the account',
      [],
      'The user is no member of the account any more.',
      'Add the user to the account in DocuSign Admin, or connect the account again with a user who is a member.',
    ],
    [
      'DocuSign has moved the account',
      [{ ...MEMBER, base_uri: 'http://elsewhere.example' }],
      'DocuSign has moved the account to another base URI.',
      'Connect the account again.',
    ],
  ])('fails when %s', async (_what, accounts, detail, fix) => {
    expect((await checked({ accounts }))['baseUri']).toMatchObject({ state: 'FAILING', detail, fix });
  });

  it('is unknown when nothing answers there, and reached when something refuses', async () => {
    const broken = await checked({ rest: () => answer(503, 'down') });
    expect(broken['baseUri']).toMatchObject({ state: 'UNKNOWN' });
    const refused = await checked({ rest: () => refusal(403, 'USER_LACKS_PERMISSIONS') });
    expect([refused['baseUri']?.state, refused['webhook']?.state]).toEqual(['OK', 'FAILING']);
  });
});

describe('the webhook of the account', () => {
  it.each([
    ['is well when there is one as it must be', [OURS], 'OK', /switched on/],
    ['fails when there is none', [], 'FAILING', /^No Connect configuration/],
    ['fails when it is switched off', [{ ...OURS, allowEnvelopePublish: 'false' }], 'FAILING', /it was switched off/],
    ['is warned of when there are two', [OURS, { ...OURS, connectId: '2' }], 'WARNING', /^Two Connect/],
  ])('%s', async (_what, configurations, state, detail) => {
    expect((await checked({ configurations }))['webhook']).toMatchObject({
      state,
      detail: expect.stringMatching(detail),
    });
  });
});

/** Headers by which DocuSign tells what is left. */
const left = (remaining: number, burst = 500): Readonly<Record<string, string>> => ({
  'x-ratelimit-limit': '1000',
  'x-ratelimit-remaining': String(remaining),
  'x-ratelimit-reset': IN_AN_HOUR,
  'x-burstlimit-limit': '500',
  'x-burstlimit-remaining': String(burst),
});

describe('the budget of calls', () => {
  it.each([
    ['is well with a tenth of the hour left', left(100), 'OK', '100 of 1000 calls are left in this hour.'],
    ['is warned of below', left(99), 'WARNING', '99 of 1000 calls are left in this hour.'],
    ['is warned of when a burst is nearly spent', left(900, 49), 'WARNING', '900 of 1000 calls are left in this hour.'],
    ['fails when none is left', left(0), 'FAILING', '0 of 1000 calls are left in this hour.'],
    ['is unknown when no answer told it', {}, 'UNKNOWN', 'No answer has told it yet.'],
  ])('%s', async (_what, headers, state, detail) => {
    expect((await checked({ headers }))['budget']).toMatchObject({ state, detail });
  });

  it('fails while a limit that was hit lasts, and says until when', async () => {
    const { budget, webhook, baseUri } = await checked({
      rest: () => refusal(429, 'HOURLY_APIINVOCATION_LIMIT_EXCEEDED', 'no', left(0)),
    });
    expect(budget).toMatchObject({
      state: 'FAILING',
      detail: 'It is spent; DocuSign takes calls again at 2026-01-15T11:00:00.000Z.',
      fix: expect.stringContaining('Other integrations'),
    });
    expect([webhook?.state, baseUri?.state]).toEqual(['UNKNOWN', 'OK']);
  });
});
