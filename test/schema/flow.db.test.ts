import { randomUUID } from 'node:crypto';
import { sql } from 'drizzle-orm';
import { describe, expect, test } from 'vitest';
import { publicId, uuidOf } from '../../src/model/ids.ts';
import { systemWorld } from '../../src/world.ts';
import { type Answer, at, codesOf, eventually, listAt, textAt } from '../kit/answer.ts';
import { CREATE, envelope, file, PDF, send, signer } from '../kit/envelopes.ts';
import type { LedgerLine } from '../kit/gateway.ts';
import { startTenant } from '../kit/tenant.ts';

const real = systemWorld();
/** Look-ups wait for others a second instead of milliseconds, so that a busy machine still joins them. */
const world = { ...real, timer: (ms: number, fire: () => void) => real.timer(ms < 10 ? 1_000 : ms, fire) };
const { api, tenantId, token, account } = await startTenant({ world });

const isRead = ({ route }: LedgerLine): boolean =>
  route === 'GET /envelopes' || route === 'GET /envelopes/{envelopeId}';

/** Routes of the reads of the provider while `work` is done. */
async function readsDuring(work: () => Promise<unknown>): Promise<unknown[]> {
  const after = (await api.ledger()).at(-1)?.seq ?? 0;
  await work();
  return (await api.ledger(`?kind=call&after=${after}`)).filter(isRead).map(({ route }) => route);
}

interface Sent {
  readonly id: string;
  readonly providerId: string;
}

async function sent(bearer = token, from = account): Promise<Sent> {
  const answer = await send(api, bearer, { envelope: envelope(from) });
  const made = at(answer, 'data.sendEnvelope.envelope');
  return { id: textAt(made, 'id'), providerId: textAt(made, 'providerId') };
}

/** Copies of an envelope under new ids, in milliseconds of which many share one. Answers their public ids. */
async function copies(tenant: string, of: string, count: number): Promise<string[]> {
  const ids = Array.from({ length: count }, () => real.uuid());
  const rows = JSON.stringify(ids.map((id, index) => ({ id, index })));
  await api.database.withTenants([tenant], (tx) =>
    tx.execute(sql`
      INSERT INTO envelopes (tenant_id, id, account_id, provider, provider_id, status, subject, metadata, state,
        created_at, updated_at, synced_at, sync_source)
      SELECT e.tenant_id, x.id, e.account_id, e.provider, gen_random_uuid()::text, e.status, e.subject, e.metadata, e.state,
        e.created_at - (x.index / 10) * interval '1 millisecond', e.updated_at - (x.index % 7) * interval '1 second',
        e.synced_at, e.sync_source
      FROM envelopes e, jsonb_to_recordset(${rows}::jsonb) AS x(id uuid, index int)
      WHERE e.tenant_id = ${tenant} AND e.id = ${uuidOf('Envelope', of)}`),
  );
  return ids.map((id) => publicId('Envelope', id));
}

const SYNC = `query Q($ids: [ID!], $freshness: Freshness) {
  envelopes(first: 100, filter: { ids: $ids }, freshness: $freshness) {
    nodes { id status sync { asOf source stale staleReason nextAllowedAt } }
  }
}`;

function syncs(answer: Answer): unknown[] {
  return listAt(answer, 'data.envelopes.nodes').map((node) => at(node, 'sync'));
}

const live = { live: true };

async function forgetPolling(): Promise<void> {
  await api.database.withTenants([tenantId], (tx) => tx.execute(sql`UPDATE envelopes SET polled_at = NULL`));
}

