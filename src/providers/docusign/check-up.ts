/**
 * How an account stands at DocuSign, by three calls at most: a token, the user's accounts, and one call of the REST API.
 * Whatever DocuSign says or doesn't is a finding and no error.
 * @module
 */
import type { Headers } from 'undici';
import { Problem, ProviderRefused, ProviderUnavailable } from '../../model/problems.ts';
import type { Environment } from '../../model/words.ts';
import type { World } from '../../world.ts';
import { clockCheck, type Tick } from '../clock-check.ts';
import { readText } from '../http.ts';
import type { AccountWebhook, Check } from '../provider.ts';
import type { Api } from './api.ts';
import { differences } from './configuration-differences.ts';
import { findOurs } from './configuration.ts';
import type { Credentials } from './credentials.ts';
import { PROOF_TIMEOUT_MS } from './oauth.ts';
import { readUserinfo } from './userinfo.ts';

export interface CheckedAccount {
  readonly environment: Environment;
  readonly providerAccountId: string;
  readonly baseUri: string;
  readonly credentials: Credentials;
}

const PATIENCE = { timeoutMs: PROOF_TIMEOUT_MS, maxTries: 1 };

export async function checkUp(
  api: Api,
  account: CheckedAccount,
  webhook: AccountWebhook | null,
): Promise<readonly Check[]> {
  const { world } = api;
  let tick: Tick | null = null;
  const asked = world.now();
  const heard = (headers: Headers): void => void (tick = { asked, heard: world.now(), date: headers.get('date') });
  const signedIn = await outcomeOf(api.tokens.prove(heard));
  const signIn = signInChecks(signedIn);
  const clock = clockCheck(tick, wordOf(signedIn) === 'expired_grant');
  if (!('value' in signedIn)) {
    const why = 'There is no token to ask with.';
    return [...signIn, clock, unknown('baseUri', 'Base URI', why), ...webhookChecks(webhook, null), budgetCheck(api)];
  }
  const [where, rest] = await Promise.all([
    outcomeOf(readUserinfo(account.credentials, account.environment, signedIn.value, world, PATIENCE)),
    outcomeOf(webhook ? findOurs(api, webhook, PATIENCE) : listNothing(api, world)),
  ]);
  const baseUri = baseUriCheck(account, where, rest);
  return [...signIn, clock, baseUri, ...webhookChecks(webhook, rest), budgetCheck(api)];
}

type Outcome<T> = { readonly value: T } | { readonly error: unknown };

async function outcomeOf<T>(promise: Promise<T>): Promise<Outcome<T>> {
  try {
    return { value: await promise };
  } catch (error) {
    return { error };
  }
}

/** A list of what was changed since now: it names no envelope, so it counts as polling none. */
async function listNothing(api: Api, world: World): Promise<[]> {
  await api.call({
    ...PATIENCE,
    method: 'GET',
    path: `/envelopes?${new URLSearchParams({ from_date: world.now().toISOString(), count: '1' })}`,
    effect: 'SAFE',
    take: async (response) => void (await readText(response)),
  });
  return [];
}

function signInChecks(signedIn: Outcome<string>): Check[] {
  const credentials = { id: 'credentials', name: 'Credentials' };
  const consent = { id: 'consent', name: 'Consent' };
  if ('value' in signedIn) {
    return [
      { ...credentials, state: 'OK', detail: 'DocuSign gave a token.', fix: null },
      { ...consent, state: 'OK', detail: 'The user lets the integration key act for them.', fix: null },
    ];
  }
  const { error } = signedIn;
  if (wordOf(signedIn) === 'consent_required' && error instanceof ProviderRefused) {
    return [
      { ...credentials, state: 'UNKNOWN', detail: 'DocuSign gives no token before there is consent.', fix: null },
      {
        ...consent,
        state: 'FAILING',
        detail: 'The user has not let the integration key act for them.',
        fix: error.fix,
      },
    ];
  }
  return [
    { ...credentials, ...failure(error) },
    { ...consent, state: 'UNKNOWN', detail: 'DocuSign gave no token that would tell.', fix: null },
  ];
}

