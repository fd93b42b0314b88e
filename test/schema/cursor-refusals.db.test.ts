import { randomUUID } from 'node:crypto';
import { sql } from 'drizzle-orm';
import { describe, expect, test } from 'vitest';
import { at, codesOf, eventually, textAt } from '../kit/answer.ts';
import { CREATE, envelope } from '../kit/envelopes.ts';
import { startTenant } from '../kit/tenant.ts';

const { api, token, account } = await startTenant();

interface List {
  readonly name: string;
  readonly orderBy?: { readonly by: string; readonly direction: string };
}

const LISTS: readonly List[] = [
  ...['CREATED_AT', 'UPDATED_AT'].flatMap((by) =>
    ['ASC', 'DESC'].map((direction) => ({ name: `envelopes ${by} ${direction}`, orderBy: { by, direction } })),
  ),
  { name: 'accounts' },
  { name: 'webhookDeliveries' },
];

function page({ name, orderBy }: List, after: string | null = null) {
  const [variable, argument] = orderBy ? [', $orderBy: EnvelopeOrder', ', orderBy: $orderBy'] : ['', ''];
  const field = `page: ${name.split(' ')[0]}(first: 1, after: $after${argument})`;
  const query = `query Q($after: String${variable}) { ${field} { nodes { id } pageInfo { endCursor } } }`;
  return api.gql(token, query, { after, orderBy });
}

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
    ['a time beyond all calendars', Buffer.from(`accounts 999999999999999 ${randomUUID()}`).toString('base64url')],
    ['made here with a byte added', `${Buffer.from(`accounts 1700000000000 ${randomUUID()}`).toString('base64url')}!`],
    ['without its order', Buffer.from(`1700000000000 ${randomUUID()}`).toString('base64url')],
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
            message:
              'This cursor was not made here, or for another list: give one that the same list answered with the same `orderBy`, unchanged, or leave `after` out.',
            extensions: { code: 'INVALID_CURSOR' },
          },
        ],
      });
    }
  });

  test('of one list or order are taken by the same one, and refused by every other, which says both', async () => {
    await api.gql(token, CREATE, { input: { envelope: envelope(account) } });
    const urls = await api.gql(token, '{ accounts(first: 1) { nodes { webhookUrl } } }');
    await fetch(textAt(urls, 'data.accounts.nodes.0.webhookUrl'), { method: 'POST', body: 'forged' });
    for (const from of LISTS) {
      const cursor = await eventually(async () => at(await page(from), 'data.page.pageInfo.endCursor'), {
        what: `a row of ${from.name}`,
      });
      for (const to of LISTS) {
        const { data, errors = [] } = await page(to, String(cursor));
        const refused = errors.map(({ message, extensions }) => [extensions?.['code'], message.split(':')[0]]);
        const why = `This cursor is of a page of ${from.name}, and this is a page of ${to.name}`;
        expect(refused).toEqual(from === to ? [] : [['INVALID_CURSOR', why]]);
        expect(at(data, 'page') === null).toBe(from !== to);
      }
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
      message:
        "This cursor is none of this tenant's log: give one that `events` or a `logCursor` answered, unchanged, or leave `after` out.",
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