describe('freshness', () => {
  test('joins the look-ups of concurrent requests into as few calls as the batches allow, and asks none twice', async () => {
    const first = await sent();
    const ids = [first.id, ...(await copies(tenantId, first.id, 59))];
    // Six requests, each for 20 of the 60; every envelope is asked for by two of them.
    const slices = [0, 10, 20, 30, 40, 50].map((from) => [...ids, ...ids].slice(from, from + 20));
    const answers: Answer[] = [];
    const reads = await readsDuring(async () => {
      answers.push(
        ...(await Promise.all(slices.map((slice) => api.gql(token, SYNC, { ids: slice, freshness: live })))),
      );
    });
    expect(reads).toEqual(['GET /envelopes', 'GET /envelopes']);
    expect(answers.map((answer) => listAt(answer, 'data.envelopes.nodes').length)).toEqual([20, 20, 20, 20, 20, 20]);
    expect(answers.flatMap(syncs).filter((sync) => at(sync, 'stale') === true)).toEqual([]);
  });

  test('asked again within the polling rule is the cached row, stale, with the time of the next look', async () => {
    const { id } = await sent();
    expect(syncs(await api.gql(token, SYNC, { ids: [id], freshness: live }))).toMatchObject([
      { source: 'READ', stale: false, staleReason: null, nextAllowedAt: null },
    ]);
    const before = Date.now();
    const answers: Answer[] = [];
    const reads = await readsDuring(async () => {
      answers.push(await api.gql(token, SYNC, { ids: [id], freshness: live }));
    });
    expect(reads).toEqual([]);
    const [sync] = answers.flatMap(syncs);
    expect(sync).toMatchObject({
      stale: true,
      staleReason: "The provider's polling rule forbids asking again yet.",
    });
    const wait = Date.parse(textAt(sync, 'nextAllowedAt')) - before;
    expect(wait).toBeGreaterThan(13 * 60_000);
    expect(wait).toBeLessThanOrEqual(15 * 60_000);
    expect(answers[0]?.errors).toBeUndefined();
  });

  test('of a maximum age asks only for those that are older', async () => {
    const [young, old] = [await sent(), await sent()];
    await api.control('POST', '/idle');
    await api.database.withTenants([tenantId], (tx) =>
      tx.execute(
        sql`UPDATE envelopes SET polled_at = NULL, synced_at = countersign_now() - interval '2 minutes' WHERE id = ${uuidOf('Envelope', old.id)}`,
      ),
    );
    const reads = await readsDuring(async () => {
      const answer = await api.gql(token, SYNC, { ids: [young.id, old.id], freshness: { maxAge: 100 } });
      expect(syncs(answer)).toMatchObject([{ stale: false }, { stale: false }]);
    });
    expect(reads).toEqual(['GET /envelopes/{envelopeId}']);
  });

  test('left out reads the cache and nothing else', async () => {
    const { id } = await sent();
    await forgetPolling();
    expect(await readsDuring(() => api.gql(token, SYNC, { ids: [id] }))).toEqual([]);
  });

  test('learns what no webhook has told', async () => {
    await api.control('POST', '/faults', { route: 'webhook', kind: 'drop', times: 1_000 });
    const { id, providerId } = await sent();
    await api.control('POST', `/envelopes/${providerId}/sign`);
    await api.control('POST', '/idle');
    expect(at(await api.gql(token, SYNC, { ids: [id] }), 'data.envelopes.nodes.0.status')).toBe('SENT');
    const answer = await api.gql(token, SYNC, { ids: [id], freshness: live });
    expect(at(answer, 'data.envelopes.nodes.0')).toMatchObject({ status: 'COMPLETED', sync: { source: 'READ' } });
  });

  test('from a provider that is down is the cached row, stale, and no error', async () => {
    const { id } = await sent();
    await api.control('POST', '/faults', { route: 'GET /envelopes*', kind: 'status', status: 503, times: 1_000 });
    const answer = await api.gql(token, SYNC, { ids: [id], freshness: live });
    expect(answer.errors).toBeUndefined();
    expect(at(answer, 'data.envelopes.nodes.0')).toMatchObject({
      status: 'SENT',
      sync: { stale: true, staleReason: expect.stringContaining("The provider can't be reached") },
    });
  });

  test('by refreshEnvelopes answers in the order asked', async () => {
    const ids = [await sent(), await sent(), await sent()].map(({ id }) => id);
    const answer = await api.gql(
      token,
      `mutation R($ids: [ID!]!) { refreshEnvelopes(input: { ids: $ids }) {
        ... on RefreshEnvelopesPayload { envelopes { id sync { source stale } } }
      } }`,
      { ids },
    );
    expect(listAt(answer, 'data.refreshEnvelopes.envelopes')).toEqual(
      ids.map((id) => ({ id, sync: { source: 'READ', stale: false } })),
    );
  });

  test('of less than no age is refused', async () => {
    const answer = await api.gql(token, SYNC, { freshness: { maxAge: -1 } });
    expect(codesOf(answer)).toEqual(['BAD_USER_INPUT']);
    expect(answer.errors?.[0]?.message).toBe('`maxAge` is a number of seconds from 0.');
  });
});

