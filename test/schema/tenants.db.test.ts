import { randomUUID } from 'node:crypto';
import { isObjectType, parse, TypeInfo, visit as visitNodes, visitWithTypeInfo } from 'graphql';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { ID_PREFIXES } from '../../src/model/ids.ts';
import { schema } from '../../src/schema/schema.ts';
import { type Answer, at, codesOf, textAt } from '../kit/answer.ts';
import { envelope, send } from '../kit/envelopes.ts';
import { startTestGateway } from '../kit/gateway.ts';
import { EVERYTHING, inhabited, ownOf, readAll, signingState, type Tenant } from './inhabited.ts';
import { documentsFor, type Names, rootFields, type Visit, visits } from './walk.ts';

const api = await startTestGateway();
const theirs = await inhabited(api, 'theirs');
const mine = await inhabited(api, 'mine');
const own = ownOf(api, mine);
const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g;

/** Every id and cursor of a tenant, and the words that all its texts begin with. */
function secretsOf(tenant: Tenant, word: string): string[] {
  const uuids = tenant.all.match(UUID) ?? [];
  const cursors = [...tenant.all.matchAll(/"(?:logCursor|endCursor)":"([^"]+)"/g)].map(([, cursor = '']) => cursor);
  return [...new Set([tenant.tenantId, tenant.upload, ...uuids, ...cursors, `${word} `, `${word}-`])];
}

const secrets = secretsOf(theirs, 'theirs');

function isPresent(text: string | undefined): text is string {
  return text !== undefined;
}

