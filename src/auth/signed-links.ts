/**
 * Links of our own that prove what they say for a while: downloads, uploads, and the return from a signing session. Signed with
 * keys derived from the ring that seals secrets, one for each purpose.
 * @module
 */
import { hkdfSync } from 'node:crypto';
import { jwtVerify, SignJWT } from 'jose';
import type { World } from '../world.ts';
import type { SecretKey } from './sealer.ts';

export type LinkPurpose = 'download' | 'signing' | 'upload';

export interface SignedLinks {
  /** URL-safe text that carries the payload in clear until `expiresAt`. */
  sign(purpose: LinkPurpose, payload: Readonly<Record<string, string | number>>, expiresAt: Date): Promise<string>;
  /** The payload, or null when it was not signed here for this purpose, or its time is over. */
  verify(purpose: LinkPurpose, token: string): Promise<Readonly<Record<string, unknown>> | null>;
}

export function createSignedLinks(ring: readonly SecretKey[], world: World): SignedLinks {
  const [first] = ring;
  if (!first) throw new TypeError('signed links need a key');
  return {
    sign: (purpose, payload, expiresAt) =>
      new SignJWT({ ...payload })
        .setProtectedHeader({ alg: 'HS256', typ: 'cs-link', kid: first.kid })
        .setAudience(purpose)
        .setExpirationTime(expiresAt)
        .sign(derive(first, purpose)),
    async verify(purpose, token) {
      try {
        const { payload } = await jwtVerify(
          token,
          ({ kid }) => {
            const key = ring.find((candidate) => candidate.kid === kid);
            if (!key) throw new Error('unknown key');
            return derive(key, purpose);
          },
          {
            algorithms: ['HS256'],
            typ: 'cs-link',
            audience: purpose,
            requiredClaims: ['exp'],
            currentDate: world.now(),
          },
        );
        return payload;
      } catch {
        return null;
      }
    },
  };
}

function derive({ key }: SecretKey, purpose: LinkPurpose): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', key, '', `countersign link ${purpose}`, 32));
}
