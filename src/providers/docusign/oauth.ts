/**
 * Access tokens by JWT grant: one per client, renewed before it ends, asked for once however many calls wait for it.
 * Source: developer documentation, "JWT Grant"; errors as the support page on authentication lists them.
 * @module
 */
import { SignJWT } from 'jose';
import { z } from 'zod';
import type { ProviderFault } from '../../model/problems.ts';
import { addMilliseconds } from '../../model/time.ts';
import type { Environment } from '../../model/words.ts';
import type { World } from '../../world.ts';
import { presentable } from '../fault.ts';
import { callProvider, type Dialect, json, retryAfter } from '../http.ts';
import type { Credentials } from './credentials.ts';
import { oauthUrl } from './hosts.ts';
import { traceOf } from './refusals.ts';

const SCOPES = 'signature impersonation';
const ASSERTION_SECONDS = 600;
/** Renewed when less than this is left, or a quarter of a shorter life. */
const RENEW_BEFORE_MS = 15 * 60_000;
/** When renewing fails while the old token still works, it is tried again after this. */
const RENEW_AGAIN_MS = 30_000;
/** Milliseconds that a proof may take: somebody waits for it. */
export const PROOF_TIMEOUT_MS = 5_000;

/** Sees the headers of an answer. */
type Heard = NonNullable<Dialect['heard']>;

export interface Tokens {
  /** A token with life left. Throws `ProviderRefused` with the remedy, or `ProviderUnavailable`. */
  get(): Promise<string>;
  /** Asks for a new token whatever is held, once and within `PROOF_TIMEOUT_MS`: proves that credentials and consent stand. */
  prove(heard: Heard): Promise<string>;
  /** Forgets a token that the API refused; another that came meanwhile stays. */
  drop(token: string): void;
}

interface Held {
  readonly token: string;
  readonly renewAt: Date;
  readonly endsAt: Date;
}

export function tokens(credentials: Credentials, environment: Environment, world: World): Tokens {
  let held: Held | null = null;
  let inFlight: Promise<Held> | null = null;

  const renew = (): Promise<Held> => {
    inFlight ??= requestToken(credentials, environment, world)
      .then((fresh) => (held = fresh))
      .finally(() => (inFlight = null));
    return inFlight;
  };

  return {
    async get() {
      const now = world.now();
      const old = held;
      if (old && now < old.renewAt) return old.token;
      try {
        return (await renew()).token;
      } catch (error) {
        if (!old || now >= old.endsAt) throw error;
        if (held === old) held = { ...old, renewAt: addMilliseconds(now, RENEW_AGAIN_MS) };
        return old.token;
      }
    },
    async prove(heard) {
      held = await requestToken(credentials, environment, world, { heard });
      return held.token;
    },
    drop(token) {
      if (held?.token === token) held = null;
    },
  };
}

const tokenAnswer = z.object({ access_token: z.string().min(1), expires_in: z.coerce.number().positive() });

async function requestToken(
  credentials: Credentials,
  environment: Environment,
  world: World,
  proof: { readonly heard: Heard } | null = null,
): Promise<Held> {
  const url = oauthUrl(environment, credentials.oauthUrl);
  const asked = world.now();
  const dialect = { ...oauthDialect(credentials, url), ...(proof && { heard: proof.heard }) };
  const answer = await callProvider(world, dialect, {
    ...(proof && { timeoutMs: PROOF_TIMEOUT_MS, maxTries: 1 }),
    method: 'POST',
    url: `${url}/oauth/token`,
    headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' },
    body: new URLSearchParams({
      grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
      assertion: await assertion(credentials, new URL(url).host, asked),
    }).toString(),
    effect: 'SAFE',
    take: json(tokenAnswer),
  });
  const life = answer.expires_in * 1000;
  return {
    token: answer.access_token,
    renewAt: addMilliseconds(asked, life - Math.min(RENEW_BEFORE_MS, life / 4)),
    endsAt: addMilliseconds(asked, life),
  };
}

/** `aud` is the bare host; the server tries every key of the integration key, so there is no `kid`. */
async function assertion(
  { integrationKey, userId, privateKey }: Credentials,
  host: string,
  now: Date,
): Promise<string> {
  const seconds = Math.floor(now.getTime() / 1000);
  return new SignJWT({ scope: SCOPES })
    .setProtectedHeader({ alg: 'RS256', typ: 'JWT' })
    .setIssuer(integrationKey)
    .setSubject(userId)
    .setAudience(host)
    .setIssuedAt(seconds)
    .setExpirationTime(seconds + ASSERTION_SECONDS)
    .sign(privateKey);
}

const errorBody = z.object({ error: z.string(), error_description: z.string().nullish() });

export function oauthDialect(credentials: Credentials, url: string): Dialect {
  return {
    explain({ status, headers, text }, world) {
      const said = errorBody.safeParse(parsed(text)).data;
      const reason = said?.error_description || said?.error;
      const fault: ProviderFault = {
        providerCode: said ? presentable(said.error) : null,
        providerMessage: presentable(reason ?? `HTTP status ${status} without an explanation`),
        providerStatus: status,
        traceId: traceOf(headers),
      };
      const retryAt = retryAfter(headers, world.now());
      return {
        fault,
        limited: status === 429,
        retryAt,
        fix: remedy(said?.error ?? '', reason ?? '', credentials, url),
      };
    },
  };
}

function remedy(error: string, reason: string, credentials: Credentials, url: string): string | null {
  if (error === 'consent_required') {
    return `The user must allow the integration key once, in a browser: ${consentUrl(credentials, url)} (the redirect_uri must be one that is registered for the key).`;
  }
  return REMEDIES[reason] ?? REMEDIES[error] ?? null;
}

const REMEDIES: Readonly<Record<string, string>> = {
  no_valid_keys_or_signatures:
    'privateKey must be the private half of an RSA key pair that is registered for integrationKey in this environment.',
  issuer_not_found: 'integrationKey is not known in this environment: check its value, and LIVE against DEMO.',
  user_not_found: 'userId must be the GUID of an active user of this environment, not an e-mail address.',
  invalid_subject: 'userId must be the GUID of an active user of this environment, not an e-mail address.',
  expired_grant: "This machine's clock is wrong: synchronise it, then try again.",
  unsupported_grant_type: 'The token endpoint did not understand the request: a proxy may have changed its body.',
};

/** Where the user allows the integration key to act for them. */
export function consentUrl({ integrationKey }: Credentials, url: string): string {
  const redirect = encodeURIComponent('https://www.docusign.com');
  const scope = encodeURIComponent(SCOPES);
  return `${url}/oauth/auth?response_type=code&scope=${scope}&client_id=${integrationKey}&redirect_uri=${redirect}`;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
