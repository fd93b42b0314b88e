/**
 * How long a request waits: `waitMs` and no longer, whatever the provider does, and little for what is soon over.
 */
import { afterEach, describe, expect, test } from 'vitest';
import { LOOK_UP_WAIT_MS } from '../../src/envelopes/reading/freshness.ts';
import { uuidOf } from '../../src/model/ids.ts';
import { addMilliseconds } from '../../src/model/time.ts';
import { systemWorld, type World } from '../../src/world.ts';
import { at, eventually, listAt, textAt } from '../kit/answer.ts';
import { envelope, PROBLEM, send, signer } from '../kit/envelopes.ts';
import { startTenant } from '../kit/tenant.ts';
import { networkError } from '../providers/scripted-world.ts';

const real = systemWorld();
/** Given as `waitMs`, and shorter than any other wait that is as long: its end comes when a test wants it. */
const WAIT_MS = 29_000;
const waits = new Set<() => void>();
/** While the provider is away: how many of the next calls find no connection; those after have no answer at all. */
let away: { refusing: number; readonly back: PromiseWithResolvers<never> } | null = null;
/** Milliseconds that the clock has been put forward. */
let ahead = 0;

/** When a call has no answer, the time of whoever waits for one is over. */
const world: World = {
  ...real,
  // What repeats a call does so at once.
  random: () => 0,
  now: () => addMilliseconds(real.now(), ahead),
  timer: (ms, fire) => {
    if (ms !== LOOK_UP_WAIT_MS && (ms <= WAIT_MS / 2 || ms > WAIT_MS)) return real.timer(ms, fire);
    waits.add(fire);
    return { cancel: () => void waits.delete(fire) };
  },
  fetch: (url, init) => {
    if (!away || !url.includes('/restapi/')) return real.fetch(url, init);
    away.refusing -= 1;
    if (away.refusing >= 0) return Promise.reject(networkError('ECONNREFUSED', 'connect'));
    for (const fire of waits) fire();
    return away.back.promise;
  },
};
const { api, tenantId, token, account, sent } = await startTenant({ world });

function goAway({ refusing }: { refusing: number }): void {
  const back = Promise.withResolvers<never>();
  back.promise.catch(() => undefined);
  away = { refusing, back };
}
/** What goes on in the background comes to its end before the next test. */
afterEach(async () => {
  away?.back.reject(networkError('ECONNREFUSED', 'connect'));
  away = null;
  await eventually(async () => {
    const answer = await api.gql(token, '{ envelopes(first: 100) { nodes { commands { state } } } }');
    const commands = listAt(answer, 'data.envelopes.nodes').flatMap((node) => listAt(node, 'commands'));
    return commands.every((command) => at(command, 'state') === 'DONE');
  });
});

const COMMAND = 'command { kind state explanation attempts }';

/** The mutation of this name and its answer while the provider is away. */
function mutate(name: string, input: string, payload: string): Promise<unknown> {
  const Payload = `${name.charAt(0).toUpperCase()}${name.slice(1)}Payload`;
  const document = `mutation { ${name}(input: { ${input} waitMs: ${WAIT_MS} }) { ${PROBLEM} ... on ${Payload} { ${payload} } } }`;
  return api.gql(token, document).then((answer) => at(answer, `data.${name}`));
}

/** Each has failed once and is being tried again when the time is over: it is the second try that never ends. */
describe('while the provider does not answer, `waitMs` ends the wait of', () => {
  test('a send, which goes on', async () => {
    goAway({ refusing: 1 });
    const answer = await send(api, token, { envelope: envelope(account) }, { waitMs: WAIT_MS });
    expect(at(answer, 'data.sendEnvelope')).toMatchObject({
      envelope: { status: 'SENDING' },
      command: { state: 'ATTEMPTED', explanation: 'An attempt is under way.', attempts: 2 },
    });
  });

  test.each([
    ['voidEnvelope', 'reason: "Superseded"', 'VOIDING', 'VOID'],
    ['remindEnvelope', '', 'SENT', 'REMIND'],
  ])('%s, which goes on', async (name, input, status, kind) => {
    const { id } = await sent();
    goAway({ refusing: 1 });
    expect(await mutate(name, `id: "${id}" ${input}`, `envelope { status } ${COMMAND}`)).toMatchObject({
      envelope: { status },
      command: { kind, state: 'ATTEMPTED', attempts: 2 },
    });
  });

  test('updateRecipient, which goes on', async () => {
    const { recipients } = await sent();
    // A correction looks first, and a look is repeated within its attempt.
    goAway({ refusing: 4 });
    const input = `recipientId: "${recipients[0]}" name: "Bo T. Tenant"`;
    expect(await mutate('updateRecipient', input, `recipient { name } ${COMMAND}`)).toMatchObject({
      recipient: { name: 'Bo Tenant' },
      command: { kind: 'CORRECT', state: 'ATTEMPTED', attempts: 2 },
    });
  });

  test('createSigningUrl, which may be asked again', async () => {
    const { recipients } = await sent({ recipients: [signer({ embedded: true })] });
    goAway({ refusing: 0 });
    const input = `recipientId: "${recipients[0]}" returnUrl: "https://app.example/back"`;
    expect(await mutate('createSigningUrl', input, 'url')).toMatchObject({
      __typename: 'ProviderUnavailable',
      code: 'PROVIDER_UNAVAILABLE',
      message: expect.stringContaining('not answered within the time'),
      retryable: true,
      retryAfter: expect.any(String),
    });
  });
});