describe('query, then subscribe after its `logCursor`', () => {
  test.each(['sse', 'ws'] as const)('misses nothing and repeats nothing over %s', async (transport) => {
    const tenant = randomUUID();
    const bearer = await api.token({ tenantId: tenant });
    const from = await api.connectSandboxAccount(tenant);
    const makeDraft = async (): Promise<string> =>
      textAt(await api.gql(bearer, CREATE, { input: { envelope: envelope(from) } }), 'data.createEnvelope.envelope.id');
    // Drafts are made before, during and after the query; the page and the stream together must tell of each once.
    const drafts = Array.from({ length: 15 }, makeDraft);
    const page = await api.gql(bearer, '{ envelopes(first: 50) { logCursor nodes { id } } }');
    const after = textAt(page, 'data.envelopes.logCursor');
    const stream = api[transport](
      bearer,
      'subscription S($after: String) { events(after: $after) { cursor event { sequence type envelope { id } } } }',
      { after },
    );
    drafts.push(...Array.from({ length: 5 }, makeDraft));
    const made = await Promise.all(drafts);
    const known = listAt(page, 'data.envelopes.nodes').map((node) => textAt(node, 'id'));
    const followed = await eventually(() => {
      const events = stream.results.flatMap((result) => at(result, 'data.events.event') ?? []);
      return events.length >= made.length - known.length && events;
    });
    await stream.stop();
    const told = followed.map((event) => textAt(event, 'envelope.id'));
    expect([...known, ...told].toSorted()).toEqual(made.toSorted());
    expect(followed.map((event) => at(event, 'sequence'))).toEqual(
      followed.map((_, index) => String(known.length + index + 1)),
    );
    expect(stream.results[0]).toEqual({ data: { events: { cursor: after, event: null } } });
  });

  test('of one envelope tells each later event once', async () => {
    const { id, providerId } = await sent();
    await api.control('POST', '/idle');
    const read = await api.gql(token, 'query Q($id: ID!) { envelope(id: $id) { logCursor } }', { id });
    await api.control('POST', `/envelopes/${providerId}/sign`);
    const stream = api.sse(
      token,
      `subscription S($after: String, $id: ID!) {
        events(after: $after, filter: { envelopeIds: [$id] }) { event { type status recipient { key } source } }
      }`,
      { after: textAt(read, 'data.envelope.logCursor'), id },
    );
    await stream.first((result) => at(result, 'data.events.event.type') === 'ENVELOPE_COMPLETED');
    const types = stream.results.flatMap((result) => at(result, 'data.events.event.type') ?? []);
    await stream.stop();
    expect(new Set(types).size).toBe(types.length);
    expect(types).toEqual(expect.arrayContaining(['RECIPIENT_SIGNED', 'ENVELOPE_COMPLETED']));
  });

  test('`envelope` sends the state now and the end', async () => {
    const { id, providerId } = await sent();
    const stream = api.ws(token, 'subscription S($id: ID!) { envelope(id: $id) { status recipients { status } } }', {
      id,
    });
    expect(await stream.first(() => true)).toMatchObject({ data: { envelope: { status: 'SENT' } } });
    await api.control('POST', `/envelopes/${providerId}/sign`);
    expect(await stream.first((result) => at(result, 'data.envelope.status') === 'COMPLETED')).toMatchObject({
      data: { envelope: { recipients: [{ status: 'SIGNED' }] } },
    });
    await stream.stop();
  });
});

function draft(): Promise<Answer> {
  return api.gql(token, CREATE, { input: { envelope: envelope(account) } });
}

