/**
 * Against the stand-in, what is DocuSign's own: where its documents leave room, each way that it may be.
 * @module
 */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { EnvelopeContent } from '../../../src/model/envelope.ts';
import { OutcomeUnknown, ProviderRefused } from '../../../src/model/problems.ts';
import type { Sighting } from '../../../src/model/observation.ts';
import { type EnvelopeState, initialState, reduce, view } from '../../../src/model/reduce.ts';
import { instantOf } from '../../../src/model/time.ts';
import { docusign } from '../../../src/providers/docusign/index.ts';
import type { ConnectedAccount, ProviderClient } from '../../../src/providers/provider.ts';
import { control } from '../../../src/sandbox/docusign/control.ts';
import { type DocusignSandbox, startDocusignSandbox } from '../../../src/sandbox/docusign/index.ts';
import { systemWorld, type World } from '../../../src/world.ts';
import { contentOf, newCorrelation } from '../contract-content.ts';
import { type Hook, startHook } from '../hook.ts';
import { thrownBy } from './fixtures.ts';

const real = systemWorld();
const world: World = { ...real, sleep: (ms, signal) => real.sleep(Math.min(ms, 20), signal) };

let sandbox: DocusignSandbox;
let hook: Hook;
let account: ConnectedAccount;
let client: ProviderClient;

beforeEach(async () => {
  sandbox = await startDocusignSandbox({ seed: 11, timeFactor: 10_000 });
  hook = await startHook(docusign.webhook.accepted);
  account = await docusign.connect({ credentials: credentials(), environment: 'SANDBOX' }, world);
  client = docusign.open({ ...account, environment: 'SANDBOX', webhookUrl: hook.url }, world);
});
afterEach(async () => {
  await sandbox.close();
  await hook.stop();
});

function credentials(): Record<string, unknown> {
  const { accountId, ...known } = sandbox.credentials;
  return { ...known, providerAccountId: accountId, oauthUrl: sandbox.url };
}

const tell = (method: 'GET' | 'POST' | 'PUT' | 'DELETE', path: string, body?: unknown): Promise<unknown> =>
  control(sandbox.url, method, path, body);
const act = (providerId: string, ref: string, action: string): Promise<unknown> =>
  tell('POST', `/envelopes/${providerId}/recipients/${ref}/${action}`, {});

async function send(change: Partial<EnvelopeContent> = {}): Promise<string> {
  const correlation = newCorrelation(world);
  const { providerId } = await client.createDraft(await contentOf(correlation, change), correlation);
  await client.release(providerId);
  return providerId;
}

async function read(providerId: string): Promise<Sighting> {
  const [sighting] = await client.read([{ providerId, sawEnd: null }]);
  if (!sighting) throw new Error('not known');
  return sighting;
}

function joined(sightings: readonly Sighting[]): EnvelopeState {
  const start = initialState(instantOf(new Date(0)));
  return sightings.reduce((state, { observation }) => reduce(state, observation).state, start);
}

function told(): Sighting[] {
  return hook.received.flatMap((request) => docusign.webhook.parse(request, account.providerAccountId).sightings);
}

const idle = (): Promise<unknown> => tell('POST', '/idle');

describe('each way the platform may be', () => {
  it.each([
    { updateAnswer: 'success' },
    { emptyList: 'null' },
    { emptyList: 'empty' },
    { scopeInTokenAnswer: false },
    { summarySnapshot: 'delivery' },
    { deliveredReturnsToSent: true },
    { signedForMs: 50 },
    { transactionIdReuse: 'refuse' },
  ])('%j ends in the same envelope, by messages and by reads', async (settings) => {
    await tell('PUT', '/settings', settings);
    const providerId = await send();
    for (const ref of ['1', '2']) {
      await act(providerId, ref, 'open');
      await act(providerId, ref, 'sign');
      await tell('POST', '/clock', { advanceMs: 1_000 });
    }
    await hook.until(() => view(joined(told())).status === 'COMPLETED');
    await idle();
    const last = await read(providerId);
    expect(view(joined([last])).status).toBe('COMPLETED');
    expect(view(joined(told()))).toEqual(view(joined([last])));
    expect(joined(told()).recipients).toEqual(joined([last]).recipients);
    expect(told().every(({ incomplete }) => !incomplete)).toBe(true);
  });

  it.each(['reorder', 'duplicate', 'delay'])('messages that come with "%s" end in the same envelope', async (kind) => {
    await tell('POST', '/faults', { route: 'webhook', kind, times: 4, ms: 30 });
    const providerId = await send();
    await act(providerId, '1', 'open');
    await act(providerId, '1', 'sign');
    await act(providerId, '2', 'sign');
    await hook.until(() => view(joined(told())).status === 'COMPLETED');
    await idle();
    expect(joined(told())).toEqual(joined([await read(providerId)]));
  });
});

