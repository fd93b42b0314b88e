import { randomUUID } from 'node:crypto';
import { sql } from 'drizzle-orm';
import { describe, expect, test } from 'vitest';
import { rowsOf } from '../../src/db/client.ts';
import { uuidOf } from '../../src/model/ids.ts';
import { type Answer, at, eventually, listAt, textAt } from '../kit/answer.ts';
import { CREATE, envelope, type Input, PROBLEM, signer, VOID } from '../kit/envelopes.ts';
import { type Sent, startTenant } from '../kit/tenant.ts';

const { api, tenantId, token, account, sent } = await startTenant();

const CY = signer({ key: 'owner', name: 'Cy Owner', email: 'cy@owner.example' });
const COMMAND = 'command { id kind state explanation nextTryAt recipient { id } failure { code message } }';
const PROBLEMS = `${PROBLEM} ... on WrongState { status } ... on TooEarly { nextAllowedAt }
  ... on RecipientFinished { recipientStatus } ... on ProviderRefused { providerCode failed: envelope { id status } }`;

const remind = (input: Input): Promise<Answer> =>
  api.gql(
    token,
    `mutation Remind($input: RemindEnvelopeInput!) { remindEnvelope(input: $input) {
      ${PROBLEMS} ... on NotSupported { capability }
      ... on RemindEnvelopePayload { envelope { id status } ${COMMAND} }
    } }`,
    { input },
  );

const update = (input: Input): Promise<Answer> =>
  api.gql(
    token,
    `mutation Update($input: UpdateRecipientInput!) { updateRecipient(input: $input) {
      ${PROBLEMS}
      ... on UpdateRecipientPayload { recipient { id name email status } envelope { id status } ${COMMAND} }
    } }`,
    { input },
  );

/** To whom the sandbox has mailed again. */
async function mailedAgain({ providerId }: Sent): Promise<unknown[]> {
  return (await api.ledger(`?kind=mail&event=resent&envelopeId=${providerId}`)).map((line) => line['to']);
}

async function read(id: string): Promise<unknown> {
  const query = `query Q($id: ID!) { envelope(id: $id) { status recipients { id name email status } commands { kind state nextTryAt failure { code message } } } }`;
  return at(await api.gql(token, query, { id }), 'data.envelope');
}

async function commandOf({ id }: Sent, kind: string): Promise<unknown> {
  return listAt(await read(id), 'commands').find((command) => at(command, 'kind') === kind);
}

async function recipientIs(envelopeId: string, index: number, status: string): Promise<void> {
  await eventually(async () => at(await read(envelopeId), `recipients.${index}.status`) === status);
}

/** Changes the commands of the envelope behind everybody's back: time passes, or a process ends. */
function alter({ id }: Sent, change: ReturnType<typeof sql>): Promise<unknown> {
  return api.database.withTenants([tenantId], (tx) =>
    tx.execute(sql`UPDATE commands SET ${change} WHERE envelope_id = ${uuidOf('Envelope', id)} AND kind <> 'SEND'`),
  );
}

/** What is still to be done about the envelope's commands, and whether a runner has taken it. */
function dueOf({ id }: Sent): Promise<readonly unknown[]> {
  return api.database.withTenants([tenantId], (tx) =>
    rowsOf(
      tx,
      sql`SELECT d.due_at > countersign_now() + interval '30 seconds' AS taken FROM due d JOIN commands c ON c.id = d.id WHERE c.envelope_id = ${uuidOf('Envelope', id)}`,
    ),
  );
}

