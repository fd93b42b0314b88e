import { randomBytes } from 'node:crypto';
import { SignJWT } from 'jose';
import { describe, expect, it } from 'vitest';
import { createSignedLinks } from '../../src/auth/signed-links.ts';
import { manualWorld } from '../kit/manual-world.ts';

const ring = [{ kid: 'k1', key: randomBytes(32) }];
const payload = { envelope: 'env_1', document: 'doc_1' };
const minute = (world: { now(): Date }): Date => new Date(world.now().getTime() + 60_000);

describe('a signed link', () => {
  const world = manualWorld();
  const links = createSignedLinks(ring, world);

  it('proves its payload', async () => {
    const token = await links.sign('download', payload, minute(world));
    expect(await links.verify('download', token)).toMatchObject(payload);
  });

  it('fits into an address as it stands', async () => {
    expect(await links.sign('download', payload, minute(world))).toMatch(/^[\w.-]+$/);
  });

  it('is worth nothing for another purpose', async () => {
    expect(await links.verify('signing', await links.sign('download', payload, minute(world)))).toBeNull();
  });

  it('ends when its time is over', async () => {
    const moving = manualWorld();
    const token = await createSignedLinks(ring, moving).sign('download', payload, minute(moving));
    moving.advance(59_000);
    expect(await createSignedLinks(ring, moving).verify('download', token)).not.toBeNull();
    moving.advance(1_000);
    expect(await createSignedLinks(ring, moving).verify('download', token)).toBeNull();
  });

  it('outlives a rotation, and ends with its key', async () => {
    const token = await links.sign('download', payload, minute(world));
    const newer = { kid: 'k2', key: randomBytes(32) };
    expect(await createSignedLinks([newer, ...ring], world).verify('download', token)).toMatchObject(payload);
    expect(await createSignedLinks([newer], world).verify('download', token)).toBeNull();
  });

  it('is not made by whoever holds another key, the sealing key itself included', async () => {
    const [first] = ring;
    const forged = await new SignJWT(payload)
      .setProtectedHeader({ alg: 'HS256', typ: 'cs-link', kid: 'k1' })
      .setAudience('download')
      .setExpirationTime(minute(world))
      .sign(first?.key ?? Buffer.alloc(32));
    expect(await links.verify('download', forged)).toBeNull();
  });

  it.each(['', 'x', 'a.b.c', '\0', `eyJhbGciOiJub25lIn0.${Buffer.from('{}').toString('base64url')}.`])(
    'is not %j',
    async (token) => {
      expect(await links.verify('download', token)).toBeNull();
    },
  );
});
