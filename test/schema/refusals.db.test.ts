import { randomUUID } from 'node:crypto';
import { sql } from 'drizzle-orm';
import { describe, expect, test } from 'vitest';
import { uuidOf } from '../../src/model/ids.ts';
import { type Answer, at, codesOf, eventually, listAt, textAt } from '../kit/answer.ts';
import { CREATE, envelope, type Input, PROBLEM, send, signer, VOID } from '../kit/envelopes.ts';
import { startTenant } from '../kit/tenant.ts';

const { api, tenantId, token, account, sent } = await startTenant();

async function statusOf(id: string): Promise<unknown> {
  return at(await api.gql(token, 'query Q($id: ID!) { envelope(id: $id) { status } }', { id }), 'data.envelope.status');
}

const voided = (input: Input): Promise<Answer> => api.gql(token, VOID, { input: { reason: 'Superseded', ...input } });

async function draft(): Promise<string> {
  const answer = await api.gql(token, CREATE, { input: { envelope: envelope(account) } });
  return textAt(answer, 'data.createEnvelope.envelope.id');
}

describe('voidEnvelope', () => {
  test('of a completed envelope is refused with its status', async () => {
    const { id, providerId } = await sent();
    await api.control('POST', `/envelopes/${providerId}/sign`);
    await eventually(async () => (await statusOf(id)) === 'COMPLETED');
    expect(await voided({ id })).toMatchObject({
      data: {
        voidEnvelope: {
          __typename: 'WrongState',
          code: 'WRONG_STATE',
          message: 'A COMPLETED envelope can not be voided.',
          status: 'COMPLETED',
        },
      },
    });
  });

  test('of one that was completed without our knowing is refused by the provider, and known from then on', async () => {
    await api.control('POST', '/faults', { route: 'webhook', kind: 'drop', times: 100 });
    const { id, providerId } = await sent();
    await api.control('POST', `/envelopes/${providerId}/sign`);
    await api.control('POST', '/idle');
    expect(await statusOf(id)).toBe('SENT');
    expect(await voided({ id })).toMatchObject({
      data: { voidEnvelope: { __typename: 'ProviderRefused', providerCode: 'ENVELOPE_CANNOT_VOID_INVALID_STATE' } },
    });
    await eventually(async () => (await statusOf(id)) === 'COMPLETED', { ms: 30_000 });
  });

  test('of a draft is refused', async () => {
    expect(await voided({ id: await draft() })).toMatchObject({
      data: {
        voidEnvelope: {
          __typename: 'WrongState',
          message: 'A DRAFT was never sent, so there is nothing to void.',
          status: 'DRAFT',
        },
      },
    });
  });

  test('while it is being sent is refused', async () => {
    await api.control('POST', '/faults', { route: 'POST /envelopes', kind: 'slow', ms: 3_000 });
    const answer = await send(api, token, { envelope: envelope(account) }, { waitMs: 0 });
    const id = textAt(answer, 'data.sendEnvelope.envelope.id');
    expect(await voided({ id })).toMatchObject({
      data: {
        voidEnvelope: {
          __typename: 'WrongState',
          message: 'This envelope is being sent; void it once it is SENT.',
          status: 'SENDING',
        },
      },
    });
    await eventually(async () => (await statusOf(id)) === 'SENT');
  });

  test('answers all faults of its input together', async () => {
    const { id } = await sent();
    const answer = await voided({ id, reason: 'x'.repeat(201), idempotencyKey: 'k'.repeat(256), waitMs: -1 });
    expect(listAt(answer, 'data.voidEnvelope.issues')).toMatchObject([
      { code: 'TOO_LONG', path: ['idempotencyKey'] },
      { code: 'OUT_OF_RANGE', path: ['waitMs'] },
      { code: 'TOO_LONG', path: ['reason'], message: 'At most 200 characters are taken; these are 201.' },
    ]);
    expect(await statusOf(id)).toBe('SENT');
  });

  test('without a reason is refused', async () => {
    const { id } = await sent();
    expect(await voided({ id, reason: ' ' })).toMatchObject({
      data: { voidEnvelope: { issues: [{ code: 'REQUIRED', path: ['reason'], message: 'This must not be empty.' }] } },
    });
  });

  test('with a key that was used for another reason is refused', async () => {
    const { id } = await sent();
    const idempotencyKey = randomUUID();
    expect(await voided({ id, idempotencyKey })).toMatchObject({
      data: { voidEnvelope: { envelope: { status: 'VOIDED' } } },
    });
    expect(await voided({ id, idempotencyKey })).toMatchObject({
      data: { voidEnvelope: { envelope: { status: 'VOIDED' } } },
    });
    expect(await voided({ id, idempotencyKey, reason: 'Another' })).toMatchObject({
      data: { voidEnvelope: { __typename: 'KeyReused' } },
    });
  });
});

