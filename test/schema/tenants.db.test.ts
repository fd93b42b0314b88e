import { randomUUID } from 'node:crypto';
import { afterEach, describe, expect, test } from 'vitest';
import type { Scope } from '../../src/auth/principal.ts';
import { ID_PREFIXES, uuidOf } from '../../src/model/ids.ts';
import { type Answer, at, codesOf, eventually, listAt, textAt } from '../kit/answer.ts';
import { CREATE, envelope, PDF, send, SEND, signer, VOID } from '../kit/envelopes.ts';
import { startTestGateway } from '../kit/gateway.ts';
import { documentsFor, type Names, type Own, rootFields, type Visit, visits } from './walk.ts';

const api = await startTestGateway();

interface Tenant {
  readonly tenantId: string;
  readonly token: string;
  readonly account: string;
  /** Envelopes in this order: completed, sent, draft, failed, voided. */
  readonly envelopes: string[];
  readonly recipient: string;
  readonly document: string;
  readonly providerIds: string[];
  readonly externalId: string;
  readonly key: string;
  /** Everything its token can read, as text. */
  readonly all: string;
}

const EVERYTHING = [
  `{ envelopes(first: 20) { logCursor pageInfo { endCursor } nodes { id providerId subject message externalId account { id } } } }`,
  `{ envelopes(first: 20) { nodes { recipients { id email fields { id } } documents { id } commands { id } } } }`,
  `{ envelopes(first: 20) { nodes { timeline { __typename at ... on CommandAsked { command { id } } ... on DeliveryReceived { delivery { id } } ... on EventRecorded { event { id } } } } } }`,
  `{ accounts(first: 20) { pageInfo { endCursor } nodes { id } } }`,
  `{ events(first: 100) { pageInfo { endCursor } nodes { id } } }`,
  `{ webhookDeliveries(first: 100) { pageInfo { endCursor } nodes { id } } }`,
];

/** All that the token can read, as one text. */
async function readAll(token: string): Promise<string> {
  const answers: Answer[] = [];
  for (const document of EVERYTHING) answers.push(await api.gql(token, document));
  expect(answers.flatMap(({ errors }) => errors ?? [])).toEqual([]);
  return JSON.stringify(answers);
}

/** The cursors of a token: place in the log, last row of the envelopes and of the deliveries. */
async function cursorsOf(token: string): Promise<(string | null)[]> {
  const log = await api.gql(token, '{ envelopes(first: 1) { logCursor pageInfo { endCursor } } }');
  const inbox = await api.gql(token, '{ webhookDeliveries(first: 1) { pageInfo { endCursor } } }');
  const paths = [at(log, 'data.envelopes.pageInfo.endCursor'), at(inbox, 'data.webhookDeliveries.pageInfo.endCursor')];
  return [textAt(log, 'data.envelopes.logCursor'), ...paths.map((path) => (typeof path === 'string' ? path : null))];
}

/** A page's cursor beside this one: of the same moment, with an id that is nobody's. */
function neighbour(cursor: string): string {
  const text = Buffer.from(cursor, 'base64url').toString();
  return Buffer.from(`${text.slice(0, -1)}${text.endsWith('0') ? '1' : '0'}`).toString('base64url');
}

/** A tenant with data of every kind, at the same provider account as any other. */
async function inhabited(name: string): Promise<Tenant> {
  const tenantId = randomUUID();
  const token = await api.token({ tenantId });
  const account = await api.connectSandboxAccount(tenantId);
  const externalId = `${name}-external-${randomUUID()}`;
  const key: string = randomUUID();
  const given = (what: string, embedded = false) =>
    envelope(account, {
      subject: `${name} subject of ${what}`,
      message: `${name} message of ${what}`,
      externalId: `${externalId}-${what}`,
      metadata: [{ key: `${name}-metadata`, value: `${name}-value` }],
      recipients: [signer({ name: `${name} Signer`, email: `${name}-${what}@tenant.example`, embedded })],
    });
  const sendOne = async (what: string, idempotencyKey: string = randomUUID()): Promise<Answer> =>
    send(api, token, { envelope: given(what, true) }, { idempotencyKey });
  const completed = await sendOne('completed', key);
  const sent = await sendOne('sent');
  const draft = await api.gql(token, CREATE, { input: { envelope: given('draft') } });
  await api.control('POST', '/faults', {
    route: 'POST /envelopes',
    kind: 'status',
    status: 400,
    body: { errorCode: 'INVALID_REQUEST_PARAMETER', message: `${name} was refused` },
  });
  const failed = await sendOne('failed');
  const voided = await sendOne('voided');
  const ids = [
    textAt(completed, 'data.sendEnvelope.envelope.id'),
    textAt(sent, 'data.sendEnvelope.envelope.id'),
    textAt(draft, 'data.createEnvelope.envelope.id'),
    textAt(failed, 'data.sendEnvelope.failed.id'),
    textAt(voided, 'data.sendEnvelope.envelope.id'),
  ];
  await api.gql(token, VOID, { input: { id: ids[4], reason: `${name} void reason` } });
  const providerIds = [completed, sent].map((answer) => textAt(answer, 'data.sendEnvelope.envelope.providerId'));
  await api.control('POST', `/envelopes/${providerIds[0]}/sign`);
  // Quiet from here on: what is read twice is the same twice.
  await api.control('POST', '/idle');
  await eventually(async () => {
    const answer = await api.gql(token, 'query Q($id: ID!) { envelope(id: $id) { status } }', { id: ids[0] });
    return at(answer, 'data.envelope.status') === 'COMPLETED';
  });
  return {
    tenantId,
    token,
    account,
    envelopes: ids,
    recipient: textAt(sent, 'data.sendEnvelope.envelope.recipients.0.id'),
    document: textAt(sent, 'data.sendEnvelope.envelope.documents.0.id'),
    providerIds,
    externalId,
    key,
    all: await readAll(token),
  };
}