describe('a draft', () => {
  test('is told of in the log, and nothing is said to the provider', async () => {
    const start = await api.gql(token, '{ envelopes(first: 1) { logCursor } }');
    const after = (await api.ledger()).at(-1)?.seq ?? 0;
    const id = textAt(await draft(), 'data.createEnvelope.envelope.id');
    const events = await api.gql(
      token,
      'query Q($after: String, $id: ID!) { events(first: 9, after: $after, filter: { envelopeIds: [$id] }) { nodes { type status source } } }',
      { id, after: textAt(start, 'data.envelopes.logCursor') },
    );
    expect(listAt(events, 'data.events.nodes')).toEqual([
      { type: 'ENVELOPE_CREATED', status: 'DRAFT', source: 'GATEWAY' },
    ]);
    expect(await api.ledger(`?kind=call&after=${after}`)).toEqual([]);
  });

  test('is sent by its id, once', async () => {
    const draftId = textAt(await draft(), 'data.createEnvelope.envelope.id');
    expect(await send(api, token, { draftId })).toMatchObject({
      data: { sendEnvelope: { envelope: { id: draftId, status: 'SENT' }, command: { state: 'DONE', attempts: 1 } } },
    });
    expect(await send(api, token, { draftId })).toMatchObject({
      data: {
        sendEnvelope: {
          __typename: 'WrongState',
          message: 'Only a DRAFT can be sent; this envelope is SENT.',
          status: 'SENT',
        },
      },
    });
  });

  test.each([publicId('Envelope', randomUUID()), 'env_1', publicId('Account', randomUUID())])(
    'that is not there, %s, can not be sent',
    async (draftId) => {
      expect(await send(api, token, { draftId })).toMatchObject({
        data: { sendEnvelope: { __typename: 'NotFound', message: 'There is no such envelope.' } },
      });
    },
  );

  test('lends its document to another envelope', async () => {
    const documentId = textAt(await draft(), 'data.createEnvelope.envelope.documents.0.id');
    const documents = [file({ source: { documentId } })];
    expect(await send(api, token, { envelope: envelope(account, { documents }) })).toMatchObject({
      data: { sendEnvelope: { envelope: { status: 'SENT', documents: [{ id: documentId }] } } },
    });
  });
});

describe('documents', () => {
  const DOWNLOAD = `query Q($id: ID!) { envelope(id: $id) { documents { download { url expiresAt filename } } } }`;
  const urlOf = async (id: string): Promise<string> =>
    textAt(await api.gql(token, DOWNLOAD, { id }), 'data.envelope.documents.0.download.url');

  test('of a draft are downloaded as they were given', async () => {
    const made = await api.gql(token, CREATE, { input: { envelope: envelope(account) } });
    const response = await fetch(await urlOf(textAt(made, 'data.createEnvelope.envelope.id')));
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('application/pdf');
    expect(response.headers.get('content-disposition')).toBe(
      "attachment; filename=lease.pdf; filename*=UTF-8''lease.pdf",
    );
    expect(Buffer.from(await response.arrayBuffer()).toString('base64')).toBe(PDF);
  });

  test('of a completed envelope are downloaded as they were signed', async () => {
    const { id, providerId } = await sent();
    const url = await urlOf(id);
    await api.control('POST', `/envelopes/${providerId}/sign`);
    const response = await fetch(url);
    expect(response.status).toBe(200);
    const signed = Buffer.from(await response.arrayBuffer());
    expect(signed.subarray(0, 5).toString()).toBe('%PDF-');
    expect(signed.toString('base64')).not.toBe(PDF);
  });

  test('are not had by a link that was changed', async () => {
    const made = await api.gql(token, CREATE, { input: { envelope: envelope(account) } });
    const url = await urlOf(textAt(made, 'data.createEnvelope.envelope.id'));
    const response = await fetch(`${url.slice(0, -5)}AAAAA`);
    expect(response.status).toBe(404);
    expect(await response.json()).toMatchObject({ code: 'NOT_FOUND' });
  });
});

describe('embedded signing', () => {
  test('ends with the word of the provider, asked for on the return', async () => {
    await api.control('POST', '/faults', { route: 'webhook', kind: 'drop', times: 1_000 });
    const answer = await send(api, token, {
      envelope: envelope(account, { recipients: [signer({ embedded: true })] }),
    });
    const recipientId = textAt(answer, 'data.sendEnvelope.envelope.recipients.0.id');
    const returnUrl = 'https://app.example/back?name=Bo%20Tenant&flag';
    const opened = await api.gql(
      token,
      `mutation S($input: CreateSigningUrlInput!) { createSigningUrl(input: $input) {
        ... on CreateSigningUrlPayload { url expiresAt singleUse }
      } }`,
      { input: { recipientId, returnUrl } },
    );
    const page = await (await fetch(textAt(opened, 'data.createSigningUrl.url'))).text();
    const action = /<form method="post" action="([^"]+\/sign)">/.exec(page)?.[1] ?? '';
    const signing = await fetch(new URL(action, api.sandbox.url), { method: 'POST', redirect: 'manual' });
    const location = signing.headers.get('location') ?? '';
    const [, state] = /^(?:&cs_state=([\w.-]+)&event=signing_complete)$/.exec(location.slice(returnUrl.length)) ?? [];
    expect([location.slice(0, returnUrl.length), state]).toEqual([returnUrl, expect.any(String)]);
    const confirmed = await api.gql(
      token,
      `mutation C($state: String!) { confirmSigning(input: { state: $state }) {
        ... on ConfirmSigningPayload { recipient { id status envelope { status sync { source } } } }
      } }`,
      { state },
    );
    expect(confirmed).toEqual({
      data: {
        confirmSigning: {
          recipient: { id: recipientId, status: 'SIGNED', envelope: { status: 'COMPLETED', sync: { source: 'READ' } } },
        },
      },
    });
  });
});