describe('createSigningUrl', () => {
  const SIGN = `mutation Sign($input: CreateSigningUrlInput!) {
    createSigningUrl(input: $input) {
      ${PROBLEM} ... on WrongState { status } ... on CreateSigningUrlPayload { url singleUse presentation }
    }
  }`;
  const sign = (input: Input): Promise<Answer> =>
    api.gql(token, SIGN, { input: { returnUrl: 'https://app.example/back', ...input } });

  test('for a recipient who is mailed is refused', async () => {
    const { recipients } = await sent();
    expect(await sign({ recipientId: recipients[0] })).toMatchObject({
      data: {
        createSigningUrl: {
          __typename: 'NotEmbedded',
          code: 'NOT_EMBEDDED',
          message: 'The provider mails this recipient a link; there is no embedded signing for it.',
          fix: 'Set `embedded: true` on the recipient when the envelope is sent.',
        },
      },
    });
  });

  test('before their turn is refused, and may be asked again', async () => {
    const { recipients } = await sent({
      recipients: [
        signer({ embedded: true }),
        signer({ key: 'second', email: 'second@tenant.example', embedded: true, routingOrder: 2 }),
      ],
    });
    expect(await sign({ recipientId: recipients[1] })).toMatchObject({
      data: {
        createSigningUrl: {
          __typename: 'NotTheirTurn',
          message: 'Other recipients come before this one in the routing order.',
          retryable: true,
        },
      },
    });
    expect(await sign({ recipientId: recipients[0] })).toMatchObject({
      data: { createSigningUrl: { __typename: 'CreateSigningUrlPayload', presentation: 'REDIRECT' } },
    });
  });

  test.each([
    ['another scheme', 'http://app.example/back'],
    ['a script', 'javascript:alert(1)'],
    ['a scheme of no web page on localhost', 'ftp://localhost/back'],
  ])('with a returnUrl of %s is refused', async (_what, returnUrl) => {
    const { recipients } = await sent({ recipients: [signer({ embedded: true })] });
    expect(await sign({ recipientId: recipients[0], returnUrl })).toMatchObject({
      data: {
        createSigningUrl: {
          issues: [
            {
              code: 'INVALID_FORMAT',
              path: ['returnUrl'],
              message: 'This must be an https address (http on localhost alone).',
            },
          ],
        },
      },
    });
  });

  test('with a returnUrl that is no address is refused', async () => {
    const answer = await sign({ recipientId: 'rcp_1', returnUrl: '/back' });
    expect(codesOf(answer)).toEqual(['BAD_USER_INPUT']);
    expect(answer.errors?.[0]?.message).toContain('A URL is an absolute address');
  });

  test('with a returnUrl that has no room for its state says how much there is, and takes that much', async () => {
    const { recipients } = await sent({ recipients: [signer({ embedded: true })] });
    const long = `https://app.example/${'x'.repeat(480)}`;
    const answer = await sign({ recipientId: recipients[0], returnUrl: long, waitMs: -1 });
    expect(listAt(answer, 'data.createSigningUrl.issues')).toMatchObject([
      { code: 'OUT_OF_RANGE', path: ['waitMs'] },
      { code: 'TOO_LONG', path: ['returnUrl'] },
    ]);
    const message = textAt(answer, 'data.createSigningUrl.issues.1.message');
    const [, room] =
      /^At most (\d+) characters are taken, since `cs_state` is added; these are 500\.$/.exec(message) ?? [];
    expect(Number(room)).toBeGreaterThanOrEqual(100);
    expect(await sign({ recipientId: recipients[0], returnUrl: long.slice(0, Number(room)) })).toMatchObject({
      data: { createSigningUrl: { __typename: 'CreateSigningUrlPayload' } },
    });
  });

  test('of a draft is refused', async () => {
    const made = await api.gql(token, CREATE, {
      input: { envelope: envelope(account, { recipients: [signer({ embedded: true })] }) },
    });
    expect(await sign({ recipientId: textAt(made, 'data.createEnvelope.envelope.recipients.0.id') })).toMatchObject({
      data: {
        createSigningUrl: { __typename: 'WrongState', message: 'A DRAFT envelope can not be signed.', status: 'DRAFT' },
      },
    });
  });

  test('while it is being sent says when to come again', async () => {
    await api.control('POST', '/faults', { route: 'POST /envelopes', kind: 'slow', ms: 3_000 });
    const answer = await send(
      api,
      token,
      { envelope: envelope(account, { recipients: [signer({ embedded: true })] }) },
      { waitMs: 0 },
    );
    const recipientId = textAt(answer, 'data.sendEnvelope.envelope.recipients.0.id');
    const refused = await sign({ recipientId, waitMs: 0 });
    expect(refused).toMatchObject({
      data: {
        createSigningUrl: {
          __typename: 'NotReady',
          message: 'The envelope is still being sent.',
          retryable: true,
          retryAfter: expect.any(String),
        },
      },
    });
    expect(await sign({ recipientId, waitMs: 30_000 })).toMatchObject({
      data: { createSigningUrl: { __typename: 'CreateSigningUrlPayload' } },
    });
  });
});

