/**
 * What every provider must do, whatever it speaks: run against a stand-in for its vendor by each provider's own test.
 * @module
 */
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { EnvelopeContent } from '../../src/model/envelope.ts';
import type { Sighting } from '../../src/model/observation.ts';
import { NotTheirTurn, OutcomeUnknown, Problem, RecipientFinished } from '../../src/model/problems.ts';
import { type EnvelopeState, initialState, reduce, view } from '../../src/model/reduce.ts';
import { instantOf } from '../../src/model/time.ts';
import type {
  ConnectedAccount,
  ConnectInput,
  Correlation,
  Provider,
  ProviderClient,
} from '../../src/providers/provider.ts';
import { systemWorld, type World } from '../../src/world.ts';
import { contentOf, newCorrelation, session } from './contract-content.ts';
import { type Hook, startHook } from './hook.ts';

/** What happens at the vendor at the next occasion, once. */
export type Trouble =
  | 'CREATE_ANSWER_LOST'
  | 'RELEASE_ANSWER_LOST'
  | 'VOID_ANSWER_LOST'
  | 'CORRECT_ANSWER_LOST'
  | 'REMIND_ANSWER_LOST'
  | 'READ_BROKEN'
  | 'READ_LIMITED'
  | 'TOKEN_REFUSED'
  | 'WEBHOOK_REPEATED';

/** A vendor on this machine, and how to drive it. */
export interface StandIn {
  readonly input: ConnectInput;
  /** Credentials that the vendor refuses. */
  readonly refused: ConnectInput;
  /** Texts that may stand in no error. */
  readonly secrets: readonly string[];
  sign(providerId: string, ref: string): Promise<void>;
  decline(providerId: string, ref: string, reason: string): Promise<void>;
  trouble(what: Trouble): Promise<void>;
  /** What the vendor itself counted since it started. */
  counts(): Promise<{ readonly envelopes: number; readonly tokens: number; readonly reads: number }>;
  stop(): Promise<void>;
}

export interface ConformanceSubject {
  readonly provider: Provider;
  /** True where a signature covers the body of a webhook. */
  readonly signsBodies: boolean;
  start(): Promise<StandIn>;
}

/** The real world with its waits cut short. */
function impatientWorld(): World {
  const world = systemWorld();
  return { ...world, sleep: (ms, signal) => world.sleep(Math.min(ms, 20), signal) };
}

