import { randomUUID } from 'node:crypto';
import { sql } from 'drizzle-orm';
import { describe, expect, test } from 'vitest';
import { rowsOf } from '../../src/db/client.ts';
import { publicId } from '../../src/model/ids.ts';
import { type Answer, at, listAt, textAt } from '../kit/answer.ts';
import { CREATE, envelope, file, type Input, PROBLEM, send, signer } from '../kit/envelopes.ts';
import { startTenant } from '../kit/tenant.ts';

const { api, tenantId, token, account } = await startTenant();

const ENVELOPE = `id status subject message externalId expiresAt metadata { key value }
  recipients { id key name routingOrder status fields { label } } documents { id key name }`;

async function draft(changes: Parameters<typeof envelope>[1] = {}): Promise<unknown> {
  const made = await api.gql(token, CREATE, { input: { envelope: envelope(account, changes) } });
  const id = textAt(made, 'data.createEnvelope.envelope.id');
  return read(id);
}

async function read(id: string): Promise<unknown> {
  return at(await api.gql(token, `query Q($id: ID!) { envelope(id: $id) { ${ENVELOPE} } }`, { id }), 'data.envelope');
}

const update = (input: Input): Promise<Answer> =>
  api.gql(
    token,
    `mutation Update($input: UpdateDraftInput!) { updateDraft(input: $input) {
      ${PROBLEM} ... on WrongState { status } ... on UpdateDraftPayload { envelope { ${ENVELOPE} } }
    } }`,
    { input },
  );

const remove = (input: Input): Promise<Answer> =>
  api.gql(
    token,
    `mutation Delete($input: DeleteDraftInput!) { deleteDraft(input: $input) {
      ${PROBLEM} ... on WrongState { status } ... on DeleteDraftPayload { id }
    } }`,
    { input },
  );

const EVENTS = `query Q($after: String, $id: ID!) {
  events(first: 20, after: $after, filter: { envelopeIds: [$id] }) {
    nodes { sequence type status source envelopeId envelope { id } }
  }
}`;

async function eventsOf(id: string, after: string | null = null): Promise<unknown[]> {
  return listAt(await api.gql(token, EVENTS, { id, after }), 'data.events.nodes');
}

/** Documents of the tenant that are stored, by their ids. */
async function storedDocuments(): Promise<unknown[]> {
  return api.database.withTenants([tenantId], async (tx) =>
    (await rowsOf(tx, sql`SELECT id::text AS id FROM documents`)).map((row) => publicId('Document', textAt(row, 'id'))),
  );
}