describe('confirmSigning', () => {
  const confirm = (state: string): Promise<Answer> =>
    api.gql(
      token,
      `mutation Confirm($state: String!) {
        confirmSigning(input: { state: $state }) { ${PROBLEM} ... on ConfirmSigningPayload { recipient { id } } }
      }`,
      { state },
    );
  const refused = {
    data: {
      confirmSigning: {
        __typename: 'InvalidInput',
        issues: [
          {
            code: 'INVALID_FORMAT',
            path: ['state'],
            message: 'This state was not made here, or its time is over.',
          },
        ],
      },
    },
  };
  const { links } = api.gateway.services;
  const inAnHour = new Date(Date.now() + 3_600_000);

  test('of a whole state is taken, of the same with one character changed it is refused', async () => {
    const { recipients } = await sent({ recipients: [signer({ embedded: true })] });
    const recipientId = uuidOf('Recipient', recipients[0] ?? '') ?? '';
    const state = await links.sign('signing', { tenantId, recipientId }, inAnHour);
    expect(await confirm(state)).toMatchObject({ data: { confirmSigning: { recipient: { id: recipients[0] } } } });
    const [header, payload = '', signature] = state.split('.');
    const forged = [header, `${payload.slice(0, 20)}${payload[20] === 'A' ? 'B' : 'A'}${payload.slice(21)}`, signature];
    expect(await confirm(forged.join('.'))).toMatchObject(refused);
  });

  test('when the provider can not be asked is answered from the cache, and says that and why', async () => {
    const { recipients } = await sent({ recipients: [signer({ embedded: true })] });
    const recipientId = uuidOf('Recipient', recipients[0] ?? '') ?? '';
    const state = await links.sign('signing', { tenantId, recipientId }, inAnHour);
    const confirmed = `mutation Confirm($state: String!) { confirmSigning(input: { state: $state }) {
      ... on ConfirmSigningPayload { recipient { id envelope { sync { stale staleReason } } } }
    } }`;
    await api.control('POST', '/faults', { route: 'GET /envelopes*', kind: 'status', status: 503, times: 1_000 });
    expect(await api.gql(token, confirmed, { state })).toEqual({
      data: {
        confirmSigning: {
          recipient: {
            id: recipients[0],
            envelope: { sync: { stale: true, staleReason: expect.stringContaining("The provider can't be reached") } },
          },
        },
      },
    });
    await api.control('DELETE', '/faults');
    expect(at(await api.gql(token, confirmed, { state }), 'data.confirmSigning.recipient.envelope.sync')).toEqual({
      stale: false,
      staleReason: null,
    });
  });

  test('of a state whose time is over is refused', async () => {
    const state = await links.sign('signing', { tenantId, recipientId: randomUUID() }, new Date(Date.now() - 1_000));
    expect(await confirm(state)).toMatchObject(refused);
  });

  test("of another tenant's state is refused alike", async () => {
    const state = await links.sign('signing', { tenantId: randomUUID(), recipientId: randomUUID() }, inAnHour);
    expect(await confirm(state)).toMatchObject(refused);
  });

  test('of a link that was made for a download is refused', async () => {
    const state = await links.sign('download', { tenantId, recipientId: randomUUID() }, inAnHour);
    expect(await confirm(state)).toMatchObject(refused);
  });

  test('of no state at all is refused', async () => {
    expect(await confirm('')).toMatchObject(refused);
  });
});

