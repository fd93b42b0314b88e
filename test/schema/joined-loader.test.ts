import { describe, expect, it } from 'vitest';
import { joinedLoader } from '../../src/schema/joined-loader.ts';
import { manualWorld } from '../kit/manual-world.ts';

/** A loader whose look-ups are answered by hand, in the order they were asked. */
function byHand() {
  const world = manualWorld();
  const asked: (readonly string[])[] = [];
  const open: { resolve: () => void; reject: (error: Error) => void }[] = [];
  const loader = joinedLoader(world, (keys) => {
    asked.push(keys);
    return new Promise<(key: string) => string>((resolve, reject) =>
      open.push({ resolve: () => resolve((key) => key.toUpperCase()), reject }),
    );
  });
  return { world, asked, open, loader };
}

/** Until all that is to happen without a look-up's answer has happened. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('look-ups', () => {
  it('of one turn are one, each key once, and everyone gets their own', async () => {
    const { asked, open, loader } = byHand();
    const loaded = Promise.all([loader.load('a'), loader.load('b'), loader.load('a')]);
    await settled();
    expect(asked).toEqual([['a', 'b']]);
    open[0]?.resolve();
    expect(await loaded).toEqual(['A', 'B', 'A']);
  });

  it('that come while one is in flight share the next', async () => {
    const { asked, open, loader } = byHand();
    const first = loader.load('a');
    await settled();
    const second = loader.load('b');
    await settled();
    const third = loader.load('c');
    await settled();
    expect(asked).toEqual([['a']]);
    open[0]?.resolve();
    expect(await first).toBe('A');
    await settled();
    expect(asked).toEqual([['a'], ['b', 'c']]);
    open[1]?.resolve();
    expect(await Promise.all([second, third])).toEqual(['B', 'C']);
  });

  it('begin after they were asked for: what is in flight answers nobody who came later', async () => {
    const { asked, open, loader } = byHand();
    void loader.load('a');
    await settled();
    const later = loader.load('a');
    await settled();
    open[0]?.resolve();
    await settled();
    expect(asked).toEqual([['a'], ['a']]);
    open[1]?.resolve();
    expect(await later).toBe('A');
  });

  it('do not wait for one that takes long', async () => {
    const { world, asked, open, loader } = byHand();
    const slow = loader.load('slow');
    await settled();
    const quick = loader.load('quick');
    await settled();
    world.advance(49);
    await settled();
    expect(asked).toEqual([['slow']]);
    world.advance(1);
    await settled();
    expect(asked).toEqual([['slow'], ['quick']]);
    open[1]?.resolve();
    expect(await quick).toBe('QUICK');
    open[0]?.resolve();
    expect(await slow).toBe('SLOW');
  });

  it('that failed fail those who shared them and no other', async () => {
    const { open, loader } = byHand();
    const failed = Promise.allSettled([loader.load('a'), loader.load('b')]);
    await settled();
    open[0]?.reject(new Error('the database is gone'));
    expect((await failed).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    const after = loader.load('a');
    await settled();
    open[1]?.resolve();
    expect(await after).toBe('A');
  });
});
