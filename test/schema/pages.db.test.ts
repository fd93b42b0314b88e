import { randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, test } from 'vitest';
import { at, eventually, listAt, textAt } from '../kit/answer.ts';
import { envelope, send } from '../kit/envelopes.ts';
import { startTestGateway } from '../kit/gateway.ts';

const api = await startTestGateway();
const tenantId = randomUUID();
const token = await api.token({ tenantId });

const FIELDS = ['accounts', 'envelopes', 'events', 'webhookDeliveries'];

function page(field: string, after: string | null): Promise<unknown> {
  const query = `query Page($after: String) {
    ${field}(first: 1, after: $after) {
      edges { cursor }
      pageInfo { hasPreviousPage hasNextPage startCursor endCursor }
    }
  }`;
  return api.gql(token, query, { after }).then((answer) => at(answer, `data.${field}`));
}

beforeAll(async () => {
  const account = await api.connectSandboxAccount(tenantId);
  await send(api, token, { envelope: envelope(account) });
  await eventually(async () => listAt(await page('webhookDeliveries', null), 'edges').length > 0);
});

describe.each(FIELDS)('a page of %s', (field) => {
  test('begins at its first row, and says whether it was begun after another', async () => {
    const first = await page(field, null);
    const startCursor = textAt(first, 'edges.0.cursor');
    expect(at(first, 'pageInfo')).toMatchObject({ hasPreviousPage: false, startCursor });
    const second = await page(field, startCursor);
    expect(at(second, 'pageInfo')).toMatchObject({
      hasPreviousPage: true,
      startCursor: at(second, 'edges.0.cursor') ?? null,
    });
  });
});

test('a page without rows has no start', async () => {
  const newcomer = await api.token({ tenantId: randomUUID() });
  const query = `{ ${FIELDS.map((field) => `${field}(first: 1) { pageInfo { startCursor hasPreviousPage } }`).join(' ')} }`;
  const { data } = await api.gql(newcomer, query);
  const empty = { pageInfo: { startCursor: null, hasPreviousPage: false } };
  expect(data).toEqual(Object.fromEntries(FIELDS.map((field) => [field, empty])));
});