function baseUriCheck(
  account: CheckedAccount,
  where: Outcome<Awaited<ReturnType<typeof readUserinfo>>>,
  rest: Outcome<unknown>,
): Check {
  const check = { id: 'baseUri', name: 'Base URI' };
  if (!('value' in where)) return { ...check, ...failure(where.error) };
  const found = where.value.accounts?.find(({ account_id }) => account_id.toLowerCase() === account.providerAccountId);
  if (!found) {
    const fix =
      'Add the user to the account in DocuSign Admin, or connect the account again with a user who is a member.';
    return { ...check, state: 'FAILING', detail: 'The user is no member of the account any more.', fix };
  }
  const fix = 'Connect the account again.';
  if (found.base_uri.replace(/\/+$/, '') !== account.baseUri) {
    return { ...check, state: 'FAILING', detail: 'DocuSign has moved the account to another base URI.', fix };
  }
  // Refused there is reached all the same; what was refused is told by the check it belongs to.
  if ('error' in rest && !(rest.error instanceof ProviderRefused) && !isLimited(rest.error)) {
    return { ...check, ...failure(rest.error) };
  }
  return { ...check, state: 'OK', detail: `The account is at ${account.baseUri}.`, fix: null };
}

function webhookChecks(
  webhook: AccountWebhook | null,
  rest: Outcome<Awaited<ReturnType<typeof findOurs>>> | null,
): Check[] {
  if (!webhook) return [];
  const check = { id: 'webhook', name: 'Webhook' };
  const fix = 'Call registerWebhook for this account.';
  if (!rest) return [unknown(check.id, check.name, 'There is no token to ask with.')];
  if (!('value' in rest)) return [{ ...check, ...failure(rest.error) }];
  const [found, second] = rest.value;
  if (!found) return [{ ...check, state: 'FAILING', detail: 'No Connect configuration sends webhooks here.', fix }];
  const wrong = differences(found, webhook);
  if (wrong.length > 0) {
    const detail = `The Connect configuration is not as it must be: ${wrong.join('; ')}.`;
    return [{ ...check, state: 'FAILING', detail, fix }];
  }
  if (second) return [{ ...check, state: 'WARNING', detail: 'Two Connect configurations send webhooks here.', fix }];
  return [{ ...check, state: 'OK', detail: 'The Connect configuration is as it must be, and switched on.', fix: null }];
}

/** Below this part of a limit there may soon be none. */
const SCARCE = 0.1;

function budgetCheck({ limits: { known }, world }: Api): Check {
  const check = { id: 'budget', name: 'Budget of calls' };
  const { budget, blockedUntil } = known;
  const fix =
    'Other integrations of the account count too: find who calls so often, or ask DocuSign for a higher limit.';
  if (blockedUntil && blockedUntil > world.now()) {
    const detail = `It is spent; DocuSign takes calls again at ${blockedUntil.toISOString()}.`;
    return { ...check, state: 'FAILING', detail, fix };
  }
  if (!budget) return unknown(check.id, check.name, 'No answer has told it yet.');
  const { limit, remaining, burst } = budget;
  const detail = `${remaining} of ${limit} calls are left in this hour.`;
  if (remaining === 0) return { ...check, state: 'FAILING', detail, fix };
  const scarce = remaining < limit * SCARCE || (burst !== null && burst.remaining < burst.limit * SCARCE);
  return { ...check, state: scarce ? 'WARNING' : 'OK', detail, fix: scarce ? fix : null };
}

/** What DocuSign called its refusal, in lower case. */
function wordOf(outcome: Outcome<unknown>): string | null {
  if (!('error' in outcome) || !(outcome.error instanceof ProviderRefused)) return null;
  const { providerCode, providerMessage } = outcome.error.fault;
  return [providerCode, providerMessage].some((said) => said === 'expired_grant')
    ? 'expired_grant'
    : (providerCode?.toLowerCase() ?? null);
}

function isLimited(error: unknown): boolean {
  return error instanceof ProviderUnavailable && error.code === 'RATE_LIMITED';
}

/** Refused is failing; no answer says nothing of what was asked. */
function failure(error: unknown): Pick<Check, 'state' | 'detail' | 'fix'> {
  if (!(error instanceof Problem)) throw error;
  return { state: error instanceof ProviderRefused ? 'FAILING' : 'UNKNOWN', detail: error.message, fix: error.fix };
}

function unknown(id: string, name: string, detail: string): Check {
  return { id, name, state: 'UNKNOWN', detail, fix: null };
}