const theirs = await inhabited('theirs');
const mine = await inhabited('mine');
const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g;

/** Every id and cursor of a tenant, and the words that all its texts begin with. */
function secretsOf(tenant: Tenant, word: string): string[] {
  const uuids = tenant.all.match(UUID) ?? [];
  const cursors = [...tenant.all.matchAll(/"(?:logCursor|endCursor)":"([^"]+)"/g)].map(([, cursor = '']) => cursor);
  return [...new Set([tenant.tenantId, ...uuids, ...cursors, `${word} `, `${word}-`])];
}

const secrets = secretsOf(theirs, 'theirs');

function isPresent(text: string | undefined): text is string {
  return text !== undefined;
}

/** What the other tenant has: one id of each kind, and one text for each argument that could find something. */
async function namesOf(tenant: Tenant): Promise<Names> {
  const ids = Object.values(ID_PREFIXES)
    .map((prefix) => new RegExp(`${prefix}_[-0-9a-f]{36}`).exec(tenant.all)?.[0])
    .filter(isPresent);
  const after = await cursorsOf(tenant.token);
  const state = await api.gateway.services.links.sign(
    'signing',
    { tenantId: tenant.tenantId, recipientId: uuidOf('Recipient', tenant.recipient) ?? '' },
    new Date(Date.now() + 3_600_000),
  );
  return {
    ids,
    texts: {
      after: after.map((cursor) => cursor ?? ''),
      state: [state],
      providerIds: [tenant.providerIds[1] ?? ''],
      externalId: [`${tenant.externalId}-sent`],
      idempotencyKey: [tenant.key],
    },
  };
}

/** Names of the same form that nobody has; cursors of a tenant who has nothing. */
async function namesOfNobody(like: Names): Promise<Names> {
  const tenantId = randomUUID();
  const [log] = await cursorsOf(await api.token({ tenantId }));
  return {
    ids: like.ids.map((id) => `${id.slice(0, 4)}${randomUUID()}`),
    texts: {
      after: [log ?? '', ...(like.texts['after'] ?? []).slice(1).map(neighbour)],
      state: [
        await api.gateway.services.links.sign(
          'signing',
          { tenantId, recipientId: randomUUID() },
          new Date(Date.now() + 3_600_000),
        ),
      ],
      providerIds: [randomUUID()],
      externalId: [randomUUID()],
      idempotencyKey: [randomUUID()],
    },
  };
}

const own: Own = {
  ids: {
    id: mine.envelopes[1] ?? '',
    ids: mine.envelopes[1] ?? '',
    accountId: mine.account,
    recipientId: mine.recipient,
    draftId: mine.envelopes[2] ?? '',
    documentId: mine.document,
  },
  texts: {
    idempotencyKey: () => randomUUID(),
    base64: () => PDF,
    filename: () => 'walk.pdf',
    sha256: () => 'a'.repeat(64),
    document: () => 'text',
    email: () => 'walk@tenant.example',
    returnUrl: () => 'https://app.example/back',
  },
};

/** The answer; of a stream the first result. */
async function visit({ kind, document, variables }: Visit, token = mine.token): Promise<Answer> {
  if (kind !== 'subscription') return api.gql(token, document, variables);
  const stream = api.sse(token, document, variables);
  const first = await stream.first(() => true);
  await stream.stop();
  return first;
}

/** Without what differs from one request to the next: ids, times, cursors, signatures. */
function comparable(answer: Answer): unknown {
  const text = JSON.stringify(answer)
    .replaceAll(UUID, '<uuid>')
    .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, '<time>')
    .replaceAll(/"(\w*[cC]ursor|url|sequence)":"[^"]*"/g, '"$1":"<passing>"')
    .replaceAll(/theirs-external-<uuid>-sent/g, '<uuid>');
  return JSON.parse(text);
}

afterEach(async () => {
  await api.control('DELETE', '/faults');
});

