import { createHash } from 'node:crypto';
import { eq, sql } from 'drizzle-orm';
import { beforeAll, describe, expect, test } from 'vitest';
import { due } from '../../src/db/tables/due.ts';
import { uuidOf } from '../../src/model/ids.ts';
import { at, eventually, listAt, textAt } from '../kit/answer.ts';
import { envelope, type Input, send, signer } from '../kit/envelopes.ts';
import type { LedgerLine } from '../kit/gateway.ts';
import { type Sent, startTenant } from '../kit/tenant.ts';

const { api, tenantId, token, account, sent } = await startTenant();

async function completed(): Promise<Sent> {
  const made = await sent();
  await api.control('POST', `/envelopes/${made.providerId}/sign`);
  await eventually(async () => (await evidenceOf(made.id)) !== null);
  return made;
}

const EVIDENCE = `query Q($id: ID!) { envelope(id: $id) { status evidence {
  certificate { ...D } combined { ...D } archive { ...D }
} } } fragment D on Download { url expiresAt filename sha256 }`;

async function evidenceOf(id: string): Promise<unknown> {
  return at(await api.gql(token, EVIDENCE, { id }), 'data.envelope.evidence');
}

function place(y: number): Input {
  return { at: { document: 'lease', page: 1, x: 150, y } };
}

function typesOf(entries: readonly unknown[]): unknown[] {
  return entries.map((entry) => at(entry, '__typename'));
}

function isRead({ route }: LedgerLine): boolean {
  return route?.startsWith('GET /envelopes') ?? false;
}

describe('evidence', () => {
  let done: Sent;
  beforeAll(async () => {
    done = await completed();
  });

  test('is null until the envelope is completed', async () => {
    expect(await evidenceOf((await sent()).id)).toBeNull();
  });

  test.each([
    ['certificate', 'application/pdf', '%PDF-', 'certificate.pdf'],
    ['combined', 'application/pdf', '%PDF-', 'signed.pdf'],
    ['archive', 'application/zip', 'PK\u0003\u0004', 'archive.zip'],
  ])('%s is what the provider has of it', async (which, contentType, begin, name) => {
    const { id } = done;
    const response = await fetch(textAt(await evidenceOf(id), `${which}.url`));
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe(contentType);
    expect(response.headers.get('content-disposition')).toBe(
      `attachment; filename=${id}-${name}; filename*=UTF-8''${id}-${name}`,
    );
    expect(
      Buffer.from(await response.arrayBuffer())
        .toString('latin1')
        .slice(0, begin.length),
    ).toBe(begin);
  });

  test('has a hash once it has streamed whole, and that of the bytes that came', async () => {
    const { id } = await completed();
    expect(at(await evidenceOf(id), 'certificate.sha256')).toBeNull();
    const bytes = await (await fetch(textAt(await evidenceOf(id), 'certificate.url'))).arrayBuffer();
    const hash = createHash('sha256').update(Buffer.from(bytes)).digest('hex');
    expect(await evidenceOf(id)).toMatchObject({ certificate: { sha256: hash }, combined: { sha256: null } });
  });

  test('has none after a look at its headers', async () => {
    const { id } = await completed();
    const response = await fetch(textAt(await evidenceOf(id), 'combined.url'), { method: 'HEAD' });
    expect(response.status).toBe(200);
    expect(at(await evidenceOf(id), 'combined.sha256')).toBeNull();
  });

  test('that the provider refuses is a problem, with nothing of it streamed', async () => {
    const { id } = done;
    const url = textAt(await evidenceOf(id), 'certificate.url');
    const refusal = { errorCode: 'DOCUMENT_DOES_NOT_EXIST', message: 'The document specified was not found.' };
    await api.control('POST', '/faults', { route: 'GET /envelopes/*', kind: 'status', status: 404, body: refusal });
    const response = await fetch(url);
    expect(response.status).toBe(502);
    expect(response.headers.get('content-type')).toBe('application/problem+json');
    expect(await response.json()).toMatchObject({ code: 'PROVIDER_REFUSED' });
  });
});

describe('the value of a field', () => {
  const fields = [
    { kind: 'SIGNATURE', place: place(240) },
    { kind: 'TEXT', label: 'iban', value: 'DE', place: place(260) },
    { kind: 'TEXT', place: place(280), required: false },
    { kind: 'CHECKBOX', label: 'pets', required: false, place: place(300) },
    { kind: 'DATE_SIGNED', place: place(320) },
  ];
  const FIELDS = `query Q($id: ID!) { envelope(id: $id) { status recipients { fields { kind label initialValue value } } } }`;
  const fieldsOf = async (id: string): Promise<unknown[]> =>
    listAt(await api.gql(token, FIELDS, { id }), 'data.envelope.recipients.0.fields');
  test('is what its signer left in it, read once when the envelope is completed', async () => {
    const { id, providerId } = await sent({ recipients: [signer({ fields })] });
    expect((await fieldsOf(id)).map((field) => at(field, 'value'))).toEqual([null, null, null, null, null]);
    await api.control('POST', `/envelopes/${providerId}/sign`, {
      recipientId: '1',
      tabs: { iban: 'DE02 1203 0000', pets: true },
    });
    const known = await eventually(async () => {
      const now = await fieldsOf(id);
      return at(now, '1.value') !== null && now;
    });
    expect(known).toEqual([
      { kind: 'SIGNATURE', label: null, initialValue: null, value: null },
      { kind: 'TEXT', label: 'iban', initialValue: 'DE', value: 'DE02 1203 0000' },
      { kind: 'TEXT', label: null, initialValue: null, value: '' },
      { kind: 'CHECKBOX', label: 'pets', initialValue: null, value: 'true' },
      { kind: 'DATE_SIGNED', label: null, initialValue: null, value: expect.stringMatching(/^\d{4}-\d\d-\d\d$/) },
    ]);
    await api.control('POST', '/idle');
    expect((await api.ledger(`?kind=call&envelopeId=${providerId}`)).filter(isRead)).toHaveLength(1);
    expect(api.log.join()).not.toContain('1203');
  });

  test('is told by the read that learns of the end, where no webhook did', async () => {
    await api.control('POST', '/faults', { route: 'webhook', kind: 'drop', times: 1_000 });
    const { id, providerId } = await sent({ recipients: [signer({ fields })] });
    await api.control('POST', `/envelopes/${providerId}/sign`, { recipientId: '1', tabs: { iban: 'DE77' } });
    const answer = await api.gql(
      token,
      'query Q($id: ID!) { envelope(id: $id, freshness: { live: true }) { status recipients { fields { value } } } }',
      { id },
    );
    expect(at(answer, 'data.envelope')).toMatchObject({
      status: 'COMPLETED',
      recipients: [{ fields: [{}, { value: 'DE77' }, {}, { value: 'false' }, {}] }],
    });
    const waiting = await api.database.withTenants([], (tx) =>
      tx
        .select()
        .from(due)
        .where(eq(due.id, uuidOf('Envelope', id) ?? '')),
    );
    expect(waiting).toEqual([]);
  });

  test('takes no read where there is nothing to fill', async () => {
    const { providerId } = await completed();
    await api.control('POST', '/idle');
    expect((await api.ledger(`?kind=call&envelopeId=${providerId}`)).filter(isRead)).toEqual([]);
  });
});

