/**
 * From the claims of a token whose signature is right to who is asking. A claim that is missing or not as expected
 * refuses the token by the claim's name, and says what was looked for; the value is never repeated.
 * @module
 */
import type { JWTPayload } from 'jose';
import { z } from 'zod';
import { uuidOf } from '../model/ids.ts';
import { dateFrom } from '../model/time.ts';
import { type AuthConfig, NO_TYP } from './auth-config.ts';
import { isScope, type Principal, Unauthenticated } from './principal.ts';

/** Where identity providers write scopes: OAuth 2.0 in `scope`, Okta and Entra in `scp`. */
const USUAL_SCOPE_CLAIMS = ['scope', 'scp', 'scopes'];
const MOST_ENVELOPES = 200;
const LONGEST_SUBJECT = 255;
/** The year 9999: beyond it a time is a mistake, and no Date. */
const LAST_SECOND = 253_402_300_799;

/** Throws Unauthenticated. */
export function principalFrom(payload: JWTPayload, config: AuthConfig): Principal {
  const read = <T>(claim: string, as: z.ZodType<T>): T => {
    const parsed = as.safeParse(payload[claim]);
    if (parsed.success) return parsed.data;
    throw refusedClaim(claim, Object.hasOwn(payload, claim) ? 'malformed' : 'missing', config);
  };
  const scopeClaims = scopeClaimsOf(config);
  const envelopes = read('envelopes', z.array(z.string()).max(MOST_ENVELOPES).optional());
  read('iat', z.number().max(LAST_SECOND).optional());
  return {
    tenantId: read(config.tenantClaim, z.uuid()).toLowerCase(),
    subject: read('sub', z.string().min(1).max(LONGEST_SUBJECT)),
    scopes: new Set(scopeClaims.flatMap((claim) => read(claim, Scopes)).filter(isScope)),
    scopeClaims,
    // An id of another form names no envelope; the token stays narrowed all the same.
    envelopes: envelopes ? new Set(envelopes.flatMap((id) => uuidOf('Envelope', id) ?? [])) : null,
    expiresAt: dateFrom(read('exp', z.number().min(0).max(LAST_SECOND)) * 1_000),
  };
}

/** The refusal of a token for one of its claims, or for its header's `typ`. */
export function refusedClaim(claim: string, how: 'missing' | 'malformed' | 'wrong', config: AuthConfig) {
  const expected = expectations(config)[claim];
  return new Unauthenticated(
    `The token's \`${claim}\` is ${how}${expected === undefined ? '' : `: expected is ${expected}`}.`,
  );
}

function expectations(config: AuthConfig): Readonly<Record<string, string>> {
  const { issuer, audience, typ, tenantClaim } = config;
  const scopes = 'scopes in a text, separated by spaces, or in a list';
  return {
    ...Object.fromEntries(scopeClaimsOf(config).map((claim) => [claim, scopes])),
    [tenantClaim]: 'the UUID of the tenant (AUTH_TENANT_CLAIM names the claim)',
    typ: `${typ.map((one) => (one === NO_TYP ? 'none' : `"${one}"`)).join(' or ')} (AUTH_TYP)`,
    iss: `"${issuer}" (AUTH_ISSUER)`,
    aud: `"${audience}", alone or in a list (AUTH_AUDIENCE)`,
    sub: `a text of 1 to ${LONGEST_SUBJECT} characters that says who asks`,
    exp: 'the end of the token, in seconds since 1970',
    iat: 'a time in seconds since 1970',
    nbf: 'a time in seconds since 1970',
    envelopes: `a list of at most ${MOST_ENVELOPES} ids (env_…)`,
  };
}

/** Names of the claims that scopes are looked for in. */
function scopeClaimsOf({ scopeClaim }: AuthConfig): readonly string[] {
  return [...new Set([...USUAL_SCOPE_CLAIMS, scopeClaim])];
}

const Scopes = z
  .union([z.string().transform((text) => text.split(/\s+/)), z.array(z.string())])
  .optional()
  .transform((scopes) => scopes ?? []);