describe('updateDraft', () => {
  test('puts the whole of another envelope in the place of the old one', async () => {
    const before = await draft({ message: 'Old', externalId: 'old', metadata: [{ key: 'a', value: 'b' }] });
    const answer = await update({
      id: textAt(before, 'id'),
      envelope: envelope(account, {
        subject: 'New lease',
        documents: [file({ key: 'other', filename: 'other.pdf' })],
        recipients: [
          signer({ key: 'owner', name: 'Cy Owner', email: 'cy@owner.example', fields: [] }),
          signer({ routingOrder: 2, fields: [] }),
        ],
      }),
    });
    expect(at(answer, 'data.updateDraft.envelope')).toMatchObject({
      id: textAt(before, 'id'),
      status: 'DRAFT',
      subject: 'New lease',
      message: null,
      externalId: null,
      metadata: [],
      recipients: [
        { key: 'owner', name: 'Cy Owner', routingOrder: 1, fields: [] },
        { key: 'tenant', name: 'Bo Tenant', routingOrder: 2, fields: [] },
      ],
      documents: [{ key: 'other', name: 'other.pdf' }],
    });
    expect(await read(textAt(before, 'id'))).toEqual(at(answer, 'data.updateDraft.envelope'));
  });

  test('leaves a recipient whose key stays the id', async () => {
    const before = await draft();
    const id = textAt(before, 'id');
    const after = await update({ id, envelope: envelope(account, { recipients: [signer({ name: 'Bo T. Tenant' })] }) });
    expect(listAt(after, 'data.updateDraft.envelope.recipients')).toMatchObject([
      { id: textAt(before, 'recipients.0.id'), name: 'Bo T. Tenant' },
    ]);
  });

  test('is told of in the log, and the draft is then sent as it is now', async () => {
    const id = textAt(await draft(), 'id');
    await update({ id, envelope: envelope(account, { subject: 'Second thoughts' }) });
    expect(await eventsOf(id)).toMatchObject([
      { type: 'ENVELOPE_CREATED', status: 'DRAFT' },
      { type: 'ENVELOPE_UPDATED', status: 'DRAFT', source: 'GATEWAY', envelopeId: id, envelope: { id } },
    ]);
    const sent = await send(api, token, { draftId: id });
    const providerId = textAt(sent, 'data.sendEnvelope.envelope.providerId');
    const state = await api.control('GET', '/state');
    const held = listAt(state, 'envelopes').find((one) => at(one, 'envelopeId') === providerId);
    expect(held).toMatchObject({ emailSubject: 'Second thoughts', status: 'sent' });
  });

  test('keeps what only DocuSign has, and the draft is sent with what it was given last', async () => {
    const options = 'docusign { reminders { afterDays everyDays } expiryWarningDays }';
    const optionsOf = async (id: string): Promise<unknown> =>
      at(
        await api.gql(token, `query Q($id: ID!) { envelope(id: $id) { ${options} } }`, { id }),
        'data.envelope.docusign',
      );
    const id = textAt(await draft(), 'id');
    expect(await optionsOf(id)).toBeNull();
    const docusign = { reminders: { afterDays: 2, everyDays: 3 }, expiryWarningDays: 4 };
    const expiresAt = new Date(Date.now() + 30 * 86_400_000).toISOString();
    await update({ id, envelope: envelope(account, { docusign, expiresAt }) });
    expect(await optionsOf(id)).toEqual(docusign);
    const sent = await send(api, token, { draftId: id });
    const providerId = textAt(sent, 'data.sendEnvelope.envelope.providerId');
    const held = listAt(await api.control('GET', '/state'), 'envelopes').find(
      (one) => at(one, 'envelopeId') === providerId,
    );
    expect(at(held, 'notification')).toEqual({
      useAccountDefaults: 'false',
      reminders: { reminderEnabled: 'true', reminderDelay: '2', reminderFrequency: '3' },
      expirations: { expireEnabled: 'true', expireAfter: '30', expireWarn: '4' },
    });
  });

  test('forgets a document that nobody holds any more, and keeps one that it is given again or that another holds', async () => {
    const first = await draft();
    const [own, id] = [textAt(first, 'documents.0.id'), textAt(first, 'id')];
    const same = await update({
      id,
      envelope: envelope(account, { documents: [file({ source: { documentId: own } })] }),
    });
    expect(at(same, 'data.updateDraft.envelope.documents.0.id')).toBe(own);
    const other = textAt(await draft({ documents: [file({ source: { documentId: own } })] }), 'id');
    await update({ id, envelope: envelope(account) });
    expect(await storedDocuments()).toContain(own);
    await update({ id: other, envelope: envelope(account) });
    expect(await storedDocuments()).not.toContain(own);
  });

  test('answers all faults together, and changes nothing', async () => {
    const before = await draft();
    const answer = await update({
      id: textAt(before, 'id'),
      idempotencyKey: 'k'.repeat(256),
      envelope: envelope(account, { subject: '', recipients: [signer({ email: 'no address' })] }),
    });
    expect(listAt(answer, 'data.updateDraft.issues')).toMatchObject([
      { code: 'TOO_LONG', path: ['idempotencyKey'] },
      { code: 'REQUIRED', path: ['envelope', 'subject'] },
      { code: 'INVALID_FORMAT', path: ['envelope', 'content', 'documents', 'recipients', '0', 'email'] },
    ]);
    expect(await read(textAt(before, 'id'))).toEqual(before);
  });

  test('of what was sent is refused with its status', async () => {
    const sent = await send(api, token, { envelope: envelope(account) });
    const id = textAt(sent, 'data.sendEnvelope.envelope.id');
    expect(await update({ id, envelope: envelope(account, { subject: 'Too late' }) })).toMatchObject({
      data: {
        updateDraft: {
          __typename: 'WrongState',
          message: 'Only a DRAFT can be changed; this envelope is SENT.',
          fix: 'Correct a recipient by `updateRecipient`, or void it.',
          status: 'SENT',
        },
      },
    });
    expect(await read(id)).toMatchObject({ subject: 'Lease' });
  });

  test('is done once for a key, whose other input is refused', async () => {
    const id = textAt(await draft(), 'id');
    const input = { id, idempotencyKey: randomUUID(), envelope: envelope(account, { subject: 'Once' }) };
    await Promise.all([update(input), update(input)]);
    await update({ id, envelope: envelope(account, { subject: 'Later' }) });
    expect(await update(input)).toMatchObject({ data: { updateDraft: { envelope: { subject: 'Later' } } } });
    expect((await eventsOf(id)).map((event) => at(event, 'type'))).toEqual([
      'ENVELOPE_CREATED',
      'ENVELOPE_UPDATED',
      'ENVELOPE_UPDATED',
    ]);
    expect(await update({ ...input, envelope: envelope(account) })).toMatchObject({
      data: { updateDraft: { __typename: 'KeyReused' } },
    });
  });
});