describe('the timeline', () => {
  const TIMELINE = `query Q($id: ID!) { envelope(id: $id) { timeline {
    __typename at
    ... on CommandAsked { command { kind askedBy } }
    ... on CommandOutcome { command { kind state attempts failure { code providerCode traceId } } }
    ... on DeliveryReceived { delivery { verdict effect } }
    ... on EventRecorded { event { type source occurredAt recordedAt } }
  } } }`;
  const timelineOf = async (bearer: string, id: string): Promise<unknown[]> =>
    listAt(await api.gql(bearer, TIMELINE, { id }), 'data.envelope.timeline');

  test('tells who asked, what the provider said, and when it was known, in order', async () => {
    const { id } = await completed();
    await api.control('POST', '/idle');
    const entries = await timelineOf(token, id);
    expect(entries[0]).toMatchObject({ __typename: 'CommandAsked', command: { kind: 'SEND', askedBy: 'tester' } });
    expect(entries).toContainEqual(
      expect.objectContaining({
        __typename: 'CommandOutcome',
        command: { kind: 'SEND', state: 'DONE', attempts: 1, failure: null },
      }),
    );
    expect(entries).toContainEqual(
      expect.objectContaining({
        __typename: 'DeliveryReceived',
        delivery: { verdict: 'VERIFIED', effect: 'APPLIED' },
      }),
    );
    expect(entries).toContainEqual(
      expect.objectContaining({
        __typename: 'EventRecorded',
        event: expect.objectContaining({ type: 'ENVELOPE_COMPLETED', source: 'WEBHOOK' }),
      }),
    );
    const times = entries.map((entry) => textAt(entry, 'at'));
    expect(times).toEqual(times.toSorted());
  });

  test('tells by what code the provider refused, and the trace to ask it about', async () => {
    const body = { errorCode: 'USER_LACKS_PERMISSIONS', message: 'no' };
    await api.control('POST', '/faults', { route: 'POST /envelopes', kind: 'status', status: 403, body });
    const answer = await send(api, token, { envelope: envelope(account) });
    const entries = await timelineOf(token, textAt(answer, 'data.sendEnvelope.envelope.id'));
    expect(entries).toContainEqual(
      expect.objectContaining({
        __typename: 'CommandOutcome',
        command: {
          kind: 'SEND',
          state: 'REFUSED',
          attempts: 1,
          failure: {
            code: 'PROVIDER_REFUSED',
            providerCode: 'USER_LACKS_PERMISSIONS',
            traceId: expect.stringMatching(/./),
          },
        },
      }),
    );
  });

  test('leaves webhook calls out for a token without their scope, and who asked for a narrowed one', async () => {
    const { id } = await completed();
    const reader = await api.token({ tenantId, scopes: ['envelopes:read'] });
    const narrowed = await api.token({ tenantId, envelopes: [uuidOf('Envelope', id) ?? ''] });
    for (const bearer of [reader, narrowed]) {
      const entries = await timelineOf(bearer, id);
      expect(typesOf(entries)).toContain('EventRecorded');
      expect(typesOf(entries)).not.toContain('DeliveryReceived');
    }
    expect(at(await timelineOf(reader, id), '0.command.askedBy')).toBe('tester');
    expect(at(await timelineOf(narrowed, id), '0.command.askedBy')).toBeNull();
  });

  test('is the latest two hundred entries', async () => {
    const { id } = await sent();
    await api.control('POST', '/idle');
    await api.database.withTenants([tenantId], (tx) =>
      tx.execute(sql`
        INSERT INTO commands (tenant_id, id, envelope_id, account_id, kind, state, request, attempt, created_at, updated_at)
        SELECT tenant_id, gen_random_uuid(), envelope_id, account_id, 'REMIND', 'DONE', '{}', 1,
          created_at + n * interval '1 minute', created_at + n * interval '1 minute'
        FROM commands, generate_series(1, 150) n WHERE envelope_id = ${uuidOf('Envelope', id)}`),
    );
    const entries = await timelineOf(token, id);
    expect(entries).toHaveLength(200);
    expect(new Set(entries.map((entry) => at(entry, 'command.kind')))).toEqual(new Set(['REMIND']));
  });
});
