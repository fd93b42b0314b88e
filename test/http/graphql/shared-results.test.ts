import { getOperationAST, parse } from 'graphql';
import { describe, expect, it } from 'vitest';
import type { Principal } from '../../../src/auth/principal.ts';
import { createSharedResults, viewerOf } from '../../../src/http/graphql/shared-results.ts';
import { manualWorld } from '../../kit/manual-world.ts';

function results() {
  const world = manualWorld();
  const shared = createSharedResults(world);
  let made = 0;
  const make = async () => {
    made += 1;
    return { data: { made } };
  };
  return { shared, world, make, made: () => made };
}

describe('the result of one message', () => {
  const message = { cursor: 'a' };

  it('is made once for all who are told the same, also while it is being made', async () => {
    const { shared, make, made } = results();
    const told = await Promise.all([1, 2, 3].map(() => shared.of(message, 'viewer', make)));
    expect(told).toEqual([{ data: { made: 1 } }, { data: { made: 1 } }, { data: { made: 1 } }]);
    expect(made()).toBe(1);
  });

  it('is made again for another viewer and for another message', async () => {
    const { shared, make, made } = results();
    await shared.of(message, 'one', make);
    await shared.of(message, 'other', make);
    await shared.of({ cursor: 'a' }, 'one', make);
    expect(made()).toBe(3);
  });

  it('is made again when a moment has passed, since it may tell how things are now', async () => {
    const { shared, make, made, world } = results();
    await shared.of(message, 'viewer', make);
    world.advance(249);
    await shared.of(message, 'viewer', make);
    expect(made()).toBe(1);
    world.advance(1);
    await shared.of(message, 'viewer', make);
    expect(made()).toBe(2);
  });

  it('is never shared when it holds an error, which names its own request', async () => {
    const { shared } = results();
    const failed = { errors: [] };
    await shared.of(message, 'viewer', async () => failed);
    const own = { data: { own: true } };
    expect(await shared.of(message, 'viewer', async () => own)).toBe(own);
  });

  it('is never shared when the source yields nothing that could be told apart', async () => {
    const { shared, make, made } = results();
    await shared.of(undefined, 'viewer', make);
    await shared.of(undefined, 'viewer', make);
    expect(made()).toBe(2);
  });
});

describe('a viewer', () => {
  const QUERY = `subscription Follow($after: String, $short: Boolean!) {
    events(after: $after) { cursor ...News }
  }
  fragment News on EnvelopeEventMessage { event { id subject @skip(if: $short) } }`;
  const ada: Principal = {
    tenantId: 'tenant',
    subject: 'ada',
    scopes: new Set(['envelopes:read', 'deliveries:read']),
    scopeClaims: ['scope'],
    envelopes: null,
    expiresAt: new Date('2030-01-01'),
  };
  const viewer = (principal: Principal, variables: Record<string, unknown>, query = QUERY): string => {
    const document = parse(query);
    const operation = getOperationAST(document);
    if (!operation) throw new Error('no operation');
    return viewerOf(principal, query, document, operation, variables);
  };
  const own = viewer(ada, { after: 'x', short: true });

  it('is the same wherever it goes on from, whoever it is and however long the token lives', () => {
    expect(viewer(ada, { short: true, after: 'y' })).toBe(own);
    const bo = { ...ada, subject: 'bo', scopes: new Set([...ada.scopes].toReversed()), expiresAt: new Date(0) };
    expect(viewer(bo, { after: 'x', short: true })).toBe(own);
  });

  it.each([
    ['another tenant', { ...ada, tenantId: 'other' }],
    ['fewer scopes', { ...ada, scopes: new Set(['envelopes:read'] as const) }],
    ['a token that is narrowed to some envelopes', { ...ada, envelopes: new Set(['one']) }],
    ['a token that is narrowed to none', { ...ada, envelopes: new Set<string>() }],
  ])('is another one with %s', (_what, principal) => {
    expect(viewer(principal, { after: 'x', short: true })).not.toBe(own);
  });

  it('is another one with a variable that selects, or another text', () => {
    expect(viewer(ada, { after: 'x', short: false })).not.toBe(own);
    expect(viewer(ada, { after: 'x', short: true }, QUERY.replace('subject', 'status'))).not.toBe(own);
  });
});
