/**
 * A gateway with one tenant who has one account: what most tests of the schema begin with.
 * @module
 */
import { randomUUID } from 'node:crypto';
import { beforeEach } from 'vitest';
import { listAt, textAt } from './answer.ts';
import { envelope, type Input, send } from './envelopes.ts';
import { startTestGateway, type TestGateway } from './gateway.ts';

export interface Sent {
  readonly id: string;
  readonly providerId: string;
  /** Their ids, in the order given. */
  readonly recipients: string[];
}

export interface TestTenant {
  readonly api: TestGateway;
  readonly tenantId: string;
  /** With all scopes. */
  readonly token: string;
  /** acc_… */
  readonly account: string;
  /** An envelope that was sent; `changes` as `envelope()` takes them. */
  sent(changes?: Input & { readonly recipients?: Input[] }): Promise<Sent>;
}

/** Every test of the file begins without the faults that the one before ordered. */
export async function startTenant({
  expiresInSeconds = 3_600,
  ...options
}: Parameters<typeof startTestGateway>[0] & { readonly expiresInSeconds?: number } = {}): Promise<TestTenant> {
  const api = await startTestGateway(options);
  beforeEach(async () => {
    await api.control('DELETE', '/faults');
  });
  const tenantId = randomUUID();
  const token = await api.token({ tenantId, expiresInSeconds });
  const account = await api.connectSandboxAccount(tenantId);
  return {
    api,
    tenantId,
    token,
    account,
    sent: async (changes) => {
      const answer = await send(api, token, { envelope: envelope(account, changes) });
      const path = 'data.sendEnvelope.envelope';
      return {
        id: textAt(answer, `${path}.id`),
        providerId: textAt(answer, `${path}.providerId`),
        recipients: listAt(answer, `${path}.recipients`).map((recipient) => textAt(recipient, 'id')),
      };
    },
  };
}