export function describeConformance({ provider, signsBodies, start }: ConformanceSubject): void {
  const world = impatientWorld();
  let standIn: StandIn;
  let account: ConnectedAccount;
  let hook: Hook;
  let client: ProviderClient;

  const open = (input: StandIn['input'] = standIn.input): ProviderClient =>
    provider.open({ ...account, environment: input.environment, webhookUrl: hook.url }, world);

  beforeAll(async () => {
    standIn = await start();
    hook = await startHook(provider.webhook.accepted);
    account = await provider.connect(standIn.input, world);
    client = open();
  });
  afterAll(async () => {
    await hook.stop();
    await standIn.stop();
  });

  async function draft(
    change: Partial<EnvelopeContent> = {},
  ): Promise<{ providerId: string; correlation: Correlation }> {
    const correlation = newCorrelation(world);
    const { providerId } = await client.createDraft(await contentOf(correlation, change), correlation);
    return { providerId, correlation };
  }
  async function send(
    change: Partial<EnvelopeContent> = {},
  ): Promise<{ providerId: string; correlation: Correlation }> {
    const made = await draft(change);
    await client.release(made.providerId);
    return made;
  }
  async function readOne(providerId: string): Promise<Sighting> {
    const [sighting] = await client.read([{ providerId, sawEnd: null }]);
    if (!sighting) throw new Error(`the provider doesn't know ${providerId}`);
    return sighting;
  }
  const statusOf = async (providerId: string): Promise<string> => view(joined([await readOne(providerId)])).status;
  const detailOf = async (providerId: string, ref: string): Promise<unknown> =>
    joined([await readOne(providerId)]).details[ref];
  /** What the messages about an envelope said so far. */
  const told = (providerId: string): Sighting[] =>
    hook.received.flatMap((request) =>
      provider.webhook
        .parse(request, account.providerAccountId)
        .sightings.filter((sighting) => sighting.providerId === providerId),
    );

  const keys = (from: number): string[] =>
    hook.received.slice(from).map((request) => provider.webhook.parse(request, account.providerAccountId).dedupeKey);

  describe('connecting', () => {
    it('tells the account, and keeps what opens it again', () => {
      expect(account).toMatchObject({ providerAccountId: expect.stringMatching(/./), name: expect.any(String) });
      expect(account.webhookKeys.length).toBeGreaterThan(0);
      expect(JSON.parse(JSON.stringify(account.credentials))).toEqual(account.credentials);
    });

    it('with credentials that the vendor refuses is a problem with a remedy and without a secret', async () => {
      const error = await provider.connect(standIn.refused, world).catch((error: unknown) => error);
      expect(error).toBeInstanceOf(Problem);
      expect(error).toHaveProperty('fix', expect.stringMatching(/./));
      const text = `${JSON.stringify(error)} ${String(error)}`;
      for (const secret of standIn.secrets) expect(text).not.toContain(secret);
    });

    it('with nothing at all names every credential that is missing', async () => {
      const error = await provider
        .connect({ ...standIn.input, credentials: {} }, world)
        .catch((error: unknown) => error);
      const paths: unknown = Reflect.get(Object(error), 'issues');
      expect(paths).toEqual(
        expect.arrayContaining([expect.objectContaining({ path: expect.arrayContaining(['credentials']) })]),
      );
      expect(paths).not.toHaveLength(1);
    });
  });

  describe('a draft', () => {
    it('is seen by nobody', async () => {
      const { providerId } = await draft();
      const { observation, envelopeId } = await readOne(providerId);
      expect(observation.envelope).toEqual([]);
      expect(observation.recipients.every(({ status }) => status === 'WAITING')).toBe(true);
      expect(envelopeId).toMatch(/^env_/);
    });

    it('whose answer was lost is unknown, is found again, and was made once', async () => {
      const before = (await standIn.counts()).envelopes;
      await standIn.trouble('CREATE_ANSWER_LOST');
      const correlation = newCorrelation(world);
      await expect(client.createDraft(await contentOf(correlation), correlation)).rejects.toThrow(OutcomeUnknown);
      const found = await client.findDraft(correlation);
      if (!found) throw new Error('the draft was not found');
      await client.release(found.providerId);
      expect(await statusOf(found.providerId)).toBe('SENT');
      expect((await standIn.counts()).envelopes).toBe(before + 1);
    });

    it('that never was is not found', async () => {
      expect(await client.findDraft(newCorrelation(world))).toBeNull();
    });

    it('is dated no later than what happens to it', async () => {
      const correlation = newCorrelation(world);
      const { providerId, at } = await client.createDraft(await contentOf(correlation), correlation);
      await client.release(providerId);
      const { observation } = await readOne(providerId);
      for (const fact of observation.envelope) expect(fact.at >= at).toBe(true);
      const again = await client.findDraft(correlation);
      expect(again?.providerId).toBe(providerId);
    });
  });

  describe('a release', () => {
    it('tells the first in the routing order alone', async () => {
      const { providerId } = await send();
      const { recipients } = joined([await readOne(providerId)]);
      expect(await statusOf(providerId)).toBe('SENT');
      expect(recipients['1']?.status).toBe('NOTIFIED');
      expect(recipients['2']?.status ?? 'WAITING').toBe('WAITING');
    });

    it('may be repeated', async () => {
      const { providerId } = await send();
      await client.release(providerId);
      await standIn.sign(providerId, '1');
      await client.release(providerId);
      expect(await statusOf(providerId)).toBe('PARTIALLY_SIGNED');
    });

    it('whose answer was lost is settled by a read', async () => {
      const { providerId } = await draft();
      await standIn.trouble('RELEASE_ANSWER_LOST');
      await client.release(providerId);
      expect(await statusOf(providerId)).toBe('SENT');
    });
  });

  describe('an envelope', () => {
    it('is completed when all have signed, and its documents can be fetched', async () => {
      const { providerId } = await send();
      await standIn.sign(providerId, '1');
      expect(await statusOf(providerId)).toBe('PARTIALLY_SIGNED');
      await standIn.sign(providerId, '2');
      expect(await statusOf(providerId)).toBe('COMPLETED');
      const { body } = await client.download(providerId, '1');
      expect((await text(body)).slice(0, 5)).toBe('%PDF-');
      await expect(client.void(providerId, 'too late')).rejects.toThrow(Problem);
    });

    it('is declined with its reason', async () => {
      const { providerId } = await send();
      await standIn.decline(providerId, '1', 'Wrong rent');
      const state = joined([await readOne(providerId)]);
      expect(view(state)).toMatchObject({ status: 'DECLINED', reason: 'Wrong rent' });
      expect(state.recipients['1']).toMatchObject({ status: 'DECLINED', reason: 'Wrong rent' });
    });

    it('is voided with its reason, and once more without harm', async () => {
      const { providerId } = await send();
      await client.void(providerId, 'Superseded');
      await client.void(providerId, 'Superseded');
      expect(view(joined([await readOne(providerId)]))).toMatchObject({ status: 'VOIDED', reason: 'Superseded' });
    });

    it('whose void lost its answer is voided', async () => {
      const { providerId } = await send();
      await standIn.trouble('VOID_ANSWER_LOST');
      await client.void(providerId, 'Superseded');
      expect(await statusOf(providerId)).toBe('VOIDED');
    });
  });

  describe('a recipient', () => {
    const wish = { ref: '1', name: 'Bo T. Tenant', email: 'bo@elsewhere.example', notify: true };

    it('is corrected, once more without harm, and then read as corrected', async () => {
      const { providerId } = await send();
      await client.correct({ ...wish, providerId });
      await client.correct({ ...wish, providerId });
      expect(await detailOf(providerId, '1')).toMatchObject({ name: wish.name, email: wish.email, role: 'SIGNER' });
    });

    it('whose correction lost its answer is corrected', async () => {
      const { providerId } = await send();
      await standIn.trouble('CORRECT_ANSWER_LOST');
      await client.correct({ ...wish, providerId, email: null });
      expect(await detailOf(providerId, '1')).toMatchObject({ name: wish.name });
    });

    it('who has signed is neither corrected nor reminded', async () => {
      const { providerId } = await send();
      await standIn.sign(providerId, '1');
      await expect(client.correct({ ...wish, providerId })).rejects.toThrow(RecipientFinished);
      await expect(client.remind({ providerId, ref: '1' })).rejects.toThrow(RecipientFinished);
    });

    it('is reminded in their turn, and not before', async () => {
      const { providerId } = await send();
      await client.remind({ providerId, ref: '1' });
      await client.remind({ providerId, ref: null });
      await expect(client.remind({ providerId, ref: '2' })).rejects.toThrow(NotTheirTurn);
    });

    it('whose reminder lost its answer is in doubt', async () => {
      const { providerId } = await send();
      await standIn.trouble('REMIND_ANSWER_LOST');
      await expect(client.remind({ providerId, ref: null })).rejects.toThrow(OutcomeUnknown);
    });

    it('of an envelope that has ended is refused as a problem', async () => {
      const { providerId } = await send();
      await client.void(providerId, 'Superseded');
      await expect(client.remind({ providerId, ref: null })).rejects.toThrow(Problem);
      await expect(client.correct({ ...wish, providerId })).rejects.toThrow(Problem);
    });
  });

  describe('a signing session', () => {
    it('is opened for who is embedded and has their turn', async () => {
      const { providerId } = await send();
      const before = world.now();
      const { url, expiresAt } = await client.signingUrl(session(providerId, '1'));
      expect(URL.canParse(url)).toBe(true);
      expect(expiresAt.getTime()).toBeGreaterThan(before.getTime());
      await expect(client.signingUrl(session(providerId, '2'))).rejects.toThrow(NotTheirTurn);
    });
  });

  describe('reading', () => {
    it('many takes as few requests as the batches allow', async () => {
      const made = await Promise.all(Array.from({ length: 5 }, () => send()));
      const before = (await standIn.counts()).reads;
      const sightings = await client.read(made.map(({ providerId }) => ({ providerId, sawEnd: null })));
      expect(sightings.map(({ providerId }) => providerId).toSorted()).toEqual(
        made.map(({ providerId }) => providerId).toSorted(),
      );
      const requests = (await standIn.counts()).reads - before;
      expect(requests).toBe(Math.ceil(5 / client.readBatch));
    });

    it.each(['READ_BROKEN', 'TOKEN_REFUSED'] as const)('survives %s', async (trouble) => {
      const { providerId } = await send();
      await standIn.trouble(trouble);
      expect(await statusOf(providerId)).toBe('SENT');
    });

    it('over a rate limit says so at once, and when it ends', async () => {
      const { providerId } = await send();
      await standIn.trouble('READ_LIMITED');
      await expect(statusOf(providerId)).rejects.toMatchObject({ code: 'RATE_LIMITED', retryAfter: expect.any(Date) });
      expect(await statusOf(providerId)).toBe('SENT');
    });

    it('by many at once asks for one token', async () => {
      const { providerId } = await send();
      const before = (await standIn.counts()).tokens;
      const fresh = open();
      await Promise.all(Array.from({ length: 10 }, () => fresh.read([{ providerId, sawEnd: null }])));
      expect((await standIn.counts()).tokens).toBe(before + 1);
    });
  });

  describe('a webhook', () => {
    it('says the same as a read, in any order', async () => {
      const { providerId, correlation } = await send();
      await standIn.sign(providerId, '1');
      await standIn.sign(providerId, '2');
      await hook.until(() => view(joined(told(providerId))).status === 'COMPLETED');
      const messages = told(providerId);
      const read = await readOne(providerId);
      expect(joined([...messages, read])).toEqual(joined([read]));
      expect(joined([read, ...messages.toReversed()])).toEqual(joined([read]));
      expect(joined(messages)).toEqual(joined([read]));
      expect(messages.some(({ envelopeId }) => envelopeId === correlation.envelopeId)).toBe(true);
    });

    it('is proven by a key of the account, and by no other', async () => {
      const { providerId } = await send();
      await hook.until(() => told(providerId).length > 0);
      for (const request of hook.received) {
        expect(provider.webhook.verify(request, account.webhookKeys)).toBeNull();
        expect(provider.webhook.verify(request, ['another key', ...account.webhookKeys])).toBeNull();
        expect(provider.webhook.verify(request, ['another key'])).toEqual(expect.any(String));
      }
    });

    it.runIf(signsBodies)('is proven to its last byte', async () => {
      const { providerId } = await send();
      await hook.until(() => told(providerId).length > 0);
      const [request] = hook.received;
      const body = Buffer.concat([request?.body ?? Buffer.alloc(0), Buffer.from(' ')]);
      expect(provider.webhook.verify({ headers: request?.headers ?? {}, body }, account.webhookKeys)).not.toBeNull();
    });

    it('that is repeated has the same key, and no other has it', async () => {
      await standIn.trouble('WEBHOOK_REPEATED');
      const from = hook.received.length;
      const { providerId } = await send();
      await hook.until(() => repeated(keys(from)) > 0);
      await standIn.sign(providerId, '1');
      await standIn.sign(providerId, '2');
      await hook.until(() => view(joined(told(providerId))).status === 'COMPLETED');
      const all = keys(from);
      expect(repeated(all)).toBe(1);
      expect(new Set(all).size).toBeGreaterThan(4);
    });

    it('about another account is unparsable', async () => {
      await send();
      await hook.until(() => hook.received.length > 0);
      const [request] = hook.received;
      if (!request) throw new Error('no webhook came');
      expect(() => provider.webhook.parse(request, 'another account')).toThrow('another account');
    });
  });
}

const START = instantOf(new Date(0));

function joined(sightings: readonly Sighting[]): EnvelopeState {
  return sightings.reduce((state, { observation }) => reduce(state, observation).state, initialState(START));
}

function repeated(keys: readonly string[]): number {
  return keys.length - new Set(keys).size;
}
