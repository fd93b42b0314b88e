/**
 * A provider's installation on the internet is told no address that it can't reach.
 */
import { randomUUID } from 'node:crypto';
import { sql } from 'drizzle-orm';
import { describe, expect, test } from 'vitest';
import { at } from '../kit/answer.ts';
import { startTestGateway, type TestGateway } from '../kit/gateway.ts';

const first = await startTestGateway();
const MEMBERS = '__typename ... on Problem { code message help fix retryable }';
const REGISTER = `mutation R($id: ID!) { registerWebhook(input: { accountId: $id }) { ${MEMBERS} } }`;
const UPDATE = `mutation U($id: ID!) { updateAccount(input: { accountId: $id, webhook: ACCOUNT }) { ${MEMBERS} } }`;
const MODE = 'query M($id: ID!) { account(id: $id) { webhookMode } }';

/** An account that was connected at the sandbox and is taken for one of the vendor's demo installation. */
async function demoAccount(api: TestGateway) {
  const tenantId = randomUUID();
  const token = await api.token({ tenantId });
  const id = await api.connectSandboxAccount(tenantId);
  await api.database.withTenants([tenantId], (tx) => tx.execute(sql`UPDATE accounts SET environment = 'DEMO'`));
  return { id, gql: (document: string) => api.gql(token, document, { id }) };
}

describe('the webhook of a DEMO account', () => {
  test.each([null, 'http://sign.example', 'https://localhost:4000', 'https://127.0.0.1'])(
    'is not registered by a gateway that is reached at %s: it has to be told a public address first',
    async (publicUrl) => {
      const account = await demoAccount(await startTestGateway({ publicUrl, beside: first }));
      const problem = {
        code: 'NO_PUBLIC_URL',
        message: expect.stringContaining('public https address'),
        fix: expect.stringContaining('PUBLIC_URL'),
        help: expect.stringMatching(/\/NO_PUBLIC_URL$/),
        retryable: false,
      };
      expect(await account.gql(REGISTER)).toMatchObject({ data: { registerWebhook: problem } });
      expect(await account.gql(UPDATE)).toMatchObject({ data: { updateAccount: problem } });
      expect(at(await account.gql(MODE), 'data.account.webhookMode')).toBe('PER_ENVELOPE');
    },
  );

  test('is asked of the provider where the address is public, and refused there: the account is a stand-in', async () => {
    const account = await demoAccount(await startTestGateway({ publicUrl: 'https://sign.example', beside: first }));
    expect(await account.gql(REGISTER)).toMatchObject({ data: { registerWebhook: { __typename: 'ProviderRefused' } } });
  });
});
