import { randomUUID } from 'node:crypto';
import { sql } from 'drizzle-orm';
import { describe, expect, test } from 'vitest';
import { rowsOf } from '../../src/db/client.ts';
import { uuidOf } from '../../src/model/ids.ts';
import { type Answer, at, eventually, listAt, textAt } from '../kit/answer.ts';
import { CREATE, envelope, type Input, signer, VOID } from '../kit/envelopes.ts';
import { type Sent, startTenant } from '../kit/tenant.ts';
import { watchedWorld } from '../kit/watched-world.ts';
import { COMMAND, CY, peopleOf, PROBLEMS } from './people.ts';

const { world, askedAbout } = watchedWorld();
const tenant = await startTenant({ world });
const { api, tenantId, token, account, sent } = tenant;
const { alter, commandOf, mailedAgain, makeDue, read, recipientIs } = peopleOf(tenant);

const remind = (input: Input): Promise<Answer> =>
  api.gql(
    token,
    `mutation Remind($input: RemindEnvelopeInput!) { remindEnvelope(input: $input) {
      ${PROBLEMS} ... on NotSupported { capability }
      ... on RemindEnvelopePayload { envelope { id status } ${COMMAND} }
    } }`,
    { input },
  );

/** What is still to be done about the envelope's commands, and whether a runner has taken it. */
function dueOf({ id }: Sent): Promise<readonly unknown[]> {
  return api.database.withTenants([tenantId], (tx) =>
    rowsOf(
      tx,
      sql`SELECT d.due_at > countersign_now() + interval '30 seconds' AS taken FROM due d JOIN commands c ON c.id = d.id WHERE c.envelope_id = ${uuidOf('Envelope', id)}`,
    ),
  );
}

const WHOLE = 'PUT /envelopes/{envelopeId}';
const RECIPIENTS = 'PUT /envelopes/{envelopeId}/recipients';

