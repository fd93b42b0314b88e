/**
 * Two gateways on one Postgres: what one does the other tells, and what both do at once happens once.
 */
import { createHmac } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { REMEMBER_MS } from '../../src/accounts/route-cache.ts';
import { startDocusignSandbox } from '../../src/sandbox/docusign/index.ts';
import { at, type Answer, eventually, textAt } from '../kit/answer.ts';
import { envelope, SEND } from '../kit/envelopes.ts';
import { type Follower, followBySse, followByWebSocket } from '../kit/follow.ts';
import { atEnd } from '../kit/at-end.ts';
import { ledger } from './evidence.ts';
import {
  ask,
  connectAccount,
  type GatewayProcess,
  type ServeSettings,
  serveProcess,
  serveSettings,
  serveToken,
} from './kit.ts';
import { control } from '../../src/sandbox/docusign/control.ts';

const FOLLOW = `subscription Follow($after: String, $from: StreamStart! = NOW) {
  events(after: $after, from: $from) { cursor event { sequence type envelope { id } } }
}`;

const UPDATE = `mutation Update($input: UpdateAccountInput!) { updateAccount(input: $input) { __typename } }`;

const sandbox = await startDocusignSandbox();
atEnd(() => sandbox.close());

let settings: ServeSettings;
let replicas: readonly [GatewayProcess, GatewayProcess];
let token: string;
let accountId: string;

beforeAll(async () => {
  settings = await serveSettings();
  const starting = await Promise.all([1, 2, 3, 4].map(() => serveProcess(settings)));
  await Promise.all(starting.map((gateway) => gateway.start()));
  const [first, second, ...others] = starting;
  if (!first || !second) throw new Error('four were started');
  // All four on one empty database, at once: which of them migrates is nobody's business.
  await Promise.all(others.map((gateway) => gateway.stop()));
  replicas = [first, second];
  token = await serveToken(settings);
  accountId = await connectAccount(first.url, token, sandbox);
}, 240_000);

const send = (gateway: GatewayProcess, key: string, subject = 'Lease'): Promise<Answer> =>
  ask(gateway.url, token, SEND, {
    input: { idempotencyKey: key, what: { envelope: envelope(accountId, { subject }) }, waitMs: 20_000 },
  });

const sseOf = (gateway: GatewayProcess, variables: object): Follower => {
  const follower = followBySse(`${gateway.url}/graphql`, token, { query: FOLLOW, variables });
  atEnd(() => follower.stop());
  return follower;
};

const sequencesOf = ({ results }: Follower): number[] =>
  results.flatMap((result) => {
    const sequence = at(result, 'data.events.event.sequence');
    return sequence === undefined ? [] : [Number(sequence)];
  });

const system = {
  control: (method: 'GET' | 'POST' | 'PUT' | 'DELETE', path: string, body?: unknown) =>
    control(sandbox.url, method, path, body),
};

