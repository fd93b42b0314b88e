import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { createRouteCache, REMEMBER_MS, type WebhookRoute } from '../../src/accounts/route-cache.ts';
import { fakeProvider } from '../kit/fake-provider.ts';
import { manualWorld } from '../kit/manual-world.ts';

const route: WebhookRoute = {
  tenantId: randomUUID(),
  accountId: randomUUID(),
  provider: fakeProvider(),
  providerAccountId: 'account-1',
  keys: ['k'],
};

/** A cache over look-ups that are counted; the hash `known` is the only one that leads somewhere. */
function counting(
  answer: (hash: string) => Promise<WebhookRoute | null> = async (hash) => (hash === 'known' ? route : null),
) {
  const loaded: string[] = [];
  const world = manualWorld();
  const cache = createRouteCache(world, (_provider, hash) => {
    loaded.push(hash);
    return answer(hash);
  });
  return { loaded, world, cache, find: (hash: string) => cache.find('docusign', hash) };
}

describe('the memory of webhook addresses', () => {
  it('looks up once for a burst', async () => {
    const { loaded, find } = counting();
    const found = await Promise.all(Array.from({ length: 100 }, () => find('known')));
    expect(found.every((one) => one === route)).toBe(true);
    expect(loaded).toEqual(['known']);
  });

  it('ends after half a minute', async () => {
    const { loaded, world, find } = counting();
    await find('known');
    world.advance(REMEMBER_MS - 1);
    await find('known');
    world.advance(1);
    await find('known');
    expect(loaded).toHaveLength(2);
  });

  it("holds addresses that are nobody's too", async () => {
    const { loaded, find } = counting();
    expect([await find('made-up'), await find('made-up')]).toEqual([null, null]);
    expect(loaded).toEqual(['made-up']);
  });

  it('keeps real addresses through a flood of made-up ones', async () => {
    const { loaded, find } = counting();
    await find('known');
    for (let n = 0; n < 25_000; n += 1) await find(`made-up-${n}`);
    await find('known');
    expect(loaded.filter((hash) => hash === 'known')).toHaveLength(1);
    // Those of the flood's beginning are forgotten: the memory is bounded.
    await find('made-up-0');
    await find('made-up-24999');
    expect(loaded.filter((hash) => hash === 'made-up-0')).toHaveLength(2);
    expect(loaded.filter((hash) => hash === 'made-up-24999')).toHaveLength(1);
  });

  it('holds no look-up that failed', async () => {
    let broken = true;
    const { find } = counting(async () => {
      if (broken) throw new Error('the database is away');
      return route;
    });
    await expect(find('known')).rejects.toThrow('the database is away');
    broken = false;
    expect(await find('known')).toBe(route);
  });

  it('holds nothing that was looked up before it was cleared', async () => {
    const waiting: ((found: WebhookRoute) => void)[] = [];
    const { loaded, cache, find } = counting(() => new Promise((resolve) => waiting.push(resolve)));
    const before = find('known');
    cache.clear();
    const after = find('known');
    const renewed = { ...route, keys: ['k', 'k-new'] };
    waiting[1]?.(renewed);
    waiting[0]?.(route);
    expect(await before).toBe(route);
    expect(await after).toBe(renewed);
    expect(await find('known')).toBe(renewed);
    expect(loaded).toHaveLength(2);
  });
});
