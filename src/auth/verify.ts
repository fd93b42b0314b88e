/**
 * Bearer tokens: JWTs judged by RFC 8725. What isn't asked for is refused, since the library accepts what one doesn't
 * forbid.
 * @module
 */
import { errors, type JWTPayload, type JWTVerifyGetKey, jwtVerify } from 'jose';
import { z } from 'zod';
import { uuidOf } from '../model/ids.ts';
import { dateFrom } from '../model/time.ts';
import { fittingAlgorithms, publicKeyFrom } from '../model/token-keys.ts';
import type { World } from '../world.ts';
import type { AuthConfig } from './auth-config.ts';
import { KeysUnavailable, remoteKeys } from './jwks.ts';
import { type Principal, type Scope, SCOPES, Unauthenticated } from './principal.ts';

export interface Verifier {
  /** Of an `Authorization` header, or what stands for it. Throws Unauthenticated. */
  verify(authorization: string | undefined): Promise<Principal>;
}

/** No identity provider issues longer ones; parsing them would be work for whoever asks for nothing else. */
const MAX_TOKEN = 8_192;
/** Seconds that clocks may differ by. */
const CLOCK_TOLERANCE = 30;
/** The year 9999: beyond it a time is a mistake, and no Date. */
const LAST_SECOND = 253_402_300_799;

/**
 * Throws when the algorithms don't fit the key. A key set is fetched when the first token comes; `onError` is told when
 * that fails, which tokens alone don't show while older keys last.
 */
export async function createVerifier(
  config: AuthConfig,
  world: World,
  onError: (error: unknown) => void = () => undefined,
): Promise<Verifier> {
  const key = keyOf(config, world, onError);
  return {
    async verify(authorization) {
      const token = bearerOf(authorization);
      const payload = await payloadOf(token, key, config, world);
      const parsed = Claims.safeParse({ ...payload, tenant: payload[config.tenantClaim] });
      if (!parsed.success) {
        const name = parsed.error.issues[0]?.path.join('.') ?? 'claims';
        const claim = name === 'tenant' ? config.tenantClaim : name;
        const wanted = name === 'tenant' ? ': a UUID is expected' : '';
        throw new Unauthenticated(`The token's claim \`${claim}\` is missing or malformed${wanted}.`);
      }
      // The library looks at `iat` only where an age is asked for; a token from the future is a forged or broken one.
      if ((payload.iat ?? 0) > world.now().getTime() / 1000 + CLOCK_TOLERANCE)
        throw new Unauthenticated("The token's `iat` lies in the future: check the clocks.");
      return parsed.data;
    },
  };
}

function bearerOf(authorization: string | undefined): string {
  if (!authorization) throw new Unauthenticated('A bearer token is required: send `Authorization: Bearer <token>`.');
  if (authorization.length > MAX_TOKEN) throw new Unauthenticated(`The token is longer than ${MAX_TOKEN} characters.`);
  const token = /^Bearer +([\w-]+\.[\w-]+\.[\w-]+)$/i.exec(authorization)?.[1];
  if (!token) throw new Unauthenticated('The authorization is no bearer token: send `Authorization: Bearer <JWT>`.');
  return token;
}

async function payloadOf(token: string, key: JWTVerifyGetKey, config: AuthConfig, world: World): Promise<JWTPayload> {
  try {
    const { payload } = await jwtVerify(token, key, {
      algorithms: [...config.algorithms],
      issuer: config.issuer,
      audience: config.audience,
      typ: config.typ,
      requiredClaims: ['exp', 'sub', config.tenantClaim],
      clockTolerance: CLOCK_TOLERANCE,
      currentDate: world.now(),
    });
    return payload;
  } catch (error) {
    throw new Unauthenticated(reasonFor(error, config));
  }
}

function reasonFor(error: unknown, config: AuthConfig): string {
  if (error instanceof errors.JWTExpired) return 'The token has expired: get a fresh one.';
  if (error instanceof errors.JWTClaimValidationFailed) {
    const expected: Record<string, string> = { iss: config.issuer, aud: config.audience, typ: config.typ };
    const wanted = expected[error.claim];
    return `The token's \`${error.claim}\` is not right${wanted ? `: "${wanted}" is expected` : ''}.`;
  }
  if (error instanceof errors.JOSEAlgNotAllowed)
    return `The token's algorithm is not one of ${config.algorithms.join(', ')}.`;
  if (error instanceof KeysUnavailable) return "The issuer's keys can not be fetched now: try again in a moment.";
  if (error instanceof errors.JWKSNoMatchingKey) return 'No known key has signed the token.';
  if (error instanceof errors.JWKSMultipleMatchingKeys)
    return 'Several keys may have signed the token: let the issuer name one by `kid`.';
  if (error instanceof errors.JWSSignatureVerificationFailed) return "The token's signature is not right.";
  return 'The token can not be verified.';
}

function keyOf({ key, algorithms }: AuthConfig, world: World, onError: (error: unknown) => void): JWTVerifyGetKey {
  const { fitting, why } = fittingAlgorithms(key);
  if (algorithms.length === 0 || !algorithms.every((name) => fitting.includes(name)))
    throw new TypeError(`the list of algorithms ${why}`);
  if (key.kind === 'jwks') return remoteKeys(key.url, world, onError);
  const material = key.kind === 'secret' ? new TextEncoder().encode(key.secret) : publicKeyFrom(key.key);
  return async () => material;
}

const isScope = (text: string): text is Scope => SCOPES.some((scope) => scope === text);

const Scopes = z.union([z.string().transform((text) => text.split(' ')), z.array(z.string())]);

const Claims = z
  .object({
    tenant: z.uuid().transform((id) => id.toLowerCase()),
    sub: z.string().min(1).max(255),
    exp: z.number().min(0).max(LAST_SECOND),
    iat: z.number().max(LAST_SECOND).optional(),
    scope: Scopes.optional(),
    scopes: Scopes.optional(),
    envelopes: z.array(z.string()).max(200).optional(),
  })
  .transform(({ tenant, sub, exp, scope, scopes, envelopes }): Principal => ({
    tenantId: tenant,
    subject: sub,
    scopes: new Set([...(scope ?? []), ...(scopes ?? [])].filter(isScope)),
    // An id of another form names no envelope; the token stays narrowed all the same.
    envelopes: envelopes ? new Set(envelopes.flatMap((id) => uuidOf('Envelope', id) ?? [])) : null,
    expiresAt: dateFrom(exp * 1_000),
  }));