describe('webhook deliveries', () => {
  const DELIVERIES = `query Q($ids: [ID!]) { webhookDeliveries(first: 50, filter: { envelopeIds: $ids }) {
    nodes { verdict effect contentType body envelope { id } account { id } }
  } }`;

  test('are read with their bodies by a token that may, and without by one that may not', async () => {
    const { id, providerId } = await sent();
    const whole = await eventually(async () => {
      const answer = await api.gql(token, DELIVERIES, { ids: [id] });
      return listAt(answer, 'data.webhookDeliveries.nodes').length > 0 && answer;
    });
    const [delivery] = listAt(whole, 'data.webhookDeliveries.nodes');
    expect(delivery).toMatchObject({ verdict: 'VERIFIED', envelope: { id }, account: { id: account } });
    expect(textAt(delivery, 'body')).toContain(providerId);
    const scopes = ['deliveries:read', 'envelopes:read', 'accounts:read'] as const;
    const answer = await api.gql(await api.token({ tenantId, scopes }), DELIVERIES, { ids: [id] });
    const bodies = listAt(answer, 'data.webhookDeliveries.nodes').map((node) => at(node, 'body'));
    expect(new Set(bodies)).toEqual(new Set([null]));
    expect(new Set(codesOf(answer))).toEqual(new Set(['FORBIDDEN']));
    expect(answer.errors?.[0]?.path?.at(-1)).toBe('body');
    expect(JSON.stringify(answer)).not.toContain(providerId);
  });
});

describe('pages of more than 200 rows', async () => {
  const tenant = randomUUID();
  const bearer = await api.token({ tenantId: tenant });
  const first = await sent(bearer, await api.connectSandboxAccount(tenant));
  await api.control('POST', '/idle');
  const ids = [first.id, ...(await copies(tenant, first.id, 210))];
  const PAGE = `query Q($after: String, $orderBy: EnvelopeOrder, $first: Int!) {
    envelopes(first: $first, after: $after, orderBy: $orderBy) {
      nodes { id createdAt updatedAt } edges { cursor } pageInfo { hasNextPage endCursor }
    }
  }`;

  async function walk(orderBy: object, size: number): Promise<unknown[]> {
    const nodes: unknown[] = [];
    for (let after: string | null = null; ;) {
      const page: Answer = await api.gql(bearer, PAGE, { orderBy, first: size, after });
      nodes.push(...listAt(page, 'data.envelopes.nodes'));
      if (at(page, 'data.envelopes.pageInfo.hasNextPage') === false) return nodes;
      after = textAt(page, 'data.envelopes.pageInfo.endCursor');
    }
  }

  test.each([
    ['CREATED_AT', 'DESC', 200],
    ['CREATED_AT', 'ASC', 47],
    ['UPDATED_AT', 'DESC', 47],
    ['UPDATED_AT', 'ASC', 200],
  ])('by %s, %s, %d at a time, hold each row once and in order', async (by, direction, size) => {
    const nodes = await walk({ by, direction }, size);
    const walked = nodes.map((node) => textAt(node, 'id'));
    expect(walked.toSorted()).toEqual(ids.toSorted());
    const keys = nodes.map(
      (node) => `${textAt(node, by === 'CREATED_AT' ? 'createdAt' : 'updatedAt')} ${textAt(node, 'id')}`,
    );
    expect(keys).toEqual(direction === 'ASC' ? keys.toSorted() : keys.toSorted().toReversed());
  });

  test('go on from the cursor of any row', async () => {
    const order = { by: 'CREATED_AT', direction: 'DESC' };
    const page = await api.gql(bearer, PAGE, { orderBy: order, first: 20 });
    const after = textAt(page, 'data.envelopes.edges.9.cursor');
    const next = await api.gql(bearer, PAGE, { orderBy: order, first: 10, after });
    expect(listAt(next, 'data.envelopes.nodes')).toEqual(listAt(page, 'data.envelopes.nodes').slice(10));
  });
});
