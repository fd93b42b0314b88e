/**
 * Calls to one account's REST API: the token is put on and, when the API refuses it, taken again once.
 * @module
 */
import { ProviderRefused } from '../../model/problems.ts';
import type { World } from '../../world.ts';
import { gate } from '../gate.ts';
import { type Call, callProvider, type Dialect } from '../http.ts';
import type { OpenInput, RateLimits } from '../provider.ts';
import { rateLimits } from '../rate-limits.ts';
import { readBudget } from './budget.ts';
import { storedCredentials } from './credentials.ts';
import { isTrustedBaseUri } from './hosts.ts';
import { type Tokens, tokens } from './oauth.ts';
import { explainRefusal } from './refusals.ts';
import { untrusted } from './userinfo.ts';

/** Calls under way at once, of each effect: reads never wait behind slow creates. Advice of the blog on concurrency. */
const PARALLEL = 10;

export interface ApiCall<T> extends Omit<Call<T>, 'url' | 'headers' | 'body'> {
  /** Under the account, beginning with a slash. */
  readonly path: string;
  readonly accept?: string;
  /** Sent as JSON. */
  readonly body?: unknown;
}

export interface Api {
  readonly world: World;
  call<T>(call: ApiCall<T>): Promise<T>;
  readonly tokens: Tokens;
  readonly limits: RateLimits;
}

export function accountApi(input: OpenInput, world: World): Api {
  const { environment, baseUri, providerAccountId } = input;
  if (!isTrustedBaseUri(environment, baseUri)) throw untrusted(baseUri);
  const root = `${baseUri.replace(/\/+$/, '')}/restapi/v2.1/accounts/${encodeURIComponent(providerAccountId)}`;
  const access = tokens(storedCredentials(input.credentials), environment, world);
  const gates = { SAFE: gate(PARALLEL), WRITE: gate(PARALLEL) };
  const limits = rateLimits();
  const dialect: Dialect = {
    explain: explainRefusal,
    heard: (headers) => {
      const budget = readBudget(headers, world.now());
      if (budget) limits.heard(budget);
    },
    blockedUntil: () => limits.known.blockedUntil,
    blocked: limits.blocked,
  };

  const callWith = <T>(token: string, { path, accept, body, ...call }: ApiCall<T>): Promise<T> =>
    gates[call.effect](() =>
      callProvider(world, dialect, {
        ...call,
        url: `${root}${path}`,
        headers: {
          authorization: `Bearer ${token}`,
          accept: accept ?? 'application/json',
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      }),
    );

  return {
    world,
    tokens: access,
    limits,
    async call(call) {
      const token = await access.get();
      try {
        return await callWith(token, call);
      } catch (error) {
        // Whoever is refused for the token was let do nothing, so a write may be said again.
        if (!(error instanceof ProviderRefused && error.fault.providerStatus === 401)) throw error;
        access.drop(token);
        return callWith(await access.get(), call);
      }
    },
  };
}

export function envelopePath(providerId: string, rest = ''): string {
  return `/envelopes/${segment(providerId)}${rest}`;
}

/** An id as one part of a path that it can't climb out of. */
export function segment(id: string): string {
  if (/^\.*$/.test(id)) throw new TypeError('an id of nothing but dots');
  return encodeURIComponent(id);
}
