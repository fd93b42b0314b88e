import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { addMilliseconds } from '../../src/model/time.ts';
import { systemWorld } from '../../src/world.ts';
import { type Answer, textAt } from '../kit/answer.ts';
import { CREATE, envelope, send, SEND } from '../kit/envelopes.ts';
import { startTenant } from '../kit/tenant.ts';

/** Milliseconds by which the gateway's clock is ahead. */
let ahead = 0;
const real = systemWorld();
const world = { ...real, now: () => addMilliseconds(real.now(), ahead) };
const { api, token, account } = await startTenant({ world, expiresInSeconds: 100_000 });

describe('idempotency keys', () => {
  test('a key with another input is refused', async () => {
    const key = randomUUID();
    await send(api, token, { envelope: envelope(account) }, { idempotencyKey: key });
    const other = envelope(account, { subject: 'Another lease' });
    const answer = await send(api, token, { envelope: other }, { idempotencyKey: key });
    expect(answer).toMatchObject({
      data: {
        sendEnvelope: {
          __typename: 'KeyReused',
          code: 'KEY_REUSED',
          message: 'This idempotency key was used with another input.',
          fix: 'Send the first input again to get its result, or use a new key for a new one.',
          retryable: false,
        },
      },
    });
  });

  test('a key of 255 characters is taken, one more is refused', async () => {
    const taken = await send(api, token, { envelope: envelope(account) }, { idempotencyKey: 'a'.repeat(255) });
    expect(taken).toMatchObject({ data: { sendEnvelope: { __typename: 'SendEnvelopePayload' } } });
    const refused = await send(api, token, { envelope: envelope(account) }, { idempotencyKey: 'a'.repeat(256) });
    expect(refused).toMatchObject({
      data: {
        sendEnvelope: {
          __typename: 'InvalidInput',
          issues: [
            {
              code: 'TOO_LONG',
              path: ['idempotencyKey'],
              message: 'At most 255 characters are taken; these are 256.',
            },
          ],
        },
      },
    });
  });

  test('an empty key is refused', async () => {
    const answer = await send(api, token, { envelope: envelope(account) }, { idempotencyKey: ' ' });
    expect(answer).toMatchObject({
      data: { sendEnvelope: { issues: [{ code: 'REQUIRED', path: ['idempotencyKey'] }] } },
    });
  });

  test('a refused input uses up no key', async () => {
    const key = randomUUID();
    const refused = await send(api, token, { envelope: envelope(account, { subject: '' }) }, { idempotencyKey: key });
    expect(refused).toMatchObject({ data: { sendEnvelope: { __typename: 'InvalidInput' } } });
    const sent = await send(api, token, { envelope: envelope(account) }, { idempotencyKey: key });
    expect(sent).toMatchObject({ data: { sendEnvelope: { replayed: false, envelope: { status: 'SENT' } } } });
  });

  test('a draft made again with its key is the same draft, whatever has become wrong with its input since', async () => {
    const expiresAt = addMilliseconds(world.now(), 60_000).toISOString();
    const input = { idempotencyKey: randomUUID(), envelope: envelope(account, { expiresAt }) };
    const first = await api.gql(token, CREATE, { input });
    ahead = 61_000;
    const refused = await api.gql(token, CREATE, { input: { ...input, idempotencyKey: randomUUID() } });
    expect(refused).toMatchObject({ data: { createEnvelope: { __typename: 'InvalidInput' } } });
    const second = await api.gql(token, CREATE, { input });
    expect(textAt(second, 'data.createEnvelope.envelope.id')).toBe(textAt(first, 'data.createEnvelope.envelope.id'));
  });

  test.each([-1, 30_001])('waitMs of %d is refused', async (waitMs) => {
    const answer = await send(api, token, { envelope: envelope(account) }, { waitMs });
    expect(answer).toMatchObject({
      data: {
        sendEnvelope: {
          issues: [{ code: 'OUT_OF_RANGE', path: ['waitMs'], message: 'From 0 to 30000 milliseconds.' }],
        },
      },
    });
  });
});

describe('help', () => {
  test('of a problem answers the section of its code', async () => {
    const answer: Answer = await api.gql(token, SEND, {
      input: { idempotencyKey: '', what: { envelope: envelope(account) } },
    });
    const help = textAt(answer, 'data.sendEnvelope.help');
    expect(help).toBe(`${api.url}/errors/INVALID_INPUT`);
    const page = await fetch(help);
    expect(page.status).toBe(200);
    expect(page.headers.get('content-type')).toBe('text/markdown; charset=utf-8');
    const text = await page.text();
    expect(text).toMatch(/^## INVALID_INPUT\n\nThe input has faults\./);
    expect(text.match(/^## /gm)).toHaveLength(1);
  });

  test('of a code there is none of is 404', async () => {
    const page = await fetch(`${api.url}/errors/NO_SUCH_CODE`);
    expect(page.status).toBe(404);
  });
});
