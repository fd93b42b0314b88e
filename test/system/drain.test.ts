/**
 * SIGTERM while envelopes are sent and webhooks arrive: nobody loses anything, and followers are told where to go on.
 */
import { beforeAll, describe, expect, it } from 'vitest';
import { control } from '../../src/sandbox/docusign/control.ts';
import { startDocusignSandbox } from '../../src/sandbox/docusign/index.ts';
import { type Answer, at, eventually, textAt } from '../kit/answer.ts';
import { atEnd } from '../kit/at-end.ts';
import { envelope, SEND } from '../kit/envelopes.ts';
import { type Follower, followBySse, followByWebSocket } from '../kit/follow.ts';
import { ledger, storedDeliveries } from './evidence.ts';
import {
  ask,
  connectAccount,
  type GatewayProcess,
  serveProcess,
  serveSettings,
  serveToken,
  type System,
} from './kit.ts';

const FOLLOW = `subscription Follow($after: String) {
  events(after: $after, from: EARLIEST) { cursor event { sequence } }
}`;

const WHY_ENDED = 'errors.0.extensions';
const codeOf = (result: Answer | undefined): unknown => result?.errors?.[0]?.extensions?.['code'];
const sequencesOf = ({ results }: Follower): number[] =>
  results.flatMap((result) => {
    const sequence = at(result, 'data.events.event.sequence');
    return typeof sequence === 'string' ? [Number(sequence)] : [];
  });

describe('a gateway that is told to stop under load', { timeout: 120_000 }, () => {
  let system: System;
  let gateway: GatewayProcess;
  let token: string;
  const followers: Follower[] = [];
  const whileGrace: unknown[] = [];
  let exit: { readonly code: number | null };
  let said = '';
  const answered: Answer[] = [];

  const follow = (after: string | null): readonly [Follower, Follower] => {
    const operation = { query: FOLLOW, variables: { after } };
    const endpoint = `${gateway.url}/graphql`;
    return [
      followBySse(endpoint, token, operation),
      followByWebSocket(endpoint.replace('http', 'ws'), token, operation),
    ];
  };

  beforeAll(async () => {
    const sandbox = await startDocusignSandbox();
    atEnd(() => sandbox.close());
    const settings = await serveSettings();
    gateway = await serveProcess(settings, { DRAIN_GRACE_SECONDS: '1' });
    await gateway.start();
    token = await serveToken(settings);
    const accountId = await connectAccount(gateway.url, token, sandbox);
    system = {
      sandbox,
      gateway,
      token,
      accountId,
      gql: (query, variables) => ask(gateway.url, token, query, variables),
      control: (method, path, body) => control(sandbox.url, method, path, body),
    };
    // A webhook that finds nobody comes again soon.
    await system.control('PUT', '/settings', { timeFactor: 3_000, webhookTimeoutMs: 15_000_000 });
    followers.push(...follow(null));
    await Promise.all(followers.map((follower) => follower.first(() => true)));

    const load = { stopped: false };
    const loads = Array.from({ length: 3 }, async (_, worker) => {
      for (let n = 0; !load.stopped; n += 1) {
        const input = { idempotencyKey: `${worker}-${n}`, what: { envelope: envelope(accountId) }, waitMs: 20_000 };
        const answer = await system.gql(SEND, { input }).catch(() => null);
        // Gone, or told 503 on a connection that was open before.
        if (!answer?.data && !answer?.errors) return;
        answered.push(answer);
        const providerId = at(answer, 'data.sendEnvelope.envelope.providerId');
        if (typeof providerId === 'string') await system.control('POST', `/envelopes/${providerId}/sign`);
      }
    });
    await eventually(() => answered.length > 4);
    const ending = gateway.child.end('SIGTERM', 60_000);
    await eventually(async () => {
      const ready = await fetch(`${gateway.url}/health/ready`);
      whileGrace.push(await ready.text());
      return ready.status === 503;
    });
    whileGrace.push(await ask(gateway.url, token, '{ viewer { subject } }'));
    exit = await ending;
    said = gateway.child.stderr;
    load.stopped = true;
    await Promise.all(loads);
    await gateway.start();
    await eventually(async () => {
      await system.control('POST', '/clock', { advanceMs: 5_000 });
      await system.control('POST', '/idle');
      const entries = await ledger(system, 'webhook');
      const heard = new Set(entries.filter(({ outcome }) => outcome === 'delivered').map(({ messageId }) => messageId));
      return entries.every(({ messageId }) => heard.has(messageId));
    });
  }, 240_000);

  it('says first that it is not ready, and answers meanwhile', () => {
    expect(whileGrace.at(-2)).toBe('draining: another one answers\n');
    expect(at(whileGrace.at(-1), 'data.viewer.subject')).toBe('tester');
  });

  it('ends by itself with 0, and nothing failed in it', () => {
    expect(exit.code).toBe(0);
    expect(said).toContain('countersign listens at');
    expect(said).not.toContain('"level":"error"');
  });

  it('answered each send that it took', () => {
    expect(answered.flatMap(({ errors = [] }) => errors)).toEqual([]);
    for (const answer of answered)
      expect(['DONE', 'INTENDED', 'ATTEMPTED']).toContain(textAt(answer, 'data.sendEnvelope.command.state'));
  });

  it('has every delivery in the store that it acknowledged', async () => {
    const delivered = (await ledger(system, 'webhook')).filter(({ outcome }) => outcome === 'delivered');
    const stored = await storedDeliveries(system);
    expect(delivered.length).toBeGreaterThan(4);
    expect(stored.length).toBe(new Set(delivered.map(({ messageId }) => messageId)).size);
  });

  it('told a follower by server-sent events why its stream ends, and none by WebSocket: its socket was closed', () => {
    const [sse, socket] = followers;
    expect(at(sse?.results.at(-1), WHY_ENDED)).toMatchObject({ code: 'DRAINING', retryAfterMs: 1_000 });
    expect(sse?.refused).toBeNull();
    expect(at(socket?.refused, 'code')).toBe(1012);
    expect(followers.map(({ results }) => results.filter((result) => codeOf(result)).length)).toEqual([1, 0]);
  });

  it('told followers last where to go on, by a cursor that misses and repeats nothing', async () => {
    const newest = Math.max(...(await allSequences(follow(null)[0])));
    for (const follower of followers) {
      const last = follower.results.at(-1);
      // Both say where to go on, and neither has news.
      expect(at(last, 'data.events.event') ?? null).toBeNull();
      const [resumed] = follow(textAt(last, last?.errors ? `${WHY_ENDED}.cursor` : 'data.events.cursor'));
      await eventually(() => sequencesOf(resumed).at(-1) === newest);
      const seen = [...sequencesOf(follower), ...sequencesOf(resumed)];
      expect(seen).toEqual(Array.from({ length: newest }, (_, index) => index + 1));
      await resumed.stop();
    }
  });
});