test('a connection that breaks on the create costs a wait no more than its time, and the send is settled later', async () => {
  await api.control('POST', '/faults', { route: 'POST /envelopes', kind: 'reset' });
  // For 8 s it proves nothing that no draft is found: without a bound the answer would be SENT, after as long.
  const answer = await send(api, token, { envelope: envelope(account) }, { waitMs: 1_000 });
  expect(at(answer, 'data.sendEnvelope.envelope.status')).toBe('SENDING');
  const id = textAt(answer, 'data.sendEnvelope.envelope.id');
  ahead += 10_000;
  await eventually(
    async () => at(await api.gql(token, `{ envelope(id: "${id}") { status } }`), 'data.envelope.status') === 'SENT',
  );
});

test('a provider that stays away is tried ever more seldom, the first time soon', async () => {
  goAway({ refusing: Infinity });
  const answer = await send(api, token, { envelope: envelope(account) }, { waitMs: 0 });
  const id = textAt(answer, 'data.sendEnvelope.envelope.id');
  const document = `{ envelope(id: "${id}") { commands { state attempts nextTryAt updatedAt } } }`;
  const waited = await eventually(async () => {
    const command = at(await api.gql(token, document), 'data.envelope.commands.0');
    const attempts = Number(at(command, 'attempts'));
    if (at(command, 'state') !== 'INTENDED' || attempts < 4) return null;
    const ms = Date.parse(textAt(command, 'nextTryAt')) - Date.parse(textAt(command, 'updatedAt'));
    return ms / 2 ** (attempts - 1);
  });
  // 0.2 s after the first try, and twice as long each time: without jitter, since there is no chance here.
  expect(Math.round(waited / 10)).toBe(20);
});

describe('a look-up without an answer costs freshness and not the answer of', () => {
  const stale = { stale: true, staleReason: expect.stringContaining('no answer within'), nextAllowedAt: null };
  const SYNC = 'sync { stale staleReason nextAllowedAt }';

  test('a query', async () => {
    const { id } = await sent();
    goAway({ refusing: 0 });
    const answer = await api.gql(token, `{ envelope(id: "${id}", freshness: { live: true }) { status ${SYNC} } }`);
    expect(answer).toEqual({ data: { envelope: { status: 'SENT', sync: stale } } });
  });

  test('refreshEnvelopes', async () => {
    const { id } = await sent();
    goAway({ refusing: 0 });
    const document = `mutation { refreshEnvelopes(input: { ids: ["${id}"] }) { ... on RefreshEnvelopesPayload { envelopes { ${SYNC} } } } }`;
    expect(at(await api.gql(token, document), 'data.refreshEnvelopes')).toEqual({ envelopes: [{ sync: stale }] });
  });

  test('confirmSigning', async () => {
    const { recipients } = await sent({ recipients: [signer({ embedded: true })] });
    const recipientId = uuidOf('Recipient', recipients[0] ?? '') ?? '';
    const inAnHour = new Date(Date.now() + 3_600_000);
    const state = await api.gateway.services.links.sign('signing', { tenantId, recipientId }, inAnHour);
    goAway({ refusing: 0 });
    const document = `mutation { confirmSigning(input: { state: "${state}" }) { ... on ConfirmSigningPayload { recipient { envelope { ${SYNC} } } } } }`;
    expect(at(await api.gql(token, document), 'data.confirmSigning.recipient.envelope')).toEqual({ sync: stale });
  });
});

describe('a single failure of the provider', () => {
  test.each(
    ['POST /envelopes', 'PUT /envelopes/{envelopeId}'].flatMap((route) => [500, 503].map((s) => [route, s] as const)),
  )('at %s (%i) is over within the attempt that met it', async (route, status) => {
    await api.control('POST', '/faults', { route, kind: 'status', status });
    const answer = await send(api, token, { envelope: envelope(account) });
    expect(at(answer, 'data.sendEnvelope')).toMatchObject({
      envelope: { status: 'SENT' },
      command: { state: 'DONE', attempts: 1 },
    });
    const providerId = textAt(answer, 'data.sendEnvelope.envelope.providerId');
    const lines = await api.ledger(`?kind=envelope&envelopeId=${providerId}`);
    expect(lines.map(({ event }) => event)).toEqual(['created', 'sent']);
  });
});
