import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { type Scope, SCOPES } from '../../src/auth/principal.ts';
import { uuidOf } from '../../src/model/ids.ts';
import { type Answer, at, codesOf, eventually, listAt } from '../kit/answer.ts';
import { SEND, VOID } from '../kit/envelopes.ts';
import { startTestGateway } from '../kit/gateway.ts';
import { inhabited, ownOf } from './inhabited.ts';
import { type Kind, rootFields, visits } from './walk.ts';

const api = await startTestGateway();
const theirs = await inhabited(api, 'theirs');
const mine = await inhabited(api, 'mine');

describe('a token without a scope', async () => {
  const token = await api.token({ tenantId: mine.tenantId, scopes: [] });
  /** The answer; of a stream the first result. */
  const ask = async (kind: Kind, document: string, variables: object = {}): Promise<Answer> => {
    if (kind !== 'subscription') return api.gql(token, document, variables);
    const stream = api.sse(token, document, variables);
    return stream.first(() => true);
  };
  const open = new Set(['viewer']);
  const fields = (['query', 'mutation', 'subscription'] as const).flatMap((kind) =>
    rootFields(kind)
      .filter(({ name }) => !open.has(name))
      .map(({ name }) => ({ kind, name })),
  );

  test.each(fields)('is FORBIDDEN $kind $name', async ({ kind, name }) => {
    const plain = visits({ ids: [], texts: {} }, ownOf(api, mine)).find(
      (one) => one.kind === kind && one.field === name,
    );
    const answer = await ask(kind, plain?.document ?? '', plain?.variables);
    expect(answer.data?.[name] ?? null).toBeNull();
    expect(codesOf(answer)).toEqual(['FORBIDDEN']);
    const { message, extensions } = answer.errors?.[0] ?? {};
    const { requiredScope } = z.object({ requiredScope: z.enum(SCOPES) }).parse(extensions);
    expect(extensions).toEqual({ code: 'FORBIDDEN', requiredScope, claims: ['scope', 'scp', 'scopes'] });
    expect(message).toBe(
      `The token lacks the scope \`${requiredScope}\`. Scopes were looked for in its claims \`scope\`, \`scp\`, \`scopes\`.`,
    );
    expect(requiredScope.endsWith(kind === 'mutation' ? ':write' : ':read')).toBe(true);
  });

  test('is told the same over HTTP, server-sent events and WebSocket', async () => {
    const document = 'subscription { events { cursor } }';
    const [overHttp, overSse, overWebSocket] = await Promise.all([
      api.gql(token, '{ events(first: 1) { nodes { id } } }'),
      api.sse(token, document).first(() => true),
      api.ws(token, document).first(() => true),
    ]);
    const said = [overHttp, overSse, overWebSocket].map(({ errors }) => {
      const { message, extensions } = errors?.[0] ?? {};
      return { message, extensions };
    });
    expect(said[0]?.extensions).toMatchObject({ code: 'FORBIDDEN', requiredScope: 'envelopes:read' });
    expect(said).toEqual([said[0], said[0], said[0]]);
  });

  test('learns who it is all the same', async () => {
    const answer = await api.gql(token, '{ viewer { tenant subject scopes envelopes } }');
    expect(answer).toEqual({
      data: { viewer: { tenant: mine.tenantId, subject: 'tester', scopes: [], envelopes: null } },
    });
  });

  test('of reading envelopes sees none of them by way of what it may read', async () => {
    const some = await api.token({ tenantId: mine.tenantId, scopes: ['deliveries:read', 'accounts:read'] });
    const answer = await api.gql(
      some,
      '{ webhookDeliveries(first: 50) { nodes { id body envelope { id subject } } } }',
    );
    expect(JSON.stringify(answer)).not.toContain('mine subject');
    expect(new Set(codesOf(answer))).toEqual(new Set(['FORBIDDEN']));
  });
});