describe('a message that is sent again', () => {
  it.each(['kept', 'fresh'])(
    'with its time %s is signed anew and changes nothing',
    async (generatedDateTimeOnRetry) => {
      await tell('PUT', '/settings', { generatedDateTimeOnRetry });
      hook.refuse(1);
      const providerId = await send();
      await act(providerId, '1', 'decline');
      await hook.until(() => view(joined(told())).status === 'DECLINED');
      await hook.until(() => hook.received.some(({ body }) => body.includes('"retryCount":1')));
      const again = hook.received.filter(({ body }) => body.includes('"retryCount":1'));
      for (const request of again) expect(docusign.webhook.verify(request, account.webhookKeys)).toBeNull();
      const keyOf = (request: (typeof again)[number]): string =>
        docusign.webhook.parse(request, account.providerAccountId).dedupeKey;
      const keys = new Set(hook.received.map(keyOf));
      expect(keys.size).toBe(
        generatedDateTimeOnRetry === 'kept' ? hook.received.length - again.length : hook.received.length,
      );
      expect(joined(told())).toEqual(joined([await read(providerId)]));
    },
  );
});

describe('keys that rotate', () => {
  it('verify by the old one and by the new one while both live', async () => {
    const path = `/accounts/${sandbox.credentials.accountId}/hmac-keys`;
    await tell('POST', path, { key: 'the-new-key' });
    await send();
    await hook.until(() => hook.received.length > 0);
    await idle();
    for (const request of hook.received) {
      expect(docusign.webhook.verify(request, account.webhookKeys)).toBeNull();
      expect(docusign.webhook.verify(request, ['the-new-key'])).toBeNull();
    }
    await tell('DELETE', `${path}/${encodeURIComponent(String(account.webhookKeys[0]))}`);
    const from = hook.received.length;
    await send();
    await hook.until(() => hook.received.length > from);
    await idle();
    for (const request of hook.received.slice(from)) {
      expect(docusign.webhook.verify(request, account.webhookKeys)).not.toBeNull();
      expect(docusign.webhook.verify(request, [...account.webhookKeys, 'the-new-key'])).toBeNull();
    }
  });

  it('refuse a signature that was corrupted', async () => {
    await tell('POST', '/faults', { route: 'webhook', kind: 'corrupt-signature', times: 1 });
    await send();
    await hook.until(() => hook.received.length > 1);
    const verdicts = hook.received.map((request) => docusign.webhook.verify(request, account.webhookKeys));
    expect(verdicts.filter((verdict) => verdict !== null)).toHaveLength(1);
  });
});

