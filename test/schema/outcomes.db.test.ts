import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { at, eventually, textAt } from '../kit/answer.ts';
import { CREATE, envelope, type Input, send } from '../kit/envelopes.ts';
import type { LedgerLine } from '../kit/gateway.ts';
import { startTenant } from '../kit/tenant.ts';

const { api, token, account } = await startTenant();

/** What the ledger holds since `begin()`. */
function since(): { begin(): Promise<void>; lines(kind: string, event?: string): Promise<LedgerLine[]> } {
  let after = 0;
  return {
    begin: async () => {
      after = (await api.ledger()).at(-1)?.seq ?? 0;
    },
    lines: async (kind, event) =>
      api.ledger(`?kind=${kind}&after=${after}${event === undefined ? '' : `&event=${event}`}`),
  };
}
const ledger = since();

const READ = `query Q($id: ID!) {
  envelope(id: $id) { status providerId failure { code } commands { state attempts explanation nextTryAt failure { message } } }
}`;

async function commandOf(id: string): Promise<unknown> {
  return at(await api.gql(token, READ, { id }), 'data.envelope.commands.0');
}

/** The next create is refused. */
function refusing(): Promise<unknown> {
  return api.control('POST', '/faults', {
    route: 'POST /envelopes',
    kind: 'status',
    status: 400,
    body: { errorCode: 'ENVELOPE_ALLOWANCE_EXCEEDED', message: 'The allowance for envelopes has been exceeded.' },
  });
}

/** What was answered, but for what is each request's own. */
function sameEachTime(answer: unknown): unknown {
  return { ...Object(at(answer, 'data.sendEnvelope')), requestId: null };
}

describe("a provider's refusal", () => {
  test('is answered in its own words, with its trace, and leaves a FAILED envelope', async () => {
    await refusing();
    const answer = await send(api, token, { envelope: envelope(account) });
    const traceId = textAt(answer, 'data.sendEnvelope.traceId');
    expect(answer).toMatchObject({
      data: {
        sendEnvelope: {
          __typename: 'ProviderRefused',
          code: 'PROVIDER_REFUSED',
          message: 'The provider refused: The allowance for envelopes has been exceeded.',
          retryable: false,
          fix: "The account's plan has no envelopes left: buy more or wait for the next period.",
          providerCode: 'ENVELOPE_ALLOWANCE_EXCEEDED',
          providerMessage: 'The allowance for envelopes has been exceeded.',
          providerStatus: 400,
          envelope: {
            status: 'FAILED',
            failure: { code: 'PROVIDER_REFUSED', providerCode: 'ENVELOPE_ALLOWANCE_EXCEEDED', traceId },
          },
        },
      },
    });
    const calls = await api.ledger('?kind=call');
    expect(calls.some((call) => call['traceToken'] === traceId)).toBe(true);
  });

  test('is repeated by its key, without asking again', async () => {
    await refusing();
    const idempotencyKey = randomUUID();
    const input = { envelope: envelope(account) };
    const first = await send(api, token, input, { idempotencyKey });
    await ledger.begin();
    const second = await send(api, token, input, { idempotencyKey });
    expect(textAt(second, 'data.sendEnvelope.__typename')).toBe('ProviderRefused');
    expect(sameEachTime(second)).toEqual(sameEachTime(first));
    expect(await ledger.lines('call')).toEqual([]);
  });

  test('that comes after `waitMs` stands on the envelope', async () => {
    await refusing();
    await api.control('POST', '/faults', { route: 'POST /envelopes', kind: 'slow', ms: 1_000 });
    const answer = await send(api, token, { envelope: envelope(account) }, { waitMs: 0 });
    expect(answer).toMatchObject({ data: { sendEnvelope: { envelope: { status: 'SENDING' } } } });
    const id = textAt(answer, 'data.sendEnvelope.envelope.id');
    const failed = await eventually(async () => {
      const read = await api.gql(token, READ, { id });
      return at(read, 'data.envelope.status') === 'FAILED' && read;
    });
    expect(failed).toMatchObject({
      data: {
        envelope: {
          failure: { code: 'PROVIDER_REFUSED' },
          commands: [{ state: 'REFUSED', attempts: 1, explanation: 'The provider refused it; nothing more is tried.' }],
        },
      },
    });
  });
});

function idsOf(lines: readonly LedgerLine[]): unknown[] {
  return lines.map((line) => line.envelopeId);
}

/** Waits for the end of the command; then the envelope, and what the sandbox made and sent. */
async function settled(id: string): Promise<{ envelope: unknown; created: unknown[]; sent: unknown[] }> {
  await eventually(async () => at(await commandOf(id), 'state') === 'DONE', { ms: 30_000 });
  const envelope = at(await api.gql(token, READ, { id }), 'data.envelope');
  const [created, sent] = [await ledger.lines('envelope', 'created'), await ledger.lines('envelope', 'sent')];
  return { envelope, created: idsOf(created), sent: idsOf(sent) };
}