describe('deleteDraft', () => {
  test('leaves nothing to be queried, and its events in a log without gaps', async () => {
    const start = textAt(await api.gql(token, '{ envelopes(first: 1) { logCursor } }'), 'data.envelopes.logCursor');
    const made = await draft();
    const [id, recipient] = [textAt(made, 'id'), textAt(made, 'recipients.0.id')];
    expect(await remove({ id })).toEqual({ data: { deleteDraft: { __typename: 'DeleteDraftPayload', id } } });
    expect(await read(id)).toBeNull();
    const nodes = await api.gql(token, 'query Q($ids: [ID!]!) { nodes(ids: $ids) { id } }', { ids: [id, recipient] });
    expect(at(nodes, 'data.nodes')).toEqual([null, null]);
    expect(await storedDocuments()).not.toContain(textAt(made, 'documents.0.id'));
    const events = await eventsOf(id, start);
    expect(events).toMatchObject([
      { type: 'ENVELOPE_CREATED', envelopeId: id, envelope: null },
      { type: 'ENVELOPE_DELETED', status: 'DRAFT', source: 'GATEWAY', envelopeId: id, envelope: null },
    ]);
    const [first, second] = events.map((event) => Number(at(event, 'sequence')));
    expect(second).toBe((first ?? 0) + 1);
  });

  test.each(['sse', 'ws'] as const)('is told to those who follow over %s', async (transport) => {
    const id = textAt(await draft(), 'id');
    const log = api[transport](
      token,
      'subscription S($id: ID!) { events(filter: { envelopeIds: [$id] }) { cursor event { type envelopeId envelope { id } } } }',
      { id },
    );
    const one = api[transport](token, 'subscription S($id: ID!) { envelope(id: $id) { id status } }', { id });
    await Promise.all([log, one].map((stream) => stream.first(() => true)));
    await remove({ id });
    const told = await log.first((result) => at(result, 'data.events.event') !== null);
    expect(at(told, 'data.events.event')).toEqual({ type: 'ENVELOPE_DELETED', envelopeId: id, envelope: null });
    expect(await one.first((result) => at(result, 'data.envelope') === null)).toEqual({ data: { envelope: null } });
    const cursor = textAt(told, 'data.events.cursor');
    expect(await eventsOf(id, cursor)).toEqual([]);
    await Promise.all([log, one].map((stream) => stream.stop()));
  });

  test('of what was sent is refused with its status', async () => {
    const sent = await send(api, token, { envelope: envelope(account) });
    expect(await remove({ id: textAt(sent, 'data.sendEnvelope.envelope.id') })).toMatchObject({
      data: {
        deleteDraft: {
          __typename: 'WrongState',
          message: 'Only a DRAFT can be deleted; this envelope is SENT.',
          status: 'SENT',
        },
      },
    });
  });

  test('is done once: again it is not found, and with its key it is answered as before', async () => {
    const id = textAt(await draft(), 'id');
    const input = { id, idempotencyKey: randomUUID() };
    const answers = await Promise.all([remove(input), remove(input)]);
    for (const answer of answers) expect(at(answer, 'data.deleteDraft.id')).toBe(id);
    expect(await remove({ id })).toMatchObject({ data: { deleteDraft: { __typename: 'NotFound' } } });
    expect((await eventsOf(id)).map((event) => at(event, 'type'))).toEqual(['ENVELOPE_CREATED', 'ENVELOPE_DELETED']);
  });

  test('and a send of the same draft at once end in one of the two', async () => {
    const id = textAt(await draft(), 'id');
    const [sent, removed] = await Promise.all([send(api, token, { draftId: id }), remove({ id })]);
    const outcomes = [at(sent, 'data.sendEnvelope.__typename'), at(removed, 'data.deleteDraft.__typename')];
    expect([
      ['SendEnvelopePayload', 'WrongState'],
      ['NotFound', 'DeleteDraftPayload'],
    ]).toContainEqual(outcomes);
  });

  test('keeps a document that another draft holds', async () => {
    const made = await draft();
    const documentId = textAt(made, 'documents.0.id');
    await draft({ documents: [file({ source: { documentId } })] });
    await remove({ id: textAt(made, 'id') });
    expect(await storedDocuments()).toContain(documentId);
  });

  test('leaves the key that made the draft answered as not found', async () => {
    const input = { idempotencyKey: randomUUID(), envelope: envelope(account) };
    const id = textAt(await api.gql(token, CREATE, { input }), 'data.createEnvelope.envelope.id');
    await remove({ id });
    expect(await api.gql(token, CREATE, { input })).toMatchObject({
      data: { createEnvelope: { __typename: 'NotFound' } },
    });
  });
});