describe('an envelope', () => {
  it('that runs out is EXPIRED, by message and by read', async () => {
    const providerId = await send({ expiresAt: new Date(Date.now() + 86_400_000) });
    await tell('POST', '/clock', { advanceMs: 2 * 86_400_000 });
    await hook.until(() => view(joined(told())).status === 'EXPIRED');
    const fresh = docusign.open({ ...account, environment: 'SANDBOX', webhookUrl: null }, world);
    const sightings = await fresh.read([{ providerId, sawEnd: null }]);
    expect(view(joined(sightings)).status).toBe('EXPIRED');
  });

  it('whose mail bounces says so, and forgets it when the recipient opens after all', async () => {
    const providerId = await send();
    await act(providerId, '1', 'autorespond');
    expect(joined([await read(providerId)]).recipients['1']?.status).toBe('BOUNCED');
    await act(providerId, '1', 'open');
    await hook.until(() => joined(told()).recipients['1']?.status === 'OPENED');
    expect(joined([...told().toReversed(), await read(providerId)]).recipients['1']?.status).toBe('OPENED');
  });

  it('voided by its sender at DocuSign itself is VOIDED', async () => {
    const providerId = await send();
    await tell('POST', `/envelopes/${providerId}/void`, { reason: 'By hand' });
    expect(view(joined([await read(providerId)]))).toMatchObject({ status: 'VOIDED', reason: 'By hand' });
    await expect(client.void(providerId, 'Again')).resolves.toBeUndefined();
  });

  it('tells copies without counting them as signers', async () => {
    const providerId = await send({
      recipients: [
        {
          ref: '1',
          role: 'CARBON_COPY',
          name: 'Di',
          email: 'di@x.example',
          routingOrder: 1,
          embeddedId: null,
          fields: [],
        },
        { ref: '2', role: 'SIGNER', name: 'Bo', email: 'bo@x.example', routingOrder: 2, embeddedId: null, fields: [] },
      ],
    });
    const state = joined([await read(providerId)]);
    expect(view(state).status).toBe('SENT');
    expect(state.recipients['1']?.status).toBe('NOTIFIED');
  });

  it('with an anchor that no document holds is refused, with the remedy', async () => {
    await tell('PUT', '/settings', { missingAnchors: '*' });
    const correlation = newCorrelation(world);
    const content = await contentOf(correlation);
    const place = { anchor: { document: null, text: '/sig/', dx: 0, dy: 0, ifMissing: 'REFUSE' } } as const;
    const recipients = content.recipients.map((recipient) =>
      Object.assign({}, recipient, { fields: recipient.fields.map((field) => Object.assign({}, field, { place })) }),
    );
    const error = await thrownBy(client.createDraft({ ...content, recipients }, correlation));
    expect(error).toBeInstanceOf(ProviderRefused);
    expect(error).toMatchObject({
      fix: expect.stringContaining('anchor'),
      fault: { providerCode: 'ANCHOR_TAB_STRING_NOT_FOUND', traceId: expect.stringMatching(/^[0-9a-f-]{36}$/) },
    });
  });
});

describe('a create that lands late', () => {
  it('is not found at first, and found when it has landed', async () => {
    await tell('POST', '/faults', { route: 'POST /envelopes', kind: 'acts-late', ms: 45_000 });
    const correlation = newCorrelation(world);
    await expect(client.createDraft(await contentOf(correlation), correlation)).rejects.toThrow(OutcomeUnknown);
    expect(await client.findDraft(correlation)).toBeNull();
    await tell('POST', '/clock', { advanceMs: 46_000 });
    expect(await client.findDraft(correlation)).not.toBeNull();
  });

  it('is found by our custom field after the 7 days of its transaction id', async () => {
    const correlation = newCorrelation(world);
    const { providerId } = await client.createDraft(await contentOf(correlation), correlation);
    await tell('POST', '/clock', { advanceMs: 8 * 86_400_000 });
    const later = docusign.open({ ...account, environment: 'SANDBOX', webhookUrl: null }, world);
    expect((await later.findDraft(correlation))?.providerId).toBe(providerId);
  });
});

describe('signing in', () => {
  it('without consent names the link that gives it', async () => {
    const { integrationKey, userId } = sandbox.credentials;
    await tell('DELETE', '/consents', { integrationKey, userId });
    const error = await thrownBy(docusign.connect({ credentials: credentials(), environment: 'SANDBOX' }, world));
    expect(error).toMatchObject({
      fault: { providerCode: 'consent_required' },
      fix: expect.stringContaining(sandbox.url),
    });
  });

  it('with a clock that is wrong says so', async () => {
    await tell('PUT', '/settings', { oauthClockSkewMs: 3_600_000 });
    const error = await thrownBy(docusign.connect({ credentials: credentials(), environment: 'SANDBOX' }, world));
    expect(error).toMatchObject({ fix: expect.stringContaining('clock') });
  });

  it('is repeated when every token was revoked, and no call notices', async () => {
    const providerId = await send();
    await tell('DELETE', '/tokens');
    await Promise.all(Array.from({ length: 8 }, () => read(providerId)));
    const { entries } = Object(await tell('GET', '/ledger?kind=token&event=granted'));
    // One to connect, one for the client, one more.
    expect(entries).toHaveLength(3);
  });

  it('keeps the budget that the answers tell', async () => {
    await send();
    expect(client.limits?.known.budget).toMatchObject({ limit: expect.any(Number), remaining: expect.any(Number) });
  });
});
