/**
 * A deployment: one replica after the other is stopped and started while clients follow. Standard clients, as they are,
 * go on through the replica that stays, and miss nothing.
 */
import { beforeAll, describe, expect, it } from 'vitest';
import { startDocusignSandbox } from '../../src/sandbox/docusign/index.ts';
import { at, eventually, listAt, textAt } from '../kit/answer.ts';
import { atEnd } from '../kit/at-end.ts';
import { type Balancer, startBalancer } from '../kit/balancer.ts';
import { envelope, SEND } from '../kit/envelopes.ts';
import { followBy, type Happened, STANDARD_CLIENTS, type StandardFollower } from '../kit/standard-clients.ts';
import { systemWorld } from '../../src/world.ts';
import { ask, connectAccount, type GatewayProcess, serveProcess, serveSettings, serveToken } from './kit.ts';

const PAGE = '{ events(first: 2) { edges { cursor } } }';
const REST = `query Rest($after: String!) {
  events(first: 200, after: $after) { nodes { sequence } pageInfo { hasNextPage endCursor } }
}`;

const FOLLOW = `subscription Follow($after: String) {
  events(after: $after) { cursor event { sequence envelope { id status } } }
}`;

const sequencesOf = (happened: readonly Happened[]): number[] =>
  happened.flatMap(({ data }) => {
    const sequence = at(data, 'events.event.sequence');
    return sequence === undefined ? [] : [Number(sequence)];
  });

describe('two replicas that are stopped and started one after the other', { timeout: 120_000 }, () => {
  let replicas: readonly [GatewayProcess, GatewayProcess];
  let balancer: Balancer;
  let token: string;
  let accountId: string;
  let after: string;
  const followers = new Map<string, StandardFollower>();
  let newest = 0;
  let keys = 0;

  /** Envelopes are sent through this replica while the other one does something. */
  async function sendingThrough(replica: GatewayProcess, work: () => Promise<void>): Promise<void> {
    const load = { stopped: false };
    const sending = (async () => {
      while (!load.stopped) {
        await send(replica);
        await systemWorld().sleep(100);
      }
    })();
    try {
      await work();
    } finally {
      load.stopped = true;
      await sending;
    }
  }

  async function send(replica: GatewayProcess): Promise<void> {
    const input = { idempotencyKey: `key-${(keys += 1)}`, what: { envelope: envelope(accountId) }, waitMs: 20_000 };
    const answer = await ask(replica.url, token, SEND, { input });
    expect(at(answer, 'data.sendEnvelope.envelope.status')).toBe('SENT');
  }

  async function newestOf(replica: GatewayProcess): Promise<number> {
    let [cursor, last] = [after, 0];
    for (;;) {
      const page = await ask(replica.url, token, REST, { after: cursor });
      last = Number(at(listAt(page, 'data.events.nodes').at(-1), 'sequence') ?? last);
      if (at(page, 'data.events.pageInfo.hasNextPage') !== true) return last;
      cursor = textAt(page, 'data.events.pageInfo.endCursor');
    }
  }

  /** Every client has connected once more than before, and hears again. */
  async function goesOn(from: GatewayProcess, to: GatewayProcess): Promise<void> {
    const begun = new Map([...followers].map(([name, { happened }]) => [name, happened.length]));
    await from.stop();
    await send(to);
    await eventually(() =>
      [...followers].every(([name, { happened, over }]) => {
        const since = happened.slice(begun.get(name));
        const closed = since.findIndex((one) => 'closed' in one);
        return over || (closed >= 0 && sequencesOf(since.slice(closed)).length > 0);
      }),
    );
  }

  beforeAll(async () => {
    const sandbox = await startDocusignSandbox();
    atEnd(() => sandbox.close());
    const settings = await serveSettings();
    replicas = await Promise.all([serveProcess(settings), serveProcess(settings)]);
    const [first, second] = replicas;
    await Promise.all([first.start(), second.start()]);
    balancer = await startBalancer([first.url, second.url]);
    token = await serveToken(settings);
    accountId = await connectAccount(first.url, token, sandbox);
    await send(second);
    after = textAt(await ask(second.url, token, PAGE), 'data.events.edges.1.cursor');
    for (const name of STANDARD_CLIENTS) {
      const operation = { query: FOLLOW, variables: { after } };
      const follower = followBy(name, `${balancer.url}/graphql`, `Bearer ${token}`, operation);
      atEnd(() => follower.stop());
      followers.set(name, follower);
    }
    await eventually(() => [...followers.values()].every(({ happened }) => sequencesOf(happened).length > 0));

    await sendingThrough(second, () => goesOn(first, second));
    await first.start();
    await sendingThrough(first, () => goesOn(second, first));

    await eventually(async () => {
      newest = await newestOf(first);
      const behind = [...followers.values()].filter(({ happened }) => sequencesOf(happened).at(-1) !== newest);
      return behind.every(({ over }) => over);
    });
  }, 240_000);

  it('are each followed through once by every client', () => {
    expect(newest).toBeGreaterThan(10);
    const [first = 0, second = 0] = balancer.taken;
    expect([first, second]).toEqual([2 * STANDARD_CLIENTS.length, STANDARD_CLIENTS.length]);
  });

  it.each(STANDARD_CLIENTS)('do not end the stream of %s', (name) => {
    expect(followers.get(name)?.over).toBe(false);
    expect(followers.get(name)?.happened.filter(({ error }) => error !== undefined)).toEqual([]);
  });

  it.each(STANDARD_CLIENTS)('tell %s all that was committed; what comes again it knows by its sequence', (name) => {
    const told = sequencesOf(followers.get(name)?.happened ?? []);
    const once = [...new Set(told)];
    expect(once.toSorted((a, b) => a - b)).toEqual(Array.from({ length: newest - 2 }, (_, index) => index + 3));
    expect(told.length).toBeGreaterThan(once.length);
    // Nothing that is new comes out of order.
    expect(once).toEqual(once.toSorted((a, b) => a - b));
  });

  it.each(STANDARD_CLIENTS)('tell %s its place last, and close its socket with 1012', (name) => {
    const happened = followers.get(name)?.happened ?? [];
    const closes = happened.flatMap((one, index) => ('closed' in one ? [{ code: one.closed, before: index - 1 }] : []));
    expect(closes.map(({ code }) => code)).toEqual([1012, 1012]);
    for (const { before } of closes) {
      expect(happened[before]?.data).toMatchObject({ events: { cursor: expect.stringMatching(/./), event: null } });
    }
  });
});