/** Has the runner take up the envelope's commands at its next look. */
function makeDue({ id }: Sent): Promise<unknown> {
  return api.database.withTenants([tenantId], (tx) =>
    tx.execute(sql`INSERT INTO due (tenant_id, kind, id, due_at)
      SELECT tenant_id, 'COMMAND', id, countersign_now() FROM commands
      WHERE envelope_id = ${uuidOf('Envelope', id)} AND kind <> 'SEND'
      ON CONFLICT (tenant_id, kind, id) DO UPDATE SET due_at = excluded.due_at`),
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

  test('of one who has signed says so', async () => {
    const one = await sent({ recipients: [signer(), CY] });
    await api.control('POST', `/envelopes/${one.providerId}/recipients/1/sign`);
    await recipientIs(one.id, 0, 'SIGNED');
    expect(await remind({ id: one.id, recipientId: one.recipients[0] })).toMatchObject({
      data: {
        remindEnvelope: { __typename: 'RecipientFinished', code: 'RECIPIENT_FINISHED', recipientStatus: 'SIGNED' },
      },
    });
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

const EVENTS = `query Q($id: ID!) { events(first: 50, filter: { envelopeIds: [$id], types: [RECIPIENT_UPDATED] }) {
  nodes { type source status recipient { id } recipientStatus } } }`;

describe('updateRecipient', () => {
  test('corrects name and address as the provider then tells them, mails the new address, and is told of', async () => {
    const one = await sent();
    const [bo = ''] = one.recipients;
    await recipientIs(one.id, 0, 'NOTIFIED');
    const answer = await update({ recipientId: bo, name: 'Bo T. Tenant', email: 'bo@elsewhere.example' });
    const corrected = { id: bo, name: 'Bo T. Tenant', email: 'bo@elsewhere.example', status: 'NOTIFIED' };
    expect(answer).toMatchObject({
      data: {
        updateRecipient: {
          recipient: corrected,
          envelope: { id: one.id },
          command: { kind: 'CORRECT', state: 'DONE', recipient: { id: bo } },
        },
      },
    });
    expect(await mailedAgain(one)).toEqual(['bo@elsewhere.example']);
    await api.control('POST', '/idle');
    expect(at(await read(one.id), 'recipients.0')).toEqual(corrected);
    expect(listAt(await api.gql(token, EVENTS, { id: one.id }), 'data.events.nodes')).toMatchObject([
      { type: 'RECIPIENT_UPDATED', status: 'SENT', recipient: { id: bo }, recipientStatus: 'NOTIFIED' },
    ]);
  });

  test('of the name alone mails nobody, and of one who signs embedded neither', async () => {
    const one = await sent({ recipients: [signer(), signer({ ...CY, embedded: true })] });
    const [bo = '', cy = ''] = one.recipients;
    await update({ recipientId: bo, name: 'Bo T. Tenant' });
    await update({ recipientId: cy, email: 'cy@elsewhere.example' });
    expect(await mailedAgain(one)).toEqual([]);
    const url = await api.gql(
      token,
      'mutation S($input: CreateSigningUrlInput!) { createSigningUrl(input: $input) { __typename ... on Problem { message } } }',
      { input: { recipientId: cy, returnUrl: 'https://app.example/back' } },
    );
    expect(url).toEqual({ data: { createSigningUrl: { __typename: 'CreateSigningUrlPayload' } } });
  });

  test('of one who has signed is refused, whether the cache has heard of it or not', async () => {
    const one = await sent({ recipients: [signer(), CY] });
    const [bo = ''] = one.recipients;
    const refused = {
      data: {
        updateRecipient: { __typename: 'RecipientFinished', code: 'RECIPIENT_FINISHED', recipientStatus: 'SIGNED' },
      },
    };
    await api.control('POST', '/faults', { route: 'webhook', kind: 'drop', times: 100 });
    await api.control('POST', `/envelopes/${one.providerId}/recipients/1/sign`);
    expect(await update({ recipientId: bo, name: 'Too late' })).toMatchObject(refused);
    expect(await commandOf(one, 'CORRECT')).toMatchObject({ state: 'REFUSED' });
    // The refusal proved the cache wrong, so the provider is read.
    await recipientIs(one.id, 0, 'SIGNED');
    expect(await update({ recipientId: bo, name: 'Too late' })).toMatchObject(refused);
    expect(at(await read(one.id), 'recipients.0.name')).toBe('Bo Tenant');
  });

  test('of a draft, and of what has ended, is refused with its status', async () => {
    const made = await api.gql(token, CREATE, { input: { envelope: envelope(account) } });
    const recipientId = textAt(made, 'data.createEnvelope.envelope.recipients.0.id');
    expect(await update({ recipientId, name: 'Other' })).toMatchObject({
      data: {
        updateRecipient: {
          __typename: 'WrongState',
          status: 'DRAFT',
          message: 'Recipients of a DRAFT envelope can not be changed.',
          fix: 'Change the draft by `updateDraft`.',
        },
      },
    });
    const one = await sent();
    await api.gql(token, VOID, { input: { id: one.id, reason: 'Superseded' } });
    expect(await update({ recipientId: one.recipients[0], name: 'Other' })).toMatchObject({
      data: { updateRecipient: { __typename: 'WrongState', status: 'VOIDED' } },
    });
  });

  test('answers all faults of its input together, and wants something to change', async () => {
    const { recipients } = await sent();
    const [recipientId] = recipients;
    const faulty = { recipientId, name: ' ', email: 'no address', waitMs: -1, idempotencyKey: 'k'.repeat(256) };
    expect(listAt(await update(faulty), 'data.updateRecipient.issues')).toMatchObject([
      { code: 'TOO_LONG', path: ['idempotencyKey'] },
      { code: 'OUT_OF_RANGE', path: ['waitMs'] },
      { code: 'REQUIRED', path: ['name'] },
      { code: 'INVALID_FORMAT', path: ['email'] },
    ]);
    expect(await update({ recipientId })).toMatchObject({
      data: { updateRecipient: { issues: [{ code: 'REQUIRED', path: ['name'] }] } },
    });
  });

  test('whose answer is lost is settled by look-up, and mails once', async () => {
    const one = await sent();
    await api.control('POST', '/faults', { route: RECIPIENTS, kind: 'answer-lost' });
    expect(await update({ recipientId: one.recipients[0], email: 'bo@elsewhere.example' })).toMatchObject({
      data: { updateRecipient: { recipient: { email: 'bo@elsewhere.example' }, command: { state: 'DONE' } } },
    });
    expect(await mailedAgain(one)).toEqual(['bo@elsewhere.example']);
  });

  test('whose answer is lost and that no look-up shows is said again once it can not land any more', async () => {
    const one = await sent();
    await api.control('POST', '/faults', { route: RECIPIENTS, kind: 'reset' });
    const answer = await update({ recipientId: one.recipients[0], email: 'bo@elsewhere.example', waitMs: 500 });
    expect(answer).toMatchObject({
      data: { updateRecipient: { recipient: { email: 'bo@tenant.example' }, command: { state: 'UNCERTAIN' } } },
    });
    expect(await mailedAgain(one)).toEqual([]);
    await alter(
      one,
      sql`doubt_since = countersign_now() - interval '1 minute', state = 'UNCERTAIN',
      fence = NULL, next_try_at = countersign_now()`,
    );
    await makeDue(one);
    await eventually(async () => at(await commandOf(one, 'CORRECT'), 'state') === 'DONE');
    expect(at(await read(one.id), 'recipients.0.email')).toBe('bo@elsewhere.example');
    expect(await mailedAgain(one)).toEqual(['bo@elsewhere.example']);
  });

  test('that the provider refuses is answered in its words, and changes nothing', async () => {
    const one = await sent();
    const body = { errorCode: 'EDIT_LOCK_NOT_LOCK_OWNER', message: 'Someone is at it.' };
    await api.control('POST', '/faults', { route: RECIPIENTS, kind: 'status', status: 400, body });
    expect(await update({ recipientId: one.recipients[0], name: 'Other' })).toMatchObject({
      data: {
        updateRecipient: {
          __typename: 'ProviderRefused',
          providerCode: 'EDIT_LOCK_NOT_LOCK_OWNER',
          fix: 'Someone is editing the envelope at DocuSign: try again when they are done.',
          failed: { id: one.id, status: 'SENT' },
        },
      },
    });
    expect(at(await read(one.id), 'recipients.0.name')).toBe('Bo Tenant');
  });

  test('waits for its turn behind another of the same envelope', async () => {
    const one = await sent({ recipients: [signer(), CY] });
    const [bo = '', cy = ''] = one.recipients;
    await api.control('POST', '/faults', { route: RECIPIENTS, kind: 'slow', ms: 700 });
    const first = update({ recipientId: bo, name: 'First' });
    await eventually(async () => (await commandOf(one, 'CORRECT')) !== undefined);
    expect(await update({ recipientId: cy, name: 'Second' })).toMatchObject({
      data: {
        updateRecipient: {
          __typename: 'TooEarly',
          message: 'Another correction of this envelope is under way.',
          nextAllowedAt: expect.any(String),
        },
      },
    });
    expect(await first).toMatchObject({ data: { updateRecipient: { recipient: { name: 'First' } } } });
    expect(await update({ recipientId: cy, name: 'Second' })).toMatchObject({
      data: { updateRecipient: { recipient: { name: 'Second' } } },
    });
  });

  test('with a key is done once', async () => {
    const one = await sent();
    const input = { recipientId: one.recipients[0], email: 'bo@elsewhere.example', idempotencyKey: randomUUID() };
    const answers = await Promise.all([update(input), update(input)]);
    expect(new Set(answers.map((answer) => textAt(answer, 'data.updateRecipient.command.id'))).size).toBe(1);
    expect(await mailedAgain(one)).toHaveLength(1);
    expect(await update({ ...input, name: 'Other' })).toMatchObject({
      data: { updateRecipient: { __typename: 'KeyReused' } },
    });
  });
});