describe('remindEnvelope', () => {
  test('mails those whose turn it is, and nobody else', async () => {
    const one = await sent({
      recipients: [signer(), CY, signer({ key: 'last', email: 'last@tenant.example', routingOrder: 2 })],
    });
    expect(await remind({ id: one.id })).toMatchObject({
      data: {
        remindEnvelope: {
          envelope: { id: one.id, status: 'SENT' },
          command: { kind: 'REMIND', state: 'DONE', recipient: null, failure: null },
        },
      },
    });
    expect(await mailedAgain(one)).toEqual(['bo@tenant.example', 'cy@owner.example']);
  });

  test('of one recipient mails them alone', async () => {
    const one = await sent({ recipients: [signer(), CY] });
    const [, cy = ''] = one.recipients;
    expect(await remind({ id: one.id, recipientId: cy })).toMatchObject({
      data: { remindEnvelope: { command: { state: 'DONE', recipient: { id: cy } } } },
    });
    expect(await mailedAgain(one)).toEqual(['cy@owner.example']);
  });

  test('mails nobody twice within an hour, and says when it may be asked again', async () => {
    const one = await sent({ recipients: [signer(), CY] });
    const [bo = '', cy = ''] = one.recipients;
    const before = Date.now();
    await remind({ id: one.id, recipientId: bo });
    for (const recipientId of [bo, undefined]) {
      const refused = await remind({ id: one.id, recipientId });
      expect(refused).toMatchObject({ data: { remindEnvelope: { __typename: 'TooEarly', retryable: true } } });
      const wait = Date.parse(textAt(refused, 'data.remindEnvelope.nextAllowedAt')) - before;
      expect(wait).toBeGreaterThan(59 * 60_000);
      expect(wait).toBeLessThan(61 * 60_000);
    }
    expect(await remind({ id: one.id, recipientId: cy })).toMatchObject({
      data: { remindEnvelope: { command: { state: 'DONE' } } },
    });
    await alter(one, sql`created_at = created_at - interval '61 minutes'`);
    expect(await remind({ id: one.id })).toMatchObject({ data: { remindEnvelope: { command: { state: 'DONE' } } } });
    expect(await mailedAgain(one)).toEqual([
      'bo@tenant.example',
      'cy@owner.example',
      'bo@tenant.example',
      'cy@owner.example',
    ]);
  });

  test('with a key is done once, and a refusal uses up no key', async () => {
    const one = await sent();
    const input = { id: one.id, idempotencyKey: randomUUID() };
    const answers = await Promise.all([remind(input), remind(input)]);
    const ids = new Set(answers.map((answer) => textAt(answer, 'data.remindEnvelope.command.id')));
    expect(ids.size).toBe(1);
    expect(await mailedAgain(one)).toHaveLength(1);
    expect(await remind({ ...input, recipientId: one.recipients[0] })).toMatchObject({
      data: { remindEnvelope: { __typename: 'KeyReused' } },
    });
    const other = { id: one.id, idempotencyKey: randomUUID() };
    expect(await remind(other)).toMatchObject({ data: { remindEnvelope: { __typename: 'TooEarly' } } });
    await alter(one, sql`created_at = created_at - interval '61 minutes'`);
    expect(await remind(other)).toMatchObject({ data: { remindEnvelope: { command: { state: 'DONE' } } } });
  });

  test('of a draft, and of what has ended, is refused with its status', async () => {
    const made = await api.gql(token, CREATE, { input: { envelope: envelope(account) } });
    expect(await remind({ id: textAt(made, 'data.createEnvelope.envelope.id') })).toMatchObject({
      data: {
        remindEnvelope: {
          __typename: 'WrongState',
          message: 'Recipients of a DRAFT envelope can not be reminded.',
          fix: 'Send it first.',
          status: 'DRAFT',
        },
      },
    });
    const { id } = await sent();
    await api.gql(token, VOID, { input: { id, reason: 'Superseded' } });
    expect(await remind({ id })).toMatchObject({
      data: { remindEnvelope: { __typename: 'WrongState', status: 'VOIDED', fix: null } },
    });
  });

  test('of one who has signed says so, without asking the provider', async () => {
    const one = await sent({ recipients: [signer(), CY] });
    await api.control('POST', `/envelopes/${one.providerId}/recipients/1/sign`);
    await recipientIs(one.id, 0, 'SIGNED');
    const before = askedAbout(one);
    expect(await remind({ id: one.id, recipientId: one.recipients[0] })).toMatchObject({
      data: {
        remindEnvelope: { __typename: 'RecipientFinished', code: 'RECIPIENT_FINISHED', recipientStatus: 'SIGNED' },
      },
    });
    expect(askedAbout(one)).toEqual(before);
    expect(await commandOf(one, 'REMIND')).toBeUndefined();
  });

  test('waits for its turn behind another of the same envelope', async () => {
    const one = await sent({ recipients: [signer(), CY] });
    const [bo = '', cy = ''] = one.recipients;
    await api.control('POST', '/faults', { route: RECIPIENTS, kind: 'slow', ms: 700 });
    const first = remind({ id: one.id, recipientId: bo });
    await eventually(async () => (await commandOf(one, 'REMIND')) !== undefined);
    expect(await remind({ id: one.id, recipientId: cy })).toMatchObject({
      data: {
        remindEnvelope: {
          __typename: 'TooEarly',
          message: 'Another reminder of this envelope is under way.',
          nextAllowedAt: expect.any(String),
        },
      },
    });
    expect(await first).toMatchObject({ data: { remindEnvelope: { command: { state: 'DONE' } } } });
    expect(await remind({ id: one.id, recipientId: cy })).toMatchObject({
      data: { remindEnvelope: { command: { state: 'DONE' } } },
    });
  });

  test('answers all faults of its input together', async () => {
    const { id } = await sent();
    const answer = await remind({ id, waitMs: -1, idempotencyKey: 'k'.repeat(256) });
    expect(listAt(answer, 'data.remindEnvelope.issues')).toMatchObject([
      { code: 'TOO_LONG', path: ['idempotencyKey'] },
      { code: 'OUT_OF_RANGE', path: ['waitMs'] },
    ]);
  });

  test('of one whose turn has not come is refused by the provider’s word, and may be asked again', async () => {
    const one = await sent({ recipients: [signer(), signer({ ...CY, routingOrder: 2 })] });
    const [, cy = ''] = one.recipients;
    expect(await remind({ id: one.id, recipientId: cy })).toMatchObject({
      data: { remindEnvelope: { __typename: 'NotTheirTurn' } },
    });
    await api.control('POST', `/envelopes/${one.providerId}/recipients/1/sign`);
    expect(await remind({ id: one.id, recipientId: cy })).toMatchObject({
      data: { remindEnvelope: { command: { state: 'DONE' } } },
    });
    expect(await mailedAgain(one)).toEqual(['cy@owner.example']);
  });

  test('of those who sign embedded is not supported: they get no mails', async () => {
    const one = await sent({ recipients: [signer({ embedded: true }), CY] });
    expect(await remind({ id: one.id, recipientId: one.recipients[0] })).toMatchObject({
      data: {
        remindEnvelope: {
          __typename: 'NotSupported',
          message: 'Recipients who sign embedded get no mails: open a session for them by `createSigningUrl`.',
          capability: 'REMIND_EMBEDDED',
        },
      },
    });
    await remind({ id: one.id });
    expect(await mailedAgain(one)).toEqual(['cy@owner.example']);
  });

  test("of another envelope's recipient is not found", async () => {
    const [one, other] = [await sent(), await sent()];
    expect(await remind({ id: one.id, recipientId: other.recipients[0] })).toMatchObject({
      data: { remindEnvelope: { __typename: 'NotFound', message: 'There is no such recipient.' } },
    });
  });

  test.each([
    ['answer-lost', 1],
    ['reset', 0],
  ])('whose answer is lost (%s) stays UNCERTAIN and is never said again', async (kind, mails) => {
    const one = await sent();
    await api.control('POST', '/faults', { route: WHOLE, kind });
    expect(await remind({ id: one.id })).toMatchObject({
      data: {
        remindEnvelope: {
          __typename: 'RemindEnvelopePayload',
          command: {
            state: 'UNCERTAIN',
            nextTryAt: null,
            explanation: expect.stringContaining('It is not done again by itself'),
            failure: { code: 'PROVIDER_UNAVAILABLE' },
          },
        },
      },
    });
    expect(await dueOf(one)).toEqual([]);
    // Should anybody come by it all the same, nothing is said.
    await makeDue(one);
    await eventually(async () => at((await dueOf(one))[0], 'taken'));
    expect(await commandOf(one, 'REMIND')).toMatchObject({ state: 'UNCERTAIN', nextTryAt: null });
    expect(await remind({ id: one.id })).toMatchObject({ data: { remindEnvelope: { __typename: 'TooEarly' } } });
    expect(await mailedAgain(one)).toHaveLength(mails);
    await alter(one, sql`created_at = created_at - interval '61 minutes'`);
    expect(await remind({ id: one.id })).toMatchObject({ data: { remindEnvelope: { command: { state: 'DONE' } } } });
    expect(await mailedAgain(one)).toHaveLength(mails + 1);
  });

  test('whose process ended in the middle is UNCERTAIN for the one that takes over, and is not said again', async () => {
    const one = await sent();
    await remind({ id: one.id });
    await alter(one, sql`state = 'ATTEMPTED', fence = gen_random_uuid(), lease_until = countersign_now()`);
    await makeDue(one);
    await eventually(async () => at(await commandOf(one, 'REMIND'), 'state') === 'UNCERTAIN');
    expect(await commandOf(one, 'REMIND')).toMatchObject({
      nextTryAt: null,
      failure: { message: expect.stringContaining('the process that asked for the mail ended') },
    });
    expect(await mailedAgain(one)).toHaveLength(1);
  });

  test('that a limit has kept waiting mails nobody of what has ended meanwhile', async () => {
    const one = await sent();
    const body = { errorCode: 'Burst_APIInvocation_Envelope_Limit_Exceeded', message: 'Too many.' };
    await api.control('POST', '/faults', { route: WHOLE, kind: 'status', status: 429, body });
    expect(await remind({ id: one.id, waitMs: 0 })).toMatchObject({
      data: { remindEnvelope: { __typename: 'RemindEnvelopePayload' } },
    });
    await eventually(async () => at(await commandOf(one, 'REMIND'), 'nextTryAt') !== null);
    expect(await commandOf(one, 'REMIND')).toMatchObject({ state: 'INTENDED' });
    await api.control('POST', `/envelopes/${one.providerId}/sign`);
    await eventually(async () => at(await read(one.id), 'status') === 'COMPLETED');
    await alter(one, sql`next_try_at = countersign_now()`);
    await makeDue(one);
    await eventually(async () => at(await commandOf(one, 'REMIND'), 'state') === 'REFUSED');
    expect(await commandOf(one, 'REMIND')).toMatchObject({
      failure: { code: 'WRONG_STATE', message: 'Nobody of a COMPLETED envelope can be reminded.' },
    });
    expect(await mailedAgain(one)).toEqual([]);
  });
});
