/**
 * Bearer tokens: JWTs judged by RFC 8725. What isn't asked for is refused, since the library accepts what one doesn't
 * forbid.
 * @module
 */
import { errors, type JWTPayload, type JWTVerifyGetKey, jwtVerify } from 'jose';
import { fittingAlgorithms, publicKeyFrom, type TokenKey } from '../model/token-keys.ts';
import type { World } from '../world.ts';
import { type AuthConfig, NO_TYP } from './auth-config.ts';
import { principalFrom, refusedClaim } from './claims.ts';
import { KeysUnavailable, remoteKeys } from './jwks.ts';
import { type Principal, Unauthenticated } from './principal.ts';

export interface Verifier {
  /** Of an `Authorization` header, or what stands for it. Throws Unauthenticated. */
  verify(authorization: string | undefined): Promise<Principal>;
}

/** No identity provider issues longer ones; parsing them would be work for whoever asks for nothing else. */
const MAX_TOKEN = 8_192;
/** Seconds that clocks may differ by. */
const CLOCK_TOLERANCE = 30;

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
      // The library looks at `iat` only where an age is asked for; a token from the future is a forged or broken one.
      if ((payload.iat ?? 0) > world.now().getTime() / 1000 + CLOCK_TOLERANCE)
        throw new Unauthenticated("The token's `iat` lies in the future: check the clocks.");
      return principalFrom(payload, config);
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
  const { payload, protectedHeader } = await jwtVerify(token, key, {
    algorithms: [...config.algorithms],
    issuer: config.issuer,
    audience: config.audience,
    requiredClaims: ['exp'],
    clockTolerance: CLOCK_TOLERANCE,
    currentDate: world.now(),
  }).catch((error: unknown): never => {
    throw error instanceof errors.JWTClaimValidationFailed
      ? refusedBy(error, config)
      : new Unauthenticated(reasonFor(error, config));
  });
  const { typ } = protectedHeader;
  if (!config.typ.some((wanted) => isOfType(typ, wanted)))
    throw refusedClaim('typ', typ === undefined ? 'missing' : 'wrong', config);
  return payload;
}

/** As media types are compared (RFC 7515 section 4.1.9): `application/` may be left out, and case doesn't count. */
function isOfType(typ: string | undefined, wanted: string): boolean {
  if (typ === undefined) return wanted === NO_TYP;
  return mediaType(typ) === mediaType(wanted);
}

function mediaType(typ: string): string {
  return (typ.includes('/') ? typ : `application/${typ}`).toLowerCase();
}

function refusedBy({ claim, reason }: errors.JWTClaimValidationFailed, config: AuthConfig): Unauthenticated {
  if (reason === 'missing') return refusedClaim(claim, 'missing', config);
  if (reason === 'invalid') return refusedClaim(claim, 'malformed', config);
  if (claim === 'nbf')
    return new Unauthenticated("The token's `nbf` lies in the future: wait until then, or check the clocks.");
  return refusedClaim(claim, 'wrong', config);
}

const KEYS: Readonly<Record<TokenKey['kind'], string>> = {
  jwks: 'the key set at AUTH_JWKS_URL',
  public: 'AUTH_PUBLIC_KEY',
  secret: 'AUTH_SECRET',
};

function reasonFor(error: unknown, { algorithms, key }: AuthConfig): string {
  if (error instanceof errors.JWTExpired) return 'The token has expired: get a fresh one.';
  if (error instanceof errors.JOSEAlgNotAllowed)
    return `The token's algorithm is not one of ${algorithms.join(', ')} (AUTH_ALGORITHMS).`;
  if (error instanceof KeysUnavailable) return "The issuer's keys can not be fetched now: try again in a moment.";
  if (error instanceof errors.JWKSNoMatchingKey)
    return `The token's \`kid\` and algorithm fit none of the keys of ${KEYS[key.kind]}.`;
  if (error instanceof errors.JWKSMultipleMatchingKeys)
    return 'Several keys may have signed the token: let the issuer name one by `kid`.';
  if (error instanceof errors.JWSSignatureVerificationFailed)
    return `The token's signature is not right: it was checked with ${KEYS[key.kind]}.`;
  return 'The token can not be read: a signed JWT with claims in JSON is expected.';
}

function keyOf({ key, algorithms }: AuthConfig, world: World, onError: (error: unknown) => void): JWTVerifyGetKey {
  const { fitting, why } = fittingAlgorithms(key);
  if (algorithms.length === 0 || !algorithms.every((name) => fitting.includes(name)))
    throw new TypeError(`the list of algorithms ${why}`);
  if (key.kind === 'jwks') return remoteKeys(key.url, world, onError);
  const material = key.kind === 'secret' ? new TextEncoder().encode(key.secret) : publicKeyFrom(key.key);
  return async () => material;
}
