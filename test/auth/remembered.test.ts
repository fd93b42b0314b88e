import { describe, expect, it } from 'vitest';
import { type Principal, Unauthenticated } from '../../src/auth/principal.ts';
import { REMEMBER_MS, remembering } from '../../src/auth/remembered.ts';
import { manualWorld } from '../kit/manual-world.ts';
import { TENANT } from './forge.ts';

/** A verifier that counts, and believes every token but `bad` for so long. */
function counted(lifeMs = 60_000) {
  const world = manualWorld();
  const asked: (string | undefined)[] = [];
  const inner = {
    verify: async (authorization: string | undefined): Promise<Principal> => {
      asked.push(authorization);
      if (authorization === 'bad') throw new Unauthenticated('no');
      return {
        tenantId: TENANT,
        subject: authorization ?? '',
        scopes: new Set(),
        scopeClaims: ['scope'],
        envelopes: null,
        expiresAt: new Date(world.now().getTime() + lifeMs),
      };
    },
  };
  return { world, asked, verify: remembering(inner, world).verify };
}

describe('a token that was just believed', () => {
  it('is not verified again, and names who it named', async () => {
    const { asked, verify } = counted();
    expect(await verify('a')).toBe(await verify('a'));
    expect(asked).toEqual(['a']);
  });

  it('says nothing of another token', async () => {
    const { asked, verify } = counted();
    await verify('a');
    expect((await verify('b')).subject).toBe('b');
    expect(asked).toEqual(['a', 'b']);
  });

  it('is verified again once the memory is old', async () => {
    const { world, asked, verify } = counted();
    await verify('a');
    world.advance(REMEMBER_MS - 1);
    await verify('a');
    expect(asked).toEqual(['a']);
    world.advance(1);
    await verify('a');
    expect(asked).toEqual(['a', 'a']);
  });

  it('is verified again once it has ended', async () => {
    const { world, asked, verify } = counted(REMEMBER_MS / 2);
    await verify('a');
    world.advance(REMEMBER_MS / 2);
    await verify('a');
    expect(asked).toEqual(['a', 'a']);
  });

  it('pushes out the oldest of a thousand', async () => {
    const { asked, verify } = counted();
    for (let n = 0; n <= 1_000; n++) await verify(`t${n}`);
    asked.length = 0;
    await verify('t1');
    await verify('t0');
    expect(asked).toEqual(['t0']);
  });
});

describe('a token that was refused', () => {
  it('is judged anew each time', async () => {
    const { asked, verify } = counted();
    await expect(verify('bad')).rejects.toThrow(Unauthenticated);
    await expect(verify('bad')).rejects.toThrow(Unauthenticated);
    expect(asked).toEqual(['bad', 'bad']);
  });
});
