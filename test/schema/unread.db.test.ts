/**
 * A send that is answered while its envelope can't be read for the answer.
 */
import { randomUUID } from 'node:crypto';
import { expect, test, vi } from 'vitest';
import type { Database } from '../../src/db/client.ts';
import { envelope } from '../kit/envelopes.ts';
import { startTestGateway } from '../kit/gateway.ts';

const first = await startTestGateway();
const tenantId = randomUUID();
let away = false;
const database: Database = {
  ...first.database,
  withTenants: (tenants, work) =>
    away ? Promise.reject(new Error('the connection is gone')) : first.database.withTenants(tenants, work),
};
const api = await startTestGateway({ beside: { ...first, database } });

const SEND = `mutation Send($input: SendEnvelopeInput!) {
  sendEnvelope(input: $input) {
    __typename
    ... on SendEnvelopePayload { replayed command { state } envelope { status } }
    ... on ProviderRefused { envelope { status } }
  }
}`;

test('an envelope that can not be read leaves the rest of the answer of its send', async () => {
  const token = await api.token({ tenantId });
  const account = await api.connectSandboxAccount(tenantId);
  const input = { idempotencyKey: 'once', what: { envelope: envelope(account) }, waitMs: 20_000 };
  const { envelopes } = api.gateway.services;
  const sends = envelopes.send;
  const sending = vi.spyOn(envelopes, 'send').mockImplementation(async (...given) => {
    const sent = await sends(...given);
    away = true;
    return sent;
  });
  const { data, errors } = await api.gql(token, SEND, { input });
  away = false;
  sending.mockRestore();
  expect(data).toEqual({
    sendEnvelope: {
      __typename: 'SendEnvelopePayload',
      replayed: false,
      command: { state: 'DONE' },
      envelope: null,
    },
  });
  expect(errors).toMatchObject([{ path: ['sendEnvelope', 'envelope'], extensions: { code: 'INTERNAL' } }]);
});