describe('a token narrowed to one envelope', async () => {
  const { completed: one, sent: other } = mine;
  const token = await api.token({ tenantId: mine.tenantId, envelopes: [uuidOf('Envelope', one) ?? ''] });
  const ids = [one, other];

  test('reads that one and no other', async () => {
    const answer = await api.gql(
      token,
      'query Q($one: ID!, $other: ID!) { one: envelope(id: $one) { id } other: envelope(id: $other) { id } }',
      { one, other },
    );
    expect(answer).toEqual({ data: { one: { id: one }, other: null } });
  });

  test.each([{}, { ids }, { ids: [other] }])('lists that one alone for %j', async (filter) => {
    const answer = await api.gql(
      token,
      'query Q($f: EnvelopeFilter) { envelopes(first: 50, filter: $f) { nodes { id } } }',
      { f: filter },
    );
    const expected = 'ids' in filter && !filter.ids.includes(one) ? [] : [{ id: one }];
    expect(answer).toEqual({ data: { envelopes: { nodes: expected } } });
  });

  test('pages and follows its events alone', async () => {
    const page = await api.gql(token, '{ events(first: 200) { nodes { envelope { id } } } }');
    const about = listAt(page, 'data.events.nodes').map((event) => at(event, 'envelope.id'));
    expect(new Set(about)).toEqual(new Set([one]));
    const stream = api.ws(token, 'subscription { events(from: EARLIEST) { event { envelope { id } } } }');
    await eventually(() => stream.results.length > about.length);
    const followed = stream.results.flatMap((result) => at(result, 'data.events.event.envelope.id') ?? []);
    expect(followed).toEqual(about);
    await stream.stop();
  });

  test('follows that one, and of another nothing', async () => {
    const document = 'subscription S($id: ID!) { envelope(id: $id) { id status } }';
    const [good, bad] = [api.sse(token, document, { id: one }), api.sse(token, document, { id: other })];
    expect(await good.first(() => true)).toMatchObject({ data: { envelope: { id: one, status: 'COMPLETED' } } });
    expect(await bad.first(() => true)).toEqual({ data: { envelope: null } });
    await eventually(() => bad.ended);
    await good.stop();
  });

  test('finds no node of anything else', async () => {
    const all = mine.all.match(/(?:env|acc|rcp|evt|dlv)_[-0-9a-f]{36}/g) ?? [];
    const nodes = await api.gql(token, 'query Q($ids: [ID!]!) { nodes(ids: $ids) { id __typename } }', {
      ids: [...new Set(all)].slice(0, 100),
    });
    const found = listAt(nodes, 'data.nodes').filter((node) => node !== null);
    const types = new Set(found.map((node) => at(node, '__typename')));
    expect(types).toEqual(new Set(['Envelope', 'Recipient', 'EnvelopeEvent']));
    expect(found.filter((node) => at(node, '__typename') === 'Envelope')).toEqual([
      { id: one, __typename: 'Envelope' },
    ]);
    expect(found.filter((node) => at(node, '__typename') === 'Recipient')).toHaveLength(1);
  });

  test('changes nothing, not even that one', async () => {
    const answer = await api.gql(token, VOID, { input: { id: one, reason: 'Mine' } });
    expect(answer.errors?.[0]).toMatchObject({
      message:
        'The claim `envelopes` narrows the token to reading and following some envelopes, so it may not do what takes the scope `envelopes:write`.',
      extensions: { code: 'FORBIDDEN', requiredScope: 'envelopes:write', claims: ['envelopes'] },
    });
    expect(codesOf(await api.gql(token, SEND, { input: { idempotencyKey: 'k', what: { draftId: one } } }))).toEqual([
      'FORBIDDEN',
    ]);
  });

  test.each(['accounts', 'webhookDeliveries'])('reads no %s', async (field) => {
    expect(codesOf(await api.gql(token, `{ ${field}(first: 1) { nodes { id } } }`))).toEqual(['FORBIDDEN']);
  });

  test("reads nothing when that one is another tenant's", async () => {
    const { completed: foreign } = theirs;
    const wrong = await api.token({ tenantId: mine.tenantId, envelopes: [uuidOf('Envelope', foreign) ?? ''] });
    const answer = await api.gql(
      wrong,
      'query Q($id: ID!) { envelope(id: $id) { id } envelopes(first: 9) { nodes { id } } events(first: 9) { nodes { id } } }',
      { id: foreign },
    );
    expect(answer).toEqual({ data: { envelope: null, envelopes: { nodes: [] }, events: { nodes: [] } } });
  });
});

describe('scopes', () => {
  test.each<[Scope, string]>([
    ['envelopes:read', '{ envelopes(first: 1) { nodes { id } } }'],
    ['accounts:read', '{ accounts(first: 1) { nodes { id } } }'],
    ['deliveries:read', '{ webhookDeliveries(first: 1) { nodes { id } } }'],
  ])('%s is enough for %s', async (scope, document) => {
    const answer = await api.gql(await api.token({ tenantId: mine.tenantId, scopes: [scope] }), document);
    expect(answer.errors).toBeUndefined();
  });
});
