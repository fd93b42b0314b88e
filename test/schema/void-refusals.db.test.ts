import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { type Answer, at, eventually, listAt, textAt } from '../kit/answer.ts';
import { CREATE, envelope, type Input, send, VOID } from '../kit/envelopes.ts';
import { startTenant } from '../kit/tenant.ts';

const { api, token, account, sent } = await startTenant();

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
