import { describe, expect, it } from 'vitest';
import { answer } from '../scripted-world.ts';
import { clientOf, restCalls } from './fixtures.ts';

const SINCE = new Date('2026-01-15T10:00:00Z');
const id = (n: number): string => `0f6a2c1e-8d1b-4b1f-a9f0-${String(n).padStart(12, '0')}`;

describe('what has changed in an account', () => {
  it('is asked for page by page, the newest first, so that nothing slips by between two pages', async () => {
    const { client, world } = clientOf(({ url }) => {
      const start = Number(new URL(url).searchParams.get('start_position') ?? 0);
      const envelopes = [1, 2, 3].slice(start, start + 2).map((n) => ({ envelopeId: id(n), status: 'created' }));
      return answer(200, { envelopes, totalSetSize: '3' });
    });
    const first = await client.changedSince?.({ since: SINCE, page: null });
    const second = await client.changedSince?.({ since: SINCE, page: first?.next ?? null });
    expect([first, second].map((page) => page?.sightings.map(({ providerId }) => providerId))).toEqual([
      [id(1), id(2)],
      [id(3)],
    ]);
    expect(second?.next).toBeNull();
    expect(restCalls(world).map(({ url }) => Object.fromEntries(new URL(url).searchParams))).toEqual([
      {
        from_date: '2026-01-15T10:00:00.000Z',
        from_to_status: 'changed',
        order_by: 'last_modified',
        order: 'desc',
        count: '100',
        include: 'recipients,custom_fields',
      },
      expect.objectContaining({ start_position: '2' }),
    ]);
  });

  it.each([{}, { envelopes: null }, { envelopes: [], totalSetSize: '7' }])('is nothing in %j', async (body) => {
    const { client } = clientOf(() => answer(200, body));
    expect(await client.changedSince?.({ since: SINCE, page: null })).toEqual({ sightings: [], next: null });
  });

  it('is told as heard by a sweep, and undoes no end', async () => {
    const { client } = clientOf(() => answer(200, { envelopes: [{ envelopeId: id(1), status: 'created' }] }));
    const page = await client.changedSince?.({ since: SINCE, page: null });
    expect(page?.sightings[0]?.observation).toMatchObject({ source: 'SWEEP', sawEnd: null });
  });
});