describe('a gateway whose work outlasts DRAIN_LIMIT_SECONDS', { timeout: 120_000 }, () => {
  it('ends with 1 at that limit, and says what becomes of the work', async () => {
    const sandbox = await startDocusignSandbox();
    atEnd(() => sandbox.close());
    const settings = await serveSettings();
    const gateway = await serveProcess(settings, { DRAIN_LIMIT_SECONDS: '1' });
    await gateway.start();
    const token = await serveToken(settings);
    const accountId = await connectAccount(gateway.url, token, sandbox);
    await control(sandbox.url, 'POST', '/faults', { route: 'POST /envelopes', kind: 'slow', ms: 60_000 });
    const input = { idempotencyKey: 'slow', what: { envelope: envelope(accountId) }, waitMs: 0 };
    const sent = await ask(gateway.url, token, SEND, { input });
    expect(at(sent, 'data.sendEnvelope.envelope.status')).toBe('SENDING');
    const begin = performance.now();
    expect(await gateway.child.end('SIGTERM', 30_000)).toEqual({ code: 1, signal: null });
    expect(performance.now() - begin).toBeGreaterThan(950);
    expect(gateway.child.stdout + gateway.child.stderr).toContain(
      'stopped with work under way: commands are taken up by another gateway, or at the next start',
    );
  });
});

/** Those that are there when nothing new has come for a moment. */
async function allSequences(follower: Follower): Promise<number[]> {
  let before = -1;
  await eventually(() => {
    const now = follower.results.length;
    const settled = now > 1 && now === before;
    before = now;
    return settled;
  });
  const seen = sequencesOf(follower);
  await follower.stop();
  return seen;
}
