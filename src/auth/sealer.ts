/**
 * Secrets at rest: JWE (dir, A256GCM) under a ring of keys. What a secret is for is bound into it, so that a ciphertext
 * moved to another row or tenant opens nothing.
 * @module
 */
import { compactDecrypt, CompactEncrypt } from 'jose';

export interface SecretKey {
  readonly kid: string;
  /** 32 bytes. */
  readonly key: Buffer;
}

export interface SealContext {
  readonly tenantId: string;
  /** What kind of secret it is, such as `credentials`. */
  readonly purpose: string;
  /** The row it belongs to. */
  readonly id: string;
}

export interface Sealer {
  /** Under the first key of the ring. */
  seal(text: string, context: SealContext): Promise<string>;
  /** Under whichever key it was sealed with. Throws when the key is gone or the context is another. */
  open(sealed: string, context: SealContext): Promise<string>;
}

export function createSealer(ring: readonly SecretKey[]): Sealer {
  const [first] = ring;
  if (!first) throw new TypeError('a sealer needs a key');
  const byKid = new Map(ring.map(({ kid, key }) => [kid, key]));
  return {
    seal: (text, context) =>
      new CompactEncrypt(new TextEncoder().encode(text))
        .setProtectedHeader({ alg: 'dir', enc: 'A256GCM', kid: first.kid, 'cs-for': nameOf(context) })
        .encrypt(first.key),
    async open(sealed, context) {
      const { plaintext, protectedHeader } = await compactDecrypt(
        sealed,
        ({ kid }) => {
          const key = byKid.get(kid ?? '');
          if (!key) throw new Error(`the key ${kid} that sealed this is not among SECRET_KEYS`);
          return key;
        },
        { keyManagementAlgorithms: ['dir'], contentEncryptionAlgorithms: ['A256GCM'] },
      );
      if (protectedHeader['cs-for'] !== nameOf(context))
        throw new Error('a sealed secret stands where another belongs');
      return new TextDecoder().decode(plaintext);
    },
  };
}

function nameOf({ tenantId, purpose, id }: SealContext): string {
  return `${tenantId}/${purpose}/${id}`;
}
