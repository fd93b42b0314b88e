import { randomUUID } from 'node:crypto';
import { sql } from 'drizzle-orm';
import { describe, expect, test } from 'vitest';
import { type Answer, at, eventually, listAt, textAt } from '../kit/answer.ts';
import { CREATE, envelope, type Input, signer, VOID } from '../kit/envelopes.ts';
import { startTenant } from '../kit/tenant.ts';
import { watchedWorld } from '../kit/watched-world.ts';
import { COMMAND, CY, peopleOf, PROBLEMS } from './people.ts';

const { world, askedAbout, waits } = watchedWorld();
const tenant = await startTenant({ world });
const { api, token, account, sent } = tenant;
const { alter, commandOf, mailedAgain, makeDue, read, recipientIs } = peopleOf(tenant);

const update = (input: Input): Promise<Answer> =>
  api.gql(
    token,
    `mutation Update($input: UpdateRecipientInput!) { updateRecipient(input: $input) {
      ${PROBLEMS}
      ... on UpdateRecipientPayload { recipient { id name email status } envelope { id status } ${COMMAND} }
    } }`,
    { input },
  );

const RECIPIENTS = 'PUT /envelopes/{envelopeId}/recipients';

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
    // Whatever the provider would do of itself, neither was asked for.
    expect(askedAbout(one).filter((call) => call.includes('resend_envelope'))).toEqual([]);
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

  test('of one who is known to have signed is refused without asking the provider', async () => {
    const one = await sent({ recipients: [signer(), CY] });
    await api.control('POST', `/envelopes/${one.providerId}/recipients/1/sign`);
    await recipientIs(one.id, 0, 'SIGNED');
    const before = askedAbout(one);
    expect(await update({ recipientId: one.recipients[0], name: 'Too late' })).toMatchObject({
      data: { updateRecipient: { __typename: 'RecipientFinished', recipientStatus: 'SIGNED' } },
    });
    expect(askedAbout(one)).toEqual(before);
    expect(await commandOf(one, 'CORRECT')).toBeUndefined();
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
      data: {
        updateRecipient: {
          recipient: { email: 'bo@tenant.example' },
          // Whether the next attempt has begun or not.
          command: { explanation: expect.stringContaining('so it may have been done') },
        },
      },
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

  test('is not said again while what was said before may still land', async () => {
    const one = await sent();
    await update({ recipientId: one.recipients[0], name: 'Bo T. Tenant' });
    const before = [askedAbout(one).length, waits.length] as const;
    await alter(
      one,
      sql`doubt_since = countersign_now() - interval '5 seconds', state = 'UNCERTAIN',
      fence = NULL, next_try_at = countersign_now()`,
    );
    await makeDue(one);
    const wait = await eventually(() => waits.slice(before[1]).find((ms) => ms > 1_000 && ms <= 3_000));
    expect(wait).toBeGreaterThan(1_000);
    expect(askedAbout(one)).toHaveLength(before[0]);
    await eventually(async () => at(await commandOf(one, 'CORRECT'), 'state') === 'DONE');
    expect(askedAbout(one).length).toBeGreaterThan(before[0]);
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
          envelope: { id: one.id, status: 'SENT' },
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