describe('pages', () => {
  test.each(['envelopes', 'accounts', 'events', 'webhookDeliveries'])(
    'of %s take 1 to 200 rows, and say so',
    async (field) => {
      for (const first of [0, -1, 201]) {
        const answer = await api.gql(token, `{ ${field}(first: ${first}) { pageInfo { hasNextPage } } }`);
        expect(answer).toMatchObject({
          data: { [field]: null },
          errors: [
            { message: '`first` must be from 1 to 200.', path: [field], extensions: { code: 'BAD_USER_INPUT' } },
          ],
        });
      }
      const taken = await api.gql(token, `{ ${field}(first: 200) { pageInfo { hasNextPage } } }`);
      expect(taken.errors).toBeUndefined();
    },
  );

  test('without `first` are refused before anything runs', async () => {
    expect(codesOf(await api.gql(token, '{ envelopes { nodes { id } } }'))).toEqual(['GRAPHQL_VALIDATION_FAILED']);
  });

  test.each([
    ['no base64', '!!'],
    ['empty', ''],
    ['text', Buffer.from('first page').toString('base64url')],
    ['a cursor of the log', 'AAAAAAAAAAAAAAAA'],
    ['a time beyond all calendars', Buffer.from(`999999999999999 ${randomUUID()}`).toString('base64url')],
    ['made here with a byte added', `${Buffer.from(`1700000000000 ${randomUUID()}`).toString('base64url')}!`],
  ])('after a cursor that is %s are refused', async (_what, after) => {
    for (const field of ['envelopes', 'accounts', 'webhookDeliveries']) {
      const answer = await api.gql(
        token,
        `query Q($after: String) { ${field}(first: 1, after: $after) { nodes { id } } }`,
        {
          after,
        },
      );
      expect(answer).toMatchObject({
        data: { [field]: null },
        errors: [
          {
            message: 'This cursor was not made here: give one that a page or stream answered, unchanged.',
            extensions: { code: 'INVALID_CURSOR' },
          },
        ],
      });
    }
  });

  test('filtered by text that no database can hold are empty', async () => {
    const filter = { externalId: 'a\u0000b', providerIds: ['\u0000'], metadata: [{ key: '\ud800', value: '\u0000' }] };
    for (const [name, value] of Object.entries(filter)) {
      const answer = await api.gql(
        token,
        'query Q($f: EnvelopeFilter) { envelopes(first: 1, filter: $f) { nodes { id } } }',
        {
          f: { [name]: value },
        },
      );
      expect(answer).toEqual({ data: { envelopes: { nodes: [] } } });
    }
  });
});

describe('cursors of the log', () => {
  const QUERY =
    'query Q($after: String) { events(first: 1, after: $after) { nodes { sequence } pageInfo { endCursor } } }';
  const FOLLOW = 'subscription S($after: String) { events(after: $after) { cursor event { sequence } } }';
  const invalid = [
    {
      message: 'This cursor was not made here: give one that a page or stream answered, unchanged.',
      extensions: { code: 'INVALID_CURSOR' },
    },
  ];

  /** The errors that a query, a stream by SSE and a stream by WebSocket answer for this cursor. */
  async function errorsOf(after: string, bearer = token): Promise<unknown[]> {
    const page = await api.gql(bearer, QUERY, { after });
    const streams = [api.sse(bearer, FOLLOW, { after }), api.ws(bearer, FOLLOW, { after })];
    const refusals = await Promise.all(
      streams.map((stream) => eventually(() => stream.results[0]?.errors ?? stream.refused)),
    );
    await Promise.all(streams.map((stream) => stream.stop()));
    return [page.errors, ...refusals];
  }

  test.each([
    ['garbage', '!'],
    ['empty', ''],
    ['of another length', 'AAAA'],
    ['of a page of envelopes', Buffer.from(`1700000000000 ${randomUUID()}`).toString('base64url')],
  ])('that are %s are refused alike on every transport', async (_what, after) => {
    for (const errors of await errorsOf(after)) expect(errors).toMatchObject(invalid);
  });

  test("of another tenant's log are refused", async () => {
    const theirs = await api.gql(await api.token({ tenantId: randomUUID() }), QUERY);
    const after = textAt(theirs, 'data.events.pageInfo.endCursor');
    for (const errors of await errorsOf(after)) expect(errors).toMatchObject(invalid);
  });

  test('that the log has not reached are refused', async () => {
    const bytes = Buffer.from(textAt(await api.gql(token, QUERY), 'data.events.pageInfo.endCursor'), 'base64url');
    bytes.writeBigUInt64BE(1_000_000n, 4);
    for (const errors of await errorsOf(bytes.toString('base64url'))) expect(errors).toMatchObject(invalid);
  });

  test('whose events are no longer kept are refused with the earliest that are', async () => {
    const tenant = randomUUID();
    const bearer = await api.token({ tenantId: tenant });
    const acc = await api.connectSandboxAccount(tenant);
    const start = textAt(await api.gql(bearer, QUERY), 'data.events.pageInfo.endCursor');
    for (let n = 0; n < 3; n += 1) await api.gql(bearer, CREATE, { input: { envelope: envelope(acc) } });
    await api.database.withTenants([tenant], async (tx) => {
      await tx.execute(sql`DELETE FROM events WHERE sequence <= 2`);
      await tx.execute(sql`UPDATE heads SET earliest = 3`);
    });
    const errors = await errorsOf(start, bearer);
    for (const error of errors) {
      expect(error).toMatchObject([
        {
          message: expect.stringContaining('no longer kept'),
          extensions: { code: 'CURSOR_EXPIRED', earliestCursor: expect.any(String) },
        },
      ]);
    }
    const earliest = textAt(errors, '0.0.extensions.earliestCursor');
    expect(await api.gql(bearer, QUERY, { after: earliest })).toMatchObject({
      data: { events: { nodes: [{ sequence: '3' }] } },
    });
  });
});