/** Codes that would make an answer prove nothing. */
const BROKEN: ReadonlySet<unknown> = new Set(['INTERNAL', 'GRAPHQL_VALIDATION_FAILED', 'QUERY_TOO_COSTLY']);

describe("another tenant's things", async () => {
  const [foreign, nobodys] = [await namesOf(theirs), await namesOfNobody(await namesOf(theirs))];
  const walk = visits(foreign, own);
  const twins = visits(nobodys, own);

  test('are named at every place of the schema where anything can be', () => {
    expect(foreign.ids.map((id) => id.slice(0, 3)).toSorted()).toEqual(Object.values(ID_PREFIXES).toSorted());
    const visited = new Set(walk.map(({ kind, field }) => `${kind} ${field}`));
    const all = (['query', 'mutation', 'subscription'] as const).flatMap((kind) =>
      rootFields(kind).map(({ name }) => `${kind} ${name}`),
    );
    expect([...visited]).toEqual(all);
    const places = walk.map(({ field, place }) => `${field} ${place}`);
    expect(places).toEqual(
      expect.arrayContaining(['envelopes filter.ids', 'events after', 'sendEnvelope input.what.envelope.accountId']),
    );
  });

  test('are not told to a stream of all that happens', async () => {
    const [document = ''] = documentsFor(
      'subscription',
      rootFields('subscription').find(({ name }) => name === 'events') ?? missing(),
    );
    const streams = [
      api.sse(mine.token, document, { from: 'EARLIEST' }),
      api.ws(mine.token, document, { from: 'EARLIEST' }),
    ];
    await send(api, theirs.token, { envelope: envelope(theirs.account, { subject: 'theirs subject of news' }) });
    const sent = await send(api, mine.token, { envelope: envelope(mine.account, { subject: 'mine at last' }) });
    const id = textAt(sent, 'data.sendEnvelope.envelope.id');
    for (const stream of streams) {
      await stream.first((result) => JSON.stringify(result).includes(id));
      const text = JSON.stringify(stream.results);
      expect(secrets.filter((secret) => text.includes(secret))).toEqual([]);
      await stream.stop();
    }
    await api.control('POST', '/idle');
  });

  const byField = Map.groupBy(walk.entries(), ([, { kind, field }]) => `${kind} ${field}`);
  test.each([...byField.keys()])('are not seen, and answered like what does not exist, by %s', async (name) => {
    const told: unknown[] = [];
    const answers: unknown[] = [];
    const answersOfNobody: unknown[] = [];
    for (const [index, foreignVisit] of byField.get(name) ?? []) {
      const { place, variables } = foreignVisit;
      const answer = await visit(foreignVisit);
      // Where nothing is named there is nothing to compare: sending a draft twice differs.
      if (place !== '') {
        answers.push({ place, answer: comparable(answer) });
        answersOfNobody.push({ place, answer: comparable(await visit(twins[index] ?? missing())) });
      }
      // What was asked for may be said again.
      const [asked, text] = [JSON.stringify(variables), JSON.stringify(answer)];
      const seen = secrets.filter((secret) => text.includes(secret) && !asked.includes(secret));
      const codes = codesOf(answer).filter((code) => BROKEN.has(code));
      if (seen.length > 0 || codes.length > 0) told.push({ place, seen, codes, answer });
    }
    expect(told).toEqual([]);
    expect(answers).toEqual(answersOfNobody);
  });
});

function missing(): never {
  throw new Error('the schema has no such field');
}

describe('a token without a scope', async () => {
  const token = await api.token({ tenantId: mine.tenantId, scopes: [] });
  const open = new Set(['viewer']);
  const fields = (['query', 'mutation', 'subscription'] as const).flatMap((kind) =>
    rootFields(kind)
      .filter(({ name }) => !open.has(name))
      .map(({ name }) => ({ kind, name })),
  );

  test.each(fields)('is FORBIDDEN $kind $name', async ({ kind, name }) => {
    const plain =
      visits({ ids: [], texts: {} }, own).find((one) => one.kind === kind && one.field === name) ?? missing();
    const answer = await visit(plain, token);
    expect(answer.data?.[name] ?? null).toBeNull();
    expect(codesOf(answer)).toEqual(['FORBIDDEN']);
    expect(answer.errors?.[0]?.message).toBe('The token lacks the scope for this.');
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
  const [one = '', other = ''] = mine.envelopes;
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
    expect(codesOf(answer)).toEqual(['FORBIDDEN']);
    expect(codesOf(await api.gql(token, SEND, { input: { idempotencyKey: 'k', what: { draftId: one } } }))).toEqual([
      'FORBIDDEN',
    ]);
  });

  test.each(['accounts', 'webhookDeliveries'])('reads no %s', async (field) => {
    expect(codesOf(await api.gql(token, `{ ${field}(first: 1) { nodes { id } } }`))).toEqual(['FORBIDDEN']);
  });

  test("reads nothing when that one is another tenant's", async () => {
    const [foreign = ''] = theirs.envelopes;
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
