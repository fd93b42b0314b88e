import { describe, expect, it } from 'vitest';
import { instantOf } from '../../../src/model/time.ts';
import type { WantedField } from '../../../src/providers/provider.ts';
import { answer } from '../scripted-world.ts';
import { clientOf, ENVELOPE, refusal, restCalls } from './fixtures.ts';

const id = (n: number): string => `0f6a2c1e-8d1b-4b1f-a9f0-${String(n).padStart(12, '0')}`;
const requests = (count: number) => Array.from({ length: count }, (_, n) => ({ providerId: id(n), sawEnd: null }));
const asked = (url: string): string[] => (new URL(url).searchParams.get('envelope_ids') ?? '').split(',');

describe('reading many', () => {
  it('asks for 50 in one request, with their recipients', async () => {
    const { client, world } = clientOf(({ url }) =>
      answer(200, { envelopes: asked(url).map((envelopeId) => ({ envelopeId, status: 'created' })) }),
    );
    const sightings = await client.read(requests(120));
    expect(sightings.map(({ providerId }) => providerId)).toEqual(requests(120).map(({ providerId }) => providerId));
    const urls = restCalls(world).map(({ url }) => url);
    expect(urls.map((url) => asked(url).length)).toEqual([50, 50, 20]);
    for (const url of urls) expect(new URL(url).searchParams.get('include')).toBe('recipients,custom_fields');
  });

  it('follows the pages of a list', async () => {
    const { client, world } = clientOf(({ url }) => {
      const start = Number(new URL(url).searchParams.get('start_position') ?? 0);
      const envelopes = asked(url)
        .slice(start, start + 4)
        .map((envelopeId) => ({ envelopeId, status: 'created' }));
      return answer(200, { envelopes, totalSetSize: '10', startPosition: String(start) });
    });
    expect(await client.read(requests(10))).toHaveLength(10);
    expect(restCalls(world)).toHaveLength(3);
  });

  it('hands each one the end that its request had seen', async () => {
    const sawEnd = instantOf(new Date('2026-01-15T10:00:00Z'));
    const { client } = clientOf(({ url }) =>
      answer(200, { envelopes: asked(url).map((envelopeId) => ({ envelopeId: envelopeId.toUpperCase() })) }),
    );
    const sightings = await client.read([
      { providerId: id(1), sawEnd },
      { providerId: id(2), sawEnd: null },
    ]);
    expect(sightings.map(({ observation }) => [observation.source, observation.sawEnd])).toEqual([
      ['READ', sawEnd],
      ['READ', null],
    ]);
  });

  it('leaves out what DocuSign does not know, and what was not asked for', async () => {
    const { client } = clientOf(() => answer(200, { envelopes: [{ envelopeId: id(1) }, { envelopeId: id(9) }] }));
    const sightings = await client.read(requests(3));
    expect(sightings.map(({ providerId }) => providerId)).toEqual([id(1)]);
  });

  it('of none asks nothing', async () => {
    const { client, world } = clientOf(() => answer(500, ''));
    expect(await client.read([])).toEqual([]);
    expect(world.asked).toEqual([]);
  });
});

const field = (ref: string, recipientRef = '1', label: string | null = null): WantedField => ({
  ref,
  recipientRef,
  kind: 'TEXT',
  label,
  place: { at: { document: 'lease', page: 1, x: 10, y: 20, width: null, height: null } },
});
const completed = (envelopeId: string) => ({
  envelopeId,
  status: 'completed',
  completedDateTime: '2026-01-15T10:00:00Z',
  recipients: { signers: [{ recipientId: '1', tabs: { textTabs: [{ tabLabel: 'fld_1', value: 'DE00' }] } }] },
});

describe('reading the values of fields', () => {
  const sawEnd = instantOf(new Date('2026-01-15T10:00:00Z'));

  it('takes one call of its own for each envelope that is over, and none for the others', async () => {
    const { client, world } = clientOf(({ url }) =>
      new URL(url).searchParams.has('envelope_ids')
        ? answer(200, { envelopes: asked(url).map((envelopeId) => ({ envelopeId, status: 'sent' })) })
        : answer(200, completed(id(1))),
    );
    const readings = await client.read([
      { providerId: id(1), sawEnd, fields: [field('fld_1')] },
      { providerId: id(2), sawEnd: null, fields: [field('fld_2')] },
      { providerId: id(3), sawEnd, fields: [] },
    ]);
    expect(readings.map(({ providerId, values }) => [providerId, values])).toEqual([
      [id(1), new Map([['fld_1', 'DE00']])],
      [id(2), undefined],
      [id(3), undefined],
    ]);
    expect(restCalls(world).map(({ url }) => new URL(url).searchParams.get('include'))).toEqual([
      'recipients,tabs,custom_fields',
      'recipients,custom_fields',
    ]);
  });

  it('takes no call beyond the read that tells of the end, where one envelope is read', async () => {
    const { client, world } = clientOf(() => answer(200, completed(ENVELOPE)));
    const [reading] = await client.read([{ providerId: ENVELOPE, sawEnd: null, fields: [field('fld_1')] }]);
    expect(reading?.values).toEqual(new Map([['fld_1', 'DE00']]));
    expect(restCalls(world)).toHaveLength(1);
  });
});

describe('reading one', () => {
  it('goes to the envelope itself, whose answer lags behind nothing', async () => {
    const { client, world } = clientOf(() => answer(200, { envelopeId: ENVELOPE, status: 'created' }));
    expect(await client.read([{ providerId: ENVELOPE, sawEnd: null }])).toHaveLength(1);
    expect(new URL(restCalls(world)[0]?.url ?? '').pathname).toMatch(new RegExp(`/envelopes/${ENVELOPE}$`));
  });

  it('that is unknown is left out', async () => {
    const { client } = clientOf(() => refusal(404, 'ENVELOPE_DOES_NOT_EXIST'));
    expect(await client.read([{ providerId: ENVELOPE, sawEnd: null }])).toEqual([]);
  });

  it('never leaves the account by an id that is a path', async () => {
    const { client, world } = clientOf(() => refusal(404, 'ENVELOPE_DOES_NOT_EXIST'));
    await client.read([{ providerId: '../../users', sawEnd: null }]);
    expect(restCalls(world)[0]?.url).toContain('/envelopes/..%2F..%2Fusers');
    await expect(client.read([{ providerId: '..', sawEnd: null }])).rejects.toThrow(TypeError);
  });
});
