/**
 * Tokens of our own, for development, tests and `countersign token`. Production tokens come from an identity provider.
 * @module
 */
import { SignJWT } from 'jose';
import { publicId } from '../model/ids.ts';
import { addMilliseconds } from '../model/time.ts';
import type { World } from '../world.ts';
import { type AuthConfig, NO_TYP } from './auth-config.ts';
import type { Scope } from './principal.ts';

export interface TokenRequest {
  readonly tenantId: string;
  readonly subject: string;
  readonly scopes: readonly Scope[];
  /** UUIDs; left out, the token is not narrowed. */
  readonly envelopes?: readonly string[];
  readonly expiresInSeconds: number;
}

/** Signed with the secret (HS256) that the verifier checks with. */
export async function mintToken(config: AuthConfig, request: TokenRequest, world: World): Promise<string> {
  if (config.key.kind !== 'secret') throw new TypeError('only a shared secret can sign tokens here');
  const { tenantId, subject, scopes, envelopes, expiresInSeconds } = request;
  const claims = {
    [config.tenantClaim]: tenantId,
    scope: scopes.join(' '),
    ...(envelopes && { envelopes: envelopes.map((id) => publicId('Envelope', id)) }),
  };
  return new SignJWT(claims)
    .setProtectedHeader({ alg: 'HS256', ...(config.typ[0] !== NO_TYP && { typ: config.typ[0] }) })
    .setSubject(subject)
    .setIssuer(config.issuer)
    .setAudience(config.audience)
    .setIssuedAt(world.now())
    .setExpirationTime(addMilliseconds(world.now(), expiresInSeconds * 1_000))
    .sign(new TextEncoder().encode(config.key.secret));
}
