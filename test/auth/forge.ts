/**
 * Tokens made by hand, so that they can be wrong in every way a library would refuse to make.
 * @module
 */
import { constants, createHmac, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import type { AuthConfig } from '../../src/auth/auth-config.ts';

export const SECRET = 'a-secret-of-tests-that-is-longer-than-32-bytes';
export const TENANT = '0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b';
/** Seconds; the clock of the manual world when it is made. */
export const NOW = Date.parse('2026-03-01T12:00:00Z') / 1_000;

export const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
export const otherRsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
export const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });

export function pem(key: KeyObject): string {
  return key.export({ type: key.type === 'public' ? 'spki' : 'pkcs8', format: 'pem' }).toString();
}

const common = {
  issuer: 'https://id.example',
  audience: 'countersign',
  typ: ['at+jwt'] as const,
  tenantClaim: 'tenant',
  scopeClaim: 'scope',
};
export const secretConfig: AuthConfig = { ...common, algorithms: ['HS256'], key: { kind: 'secret', secret: SECRET } };
export const rsaConfig: AuthConfig = {
  ...common,
  algorithms: ['RS256'],
  key: { kind: 'public', key: pem(rsa.publicKey) },
};

export const goodClaims = {
  iss: common.issuer,
  aud: common.audience,
  sub: 'user-1',
  tenant: TENANT,
  scope: 'envelopes:read',
  iat: NOW,
  exp: NOW + 600,
};

type Parts = Readonly<Record<string, unknown>>;

export function encode(part: unknown): string {
  return Buffer.from(typeof part === 'string' ? part : JSON.stringify(part)).toString('base64url');
}

/** Signed with HMAC whatever the header says, and SHA-256 unless told. */
export function hmacToken(
  header: Parts = {},
  claims: Parts | string = {},
  secret: string | Buffer = SECRET,
  hash: 'sha256' | 'sha512' = 'sha256',
): string {
  const input = `${encode({ alg: 'HS256', typ: 'at+jwt', ...header })}.${encode(whole(claims))}`;
  return `${input}.${createHmac(hash, secret).update(input).digest('base64url')}`;
}

/** Signed with RSA and SHA-256 whatever the header says: RSASSA-PKCS1-v1_5, or PSS when told. */
export function rsaToken(
  header: Parts = {},
  claims: Parts = {},
  key: KeyObject = rsa.privateKey,
  padding: number = constants.RSA_PKCS1_PADDING,
): string {
  const input = `${encode({ alg: 'RS256', typ: 'at+jwt', ...header })}.${encode(whole(claims))}`;
  return `${input}.${sign('sha256', Buffer.from(input), { key, padding, ...(padding === constants.RSA_PKCS1_PSS_PADDING && { saltLength: 32 }) }).toString('base64url')}`;
}

/** Members that are undefined are left out by JSON. */
function whole(claims: Parts | string): unknown {
  return typeof claims === 'string' ? claims : { ...goodClaims, ...claims };
}