describe('an answer that was lost', () => {
  test('to the create leaves an UNCERTAIN command, settled by look-up', async () => {
    await ledger.begin();
    await api.control('POST', '/faults', { route: 'POST /envelopes', kind: 'answer-lost' });
    // While it can't be looked up, the doubt lasts long enough to be seen.
    await api.control('POST', '/faults', { route: 'GET /envelopes', kind: 'status', status: 503, times: 1_000 });
    const answer = await send(api, token, { envelope: envelope(account) }, { waitMs: 0 });
    const id = textAt(answer, 'data.sendEnvelope.envelope.id');
    const doubt = await eventually(async () => {
      const command = await commandOf(id);
      return at(command, 'state') === 'UNCERTAIN' && command;
    });
    expect(doubt).toMatchObject({
      explanation: expect.stringContaining('it may have been done'),
      nextTryAt: expect.any(String),
      failure: { message: expect.any(String) },
    });
    await api.control('DELETE', '/faults');
    const { envelope: settledOne, created, sent } = await settled(id);
    expect(settledOne).toMatchObject({ status: 'SENT', failure: null });
    expect([created, sent]).toEqual(Array.from({ length: 2 }, () => [textAt(settledOne, 'providerId')]));
  });

  test('to the release leaves an UNCERTAIN command, settled by releasing the same draft again', async () => {
    await ledger.begin();
    const route = 'PUT /envelopes/{envelopeId}';
    await api.control('POST', '/faults', { route, kind: 'answer-lost' });
    await api.control('POST', '/faults', { route, kind: 'status', status: 503, times: 1_000 });
    const answer = await send(api, token, { envelope: envelope(account) }, { waitMs: 0 });
    const id = textAt(answer, 'data.sendEnvelope.envelope.id');
    await eventually(async () => at(await commandOf(id), 'state') === 'UNCERTAIN');
    await api.control('DELETE', '/faults');
    const { envelope: settledOne, created, sent } = await settled(id);
    expect(settledOne).toMatchObject({ status: 'SENT', failure: null });
    expect([created, sent]).toEqual(Array.from({ length: 2 }, () => [textAt(settledOne, 'providerId')]));
  });
});

describe('one key', () => {
  test('ten times at once makes one envelope, and all ten answer it', async () => {
    await ledger.begin();
    const idempotencyKey = randomUUID();
    const what = { envelope: envelope(account) };
    const answers = await Promise.all(Array.from({ length: 10 }, () => send(api, token, what, { idempotencyKey })));
    const ids = answers.map((answer) => textAt(answer, 'data.sendEnvelope.envelope.id'));
    expect(new Set(ids).size).toBe(1);
    expect(answers.map((answer) => at(answer, 'data.sendEnvelope.envelope.status'))).toEqual(
      Array.from({ length: 10 }, () => 'SENT'),
    );
    expect(answers.filter((answer) => at(answer, 'data.sendEnvelope.replayed') === false)).toHaveLength(1);
    expect(await ledger.lines('envelope', 'created')).toHaveLength(1);
    expect(await ledger.lines('envelope', 'sent')).toHaveLength(1);
  });

  test('ten times at once makes one draft', async () => {
    const input = { idempotencyKey: randomUUID(), envelope: envelope(account) };
    const answers = await Promise.all(Array.from({ length: 10 }, () => api.gql(token, CREATE, { input })));
    expect(new Set(answers.map((answer) => textAt(answer, 'data.createEnvelope.envelope.id'))).size).toBe(1);
  });

  test('of two tenants means two envelopes', async () => {
    const other = randomUUID();
    const theirs = await api.connectSandboxAccount(other);
    const idempotencyKey = randomUUID();
    const mine = await send(api, token, { envelope: envelope(account) }, { idempotencyKey });
    const answer = await send(
      api,
      await api.token({ tenantId: other }),
      { envelope: envelope(theirs) },
      { idempotencyKey },
    );
    expect(answer).toMatchObject({ data: { sendEnvelope: { replayed: false, envelope: { status: 'SENT' } } } });
    expect(textAt(answer, 'data.sendEnvelope.envelope.id')).not.toBe(textAt(mine, 'data.sendEnvelope.envelope.id'));
  });

  test('whatever the order of the members of its input, is the same input', async () => {
    const idempotencyKey = randomUUID();
    const given = envelope(account, { message: 'Please sign' });
    const turned: Input = Object.fromEntries(Object.entries(given).toReversed());
    const first = await send(api, token, { envelope: given }, { idempotencyKey });
    const second = await send(api, token, { envelope: turned }, { idempotencyKey, waitMs: 5 });
    expect(second).toMatchObject({
      data: { sendEnvelope: { replayed: true, envelope: { id: textAt(first, 'data.sendEnvelope.envelope.id') } } },
    });
  });
});