function missing(): never {
  throw new Error('the schema has no such field');
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

/** What the other tenant has: ids of each kind, and one text for each argument that could find something. */
async function namesOf(tenant: Tenant): Promise<Names> {
  const ids = Object.values(ID_PREFIXES)
    .map((prefix) => new RegExp(`${prefix}_[-0-9a-f]{36}`).exec(tenant.all)?.[0])
    .filter(isPresent);
  const after = await cursorsOf(tenant.token);
  return {
    ids: [...ids, tenant.spareAccount, tenant.mailed, ...tenant.drafts.slice(0, 1), tenant.upload],
    texts: {
      after: after.map((cursor) => cursor ?? ''),
      state: [tenant.state],
      providerIds: [tenant.providerIdOfSent],
      externalId: [tenant.externalIdOfSent],
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
      state: [await signingState(api, tenantId, randomUUID())],
      providerIds: [randomUUID()],
      externalId: [randomUUID()],
      idempotencyKey: [randomUUID()],
    },
  };
}

/** The answer; of a stream the first result. */
async function visit({ kind, document, variables }: Visit): Promise<Answer> {
  if (kind !== 'subscription') return api.gql(mine.token, document, variables);
  const stream = api.sse(mine.token, document, variables);
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
    // The provider's default is told by a webhook, before or after the answer to the send.
    .replaceAll(/"expiresAt":(?:null|"<time>")/g, '"expiresAt":"<passing>"')
    .replaceAll(/theirs-external-<uuid>-sent/g, '<uuid>');
  return JSON.parse(text);
}

/** `Type.field` of all that the documents select. */
function selectedBy(documents: readonly string[]): Set<string> {
  const selected = new Set<string>();
  const info = new TypeInfo(schema);
  const Field = ({ name }: { name: { value: string } }) =>
    void selected.add(`${info.getParentType()?.name}.${name.value}`);
  for (const document of new Set(documents)) visitNodes(parse(document), visitWithTypeInfo(info, { Field }));
  return selected;
}

/** `Type.field` of the whole schema. */
function allFields(): string[] {
  return Object.values(schema.getTypeMap())
    .filter((type) => isObjectType(type) && !type.name.startsWith('__'))
    .flatMap((type) => (isObjectType(type) ? Object.keys(type.getFields()).map((name) => `${type.name}.${name}`) : []));
}

/** Names of the types of all objects in an answer. */
function typesIn(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return [];
  const type = at(value, '__typename');
  return [...(typeof type === 'string' ? [type] : []), ...Object.values(value).flatMap(typesIn)];
}

afterEach(async () => {
  await api.control('DELETE', '/faults');
});

/** Codes that would make an answer prove nothing. */
const BROKEN: ReadonlySet<unknown> = new Set(['INTERNAL', 'GRAPHQL_VALIDATION_FAILED', 'QUERY_TOO_COSTLY']);

describe("another tenant's news", () => {
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
});

describe("another tenant's things", async () => {
  const [foreign, nobodys] = [await namesOf(theirs), await namesOfNobody(await namesOf(theirs))];
  const walk = visits(foreign, own);
  const twins = visits(nobodys, own);
  let before = '';
  beforeAll(async () => {
    before = await readAll(api, theirs.token);
  });

  test('are named at every place of the schema where anything can be', () => {
    expect([...new Set(foreign.ids.map((id) => id.slice(0, 3)))].toSorted()).toEqual(
      Object.values(ID_PREFIXES).toSorted(),
    );
    const visited = new Set(walk.map(({ kind, field }) => `${kind} ${field}`));
    const all = (['query', 'mutation', 'subscription'] as const).flatMap((kind) =>
      rootFields(kind).map(({ name }) => `${kind} ${name}`),
    );
    expect([...visited]).toEqual(all);
    const places = walk.map(({ field, place }) => `${field} ${place}`);
    expect(places).toEqual(
      expect.arrayContaining([
        'envelopes filter.ids',
        'events after',
        'sendEnvelope input.what.envelope.accountId',
        'disconnectAccount input.accountId',
        'updateAccount input.accountId',
        'registerWebhook input.accountId',
      ]),
    );
  });

  test('are looked for in every field of the schema', () => {
    const selected = selectedBy([...walk.map(({ document }) => document), ...EVERYTHING]);
    const left = allFields().filter((field) => !selected.has(field));
    // `nodes` are the nodes of the edges; no mutation answers this problem yet.
    expect(left.filter((field) => !/Edge\.node$|^LimitReached\./.test(field))).toEqual([]);
    expect(secrets.filter((secret) => mine.all.includes(secret))).toEqual([]);
  });

  test('are looked for where the owner of the like sees something', async () => {
    const plain = visits({ ids: [], texts: {} }, own).filter(({ kind }) => kind !== 'mutation');
    const seen = new Set(typesIn(JSON.parse(mine.all)));
    for (const one of plain) for (const type of typesIn(await visit(one))) seen.add(type);
    const owners = [...selectedBy(plain.map(({ document }) => document))].map((field) => field.replace(/\..*/, ''));
    const holders = owners.filter(
      (type) => isObjectType(schema.getType(type)) && !/Edge$|^Query$|^Subscription$/.test(type),
    );
    expect(holders.filter((type) => !seen.has(type))).toEqual([]);
  });

  const byField = Map.groupBy(walk.entries(), ([, { kind, field }]) => `${kind} ${field}`);
  test.each([...byField.keys()])('are not seen, and answered like what does not exist, by %s', async (name) => {
    const told: unknown[] = [];
    const answers: unknown[] = [];
    const answersOfNobody: unknown[] = [];
    for (const [index, foreignVisit] of byField.get(name) ?? []) {
      const { kind, field, place, variables } = foreignVisit;
      const answer = await visit(foreignVisit);
      // Where nothing is named there is nothing to compare: sending a draft twice differs.
      if (place !== '') {
        answers.push({ place, answer: comparable(answer) });
        answersOfNobody.push({ place, answer: comparable(await visit(twins[index] ?? missing())) });
      } else if (kind === 'mutation' && !String(at(answer, `data.${field}.__typename`)).endsWith('Payload')) {
        // Refused for another reason, it would prove nothing of what it is refused for.
        told.push({ place, answer });
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

  test('are left as they were by all of that', async () => {
    expect(await readAll(api, theirs.token)).toBe(before);
  });
});