describe('two gateways on one database', { timeout: 120_000 }, () => {
  it('tell on one of what was sent through the other, by what Postgres notifies and before the log is polled', async () => {
    const [first, second] = replicas;
    const follower = followByWebSocket(`${second.url.replace('http', 'ws')}/graphql`, token, {
      query: FOLLOW,
      variables: {},
    });
    atEnd(() => follower.stop());
    await follower.first(({ data }) => data !== undefined);
    const waitForEight = async (round: number): Promise<number> => {
      let waited = 0;
      for (let n = 1; n <= 8; n += 1) {
        const id = textAt(await send(first, `told-${round}-${n}`), 'data.sendEnvelope.envelope.id');
        const begin = performance.now();
        await follower.first(
          (result) =>
            at(result, 'data.events.event.envelope.id') === id &&
            at(result, 'data.events.event.type') === 'ENVELOPE_SENT',
        );
        waited += performance.now() - begin;
      }
      return waited;
    };
    // Polls alone, five seconds apart, take about 20 s for eight. A busy machine may slow a round down, not each of five.
    let round = 1;
    while ((await waitForEight(round)) > 8_000) expect((round += 1)).toBeLessThanOrEqual(5);
  });

  it('make one envelope of one key that both are given at the same time', async () => {
    const keys = ['both-1', 'both-2', 'both-3', 'both-4'];
    const answers = await Promise.all(
      keys.flatMap((key) => [...replicas, ...replicas].map((gateway) => send(gateway, key, `Lease of ${key}`))),
    );
    const ids = answers.map((answer) => textAt(answer, 'data.sendEnvelope.envelope.id'));
    expect(new Set(ids).size).toBe(keys.length);
    const fresh = answers.filter((answer) => at(answer, 'data.sendEnvelope.replayed') === false);
    expect(fresh).toHaveLength(keys.length);
    for (const answer of answers) expect(at(answer, 'data.sendEnvelope.envelope.status')).toBe('SENT');
    const providerIds = new Set(answers.map((answer) => textAt(answer, 'data.sendEnvelope.envelope.providerId')));
    const went = (await ledger(system, 'envelope')).filter(({ event }) => event === 'sent');
    expect(went.filter(({ envelopeId = '' }) => providerIds.has(envelopeId))).toHaveLength(keys.length);
    const drafts = (await ledger(system, 'envelope')).filter(({ event }) => event === 'created');
    expect(drafts.filter(({ envelopeId = '' }) => providerIds.has(envelopeId))).toHaveLength(keys.length);
  });

  it('refuse the same key with another input, whichever is asked', async () => {
    const [first, second] = replicas;
    await send(first, 'other-input', 'Lease');
    const answer = await send(second, 'other-input', 'Another lease');
    expect(at(answer, 'data.sendEnvelope.__typename')).toBe('KeyReused');
  });

  it('refuse a webhook key on one soon after it was removed through the other, before what is remembered ends', async () => {
    const [first, second] = replicas;
    const [old = ''] = sandbox.credentials.hmacKeys;
    const known = await ask(first.url, token, 'query A($id: ID!) { account(id: $id) { webhookUrl } }', {
      id: accountId,
    });
    const { pathname } = new URL(textAt(known, 'data.account.webhookUrl'));
    const answeredBySecond = async (key: string): Promise<number> => {
      const body = JSON.stringify({ event: 'envelope-sent', data: { accountId: sandbox.credentials.accountId } });
      const signature = createHmac('sha256', key).update(body).digest('base64');
      const headers = { 'content-type': 'application/json', 'x-docusign-signature-1': signature };
      return (await fetch(`${second.url}${pathname}`, { method: 'POST', headers, body })).status;
    };
    const change = async (docusign: object): Promise<void> => {
      const answer = await ask(first.url, token, UPDATE, { input: { accountId, docusign } });
      expect(at(answer, 'data.updateAccount.__typename')).toBe('UpdateAccountPayload');
    };
    expect([await answeredBySecond(old), await answeredBySecond('newer-key')]).toEqual([200, 401]);
    const begin = performance.now();
    await change({ addHmacKeys: ['newer-key'], removeHmacKeys: [old] });
    await eventually(async () => (await answeredBySecond(old)) === 401);
    // Without Postgres' notice the second would have believed it until its memory of the account ends.
    expect(performance.now() - begin).toBeLessThan(REMEMBER_MS / 2);
    expect(await answeredBySecond('newer-key')).toBe(200);
    await change({ addHmacKeys: [old], removeHmacKeys: ['newer-key'] });
    await eventually(async () => (await answeredBySecond(old)) === 200);
  });

  it('go on with a subscriber that the other one lost, without loss or repeat', async () => {
    const [first, second] = replicas;
    const seen: number[] = [];
    let cursor: string | null = null;
    let sends = 0;
    for (const gateway of [first, second, first, second]) {
      const follower = sseOf(gateway, cursor === null ? { from: 'EARLIEST' } : { after: cursor });
      sends += 1;
      // Sent through the one that isn't followed; cut off while its webhooks still come in.
      const id = textAt(
        await send(gateway === first ? second : first, `cut-${sends}`),
        'data.sendEnvelope.envelope.id',
      );
      await follower.first((result) => at(result, 'data.events.event.envelope.id') === id);
      await follower.stop();
      seen.push(...sequencesOf(follower));
      cursor = textAt(follower.results.at(-1), 'data.events.cursor');
    }
    await system.control('POST', '/idle');
    const whole = sseOf(first, { from: 'EARLIEST' });
    const rest = sseOf(second, { after: cursor });
    await send(first, 'last');
    await eventually(() => {
      const last = sequencesOf(whole).at(-1);
      return last !== undefined && last > (seen.at(-1) ?? 0) && last === sequencesOf(rest).at(-1);
    });
    const all = sequencesOf(whole);
    expect(all).toEqual(all.map((_, index) => index + 1));
    const resumed = [...seen, ...sequencesOf(rest)];
    expect(resumed).toEqual(resumed.map((_, index) => index + 1));
  });

  it('take over from one that is killed in the middle of a send', async () => {
    const [first, second] = replicas;
    await system.control('POST', '/faults', { route: 'POST /envelopes', kind: 'answer-late', ms: 1_000 });
    const asked = send(first, 'orphan').catch(() => null);
    await eventually(async () => {
      const made = (await ledger(system, 'envelope')).filter(({ event }) => event === 'created');
      const went = new Set(
        (await ledger(system, 'envelope')).filter(({ event }) => event === 'sent').map(({ envelopeId }) => envelopeId),
      );
      return made.some(({ envelopeId }) => !went.has(envelopeId));
    });
    await first.kill();
    expect(await asked).toBeNull();
    const answer = await eventually(
      async () => {
        const again = await send(second, 'orphan');
        return at(again, 'data.sendEnvelope.command.state') === 'DONE' && again;
      },
      { ms: 90_000 },
    );
    expect(at(answer, 'data.sendEnvelope.replayed')).toBe(true);
    const entries = await ledger(system, 'envelope');
    const ofKey = entries.filter(
      ({ envelopeId }) => envelopeId === textAt(answer, 'data.sendEnvelope.envelope.providerId'),
    );
    expect(ofKey.filter(({ event }) => event === 'sent')).toHaveLength(1);
    // The draft that the first one made is the one that went out: no other was ever made.
    expect(entries.filter(({ event }) => event === 'created')).toHaveLength(
      entries.filter(({ event }) => event === 'sent').length,
    );
  }, 120_000);
});
