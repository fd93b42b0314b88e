/**
 * Keys that tokens are checked with, and the algorithms that fit each. An algorithm that doesn't fit its key is how one
 * kind of token passes for another (RFC 8725 section 3.1), so the list is told by the key and never by a token.
 * @module
 */
import { createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto';

export type TokenKey =
  | { readonly kind: 'jwks'; readonly url: string }
  /** PEM (SPKI) or one JWK as JSON. */
  | { readonly kind: 'public'; readonly key: string }
  /** At least 32 bytes. */
  | { readonly kind: 'secret'; readonly secret: string };

export interface FittingAlgorithms {
  readonly fitting: readonly string[];
  /** Taken when none is named. */
  readonly preset: readonly string[];
  /** What to say of one that doesn't fit. */
  readonly why: string;
}

const MIN_RSA_BITS = 2048;
const RSA = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'];
const CURVES: Readonly<Record<string, readonly string[]>> = {
  prime256v1: ['ES256'],
  secp384r1: ['ES384'],
  secp521r1: ['ES512'],
};
const EDWARDS = ['EdDSA', 'Ed25519'];
const PUBLIC = [...RSA, ...Object.values(CURVES).flat(), ...EDWARDS];
/** Bytes that RFC 7518 section 3.2 asks of a key. */
const SECRET_BYTES = [
  ['HS256', 32],
  ['HS384', 48],
  ['HS512', 64],
] as const;

export function fittingAlgorithms(key: TokenKey): FittingAlgorithms {
  if (key.kind === 'jwks') {
    const why = `does not fit a key set: ${PUBLIC.join(', ')}`;
    return { fitting: PUBLIC, preset: ['RS256', 'PS256', 'ES256', 'EdDSA'], why };
  }
  if (key.kind === 'secret') {
    const bytes = Buffer.byteLength(key.secret);
    const fitting = SECRET_BYTES.flatMap(([name, least]) => (least <= bytes ? [name] : []));
    const why = `does not fit AUTH_SECRET: ${fitting.join(', ')} (HS384 asks 48 bytes of it, HS512 64)`;
    return { fitting, preset: ['HS256'], why };
  }
  const fitting = algorithmsOf(publicKeyFrom(key.key));
  const why =
    fitting.length > 0
      ? `does not fit AUTH_PUBLIC_KEY: ${fitting.join(', ')}`
      : `has nothing for AUTH_PUBLIC_KEY: use RSA of ${MIN_RSA_BITS} bits or more, P-256, P-384, P-521 or Ed25519`;
  return { fitting, preset: fitting.slice(0, 1), why };
}

/** PEM (SPKI) or one JWK as JSON. Throws on anything else, and on a key that isn't public. */
export function publicKeyFrom(text: string): KeyObject {
  // Line ends often arrive as two characters in environment files.
  const material = text.replaceAll('\\n', '\n').trim();
  if (material.startsWith('-----BEGIN PUBLIC KEY-----')) return createPublicKey(material);
  const jwk = parsedJwk(material);
  if (jwk === null || jwk.d !== undefined) throw new TypeError('no public key: neither PEM (SPKI) nor a public JWK');
  return createPublicKey({ key: jwk, format: 'jwk' });
}

/** The parser's own error would quote the text, which may be a private key. */
function parsedJwk(text: string): JsonWebKey | null {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function algorithmsOf({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject): readonly string[] {
  if (asymmetricKeyType === 'rsa') return (asymmetricKeyDetails?.modulusLength ?? 0) >= MIN_RSA_BITS ? RSA : [];
  if (asymmetricKeyType === 'ed25519') return EDWARDS;
  return CURVES[asymmetricKeyDetails?.namedCurve ?? ''] ?? [];
}
