import { randomBytes } from 'node:crypto';
import { CompactEncrypt, errors } from 'jose';
import { describe, expect, it } from 'vitest';
import { createSealer, type SecretKey } from '../../src/auth/sealer.ts';

const key = (kid: string): SecretKey => ({ kid, key: randomBytes(32) });
const context = { tenantId: 'tenant-1', purpose: 'credentials', id: 'row-1' };

describe('a sealed secret', () => {
  const ring = [key('second'), key('first')];
  const sealer = createSealer(ring);

  it('opens in the context it was sealed for', async () => {
    expect(await sealer.open(await sealer.seal('s3cret ✓', context), context)).toBe('s3cret ✓');
  });

  it('never looks the same twice', async () => {
    expect(await sealer.seal('s3cret', context)).not.toBe(await sealer.seal('s3cret', context));
  });

  it.each([
    ['tenant', { ...context, tenantId: 'tenant-2' }],
    ['purpose', { ...context, purpose: 'webhook-keys' }],
    ['row', { ...context, id: 'row-2' }],
  ])('does not open for another %s', async (_what, other) => {
    const sealed = await sealer.seal('s3cret', context);
    await expect(sealer.open(sealed, other)).rejects.toThrow('where another belongs');
  });

  it('does not open when any of its parts is changed', async () => {
    const parts = (await sealer.seal('s3cret', context)).split('.');
    for (const index of [0, 2, 3, 4]) {
      const part = parts[index] ?? '';
      const changed = parts.with(index, (part.startsWith('A') ? 'B' : 'A') + part.slice(1)).join('.');
      await expect(sealer.open(changed, context)).rejects.toBeInstanceOf(errors.JOSEError);
    }
  });

  it('does not open when its context is rewritten in the header', async () => {
    const [header = '', ...rest] = (await sealer.seal('s3cret', context)).split('.');
    const moved = Buffer.from(header, 'base64url').toString().replace('row-1', 'row-2');
    const forged = [Buffer.from(moved).toString('base64url'), ...rest].join('.');
    await expect(sealer.open(forged, { ...context, id: 'row-2' })).rejects.toBeInstanceOf(errors.JOSEError);
  });

  it('opens under every key of the ring, and is sealed under the first', async () => {
    const [second, first] = ring as [SecretKey, SecretKey];
    const before = createSealer([first]);
    const old = await before.seal('s3cret', context);
    expect(await sealer.open(old, context)).toBe('s3cret');
    await expect(before.open(await sealer.seal('s3cret', context), context)).rejects.toThrow('second');
    expect(await createSealer([second]).open(await sealer.seal('s3cret', context), context)).toBe('s3cret');
  });

  it('says which key is missing when one was taken from the ring too early', async () => {
    const old = await createSealer([key('retired')]).seal('s3cret', context);
    await expect(sealer.open(old, context)).rejects.toThrow('retired');
  });

  it('does not open under a key of the same name and other bytes', async () => {
    const other = createSealer([key('first')]);
    await expect(sealer.open(await other.seal('s3cret', context), context)).rejects.toBeInstanceOf(errors.JOSEError);
  });

  it('is taken in no other form of encryption', async () => {
    const [first] = ring as [SecretKey];
    const wrapped = await new CompactEncrypt(Buffer.from('s3cret'))
      .setProtectedHeader({ alg: 'A256GCMKW', enc: 'A256GCM', kid: first.kid, 'cs-for': 'tenant-1/credentials/row-1' })
      .encrypt(first.key);
    await expect(sealer.open(wrapped, context)).rejects.toBeInstanceOf(errors.JOSEError);
  });

  it('needs a key', () => {
    expect(() => createSealer([])).toThrow(TypeError);
  });
});
