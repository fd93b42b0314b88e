/**
 * One envelope, a thousand followers: deliveries per second when everything that happens must reach everyone. The next
 * news is published when all have heard the one but three before it.
 * @module
 */
import { z } from 'zod';
import { type Child, start } from '../kit/child.ts';
import { urlOf, withDatabase, withOwner } from '../kit/database.ts';
import { startServe } from '../kit/gateway.ts';
import { type Figures, median, report, type Settings, takeRounds } from '../kit/rounds.ts';
import { ENVELOPE_ID_PREFIX, providerIdOf, requestOf } from '../ingest/message.ts';
import { seed, type Seeded } from '../ingest/seed.ts';
import { connectOnce } from '../kit/http-load.ts';

const FOLLOWERS = 1_000;
/** News under way. */
const AHEAD = 4;
const SELECTION = 'cursor event { id sequence type occurredAt status recipientStatus }';
const Heard = z.object({ heard: z.number() });

interface Hub {
  readonly child: Child;
  readonly port: number;
  readonly socket: { readonly path: string; readonly protocol: string; readonly init: object; readonly query: string };
  /** The whole request that publishes news number `n`. */
  readonly publish: (n: number) => Buffer;
}

export async function fanout(settings: Settings): Promise<void> {
  await withOwner(() =>
    withDatabase(null, async (template) => {
      const seeded = await seed(template);
      const rows = await takeRounds(
        `${FOLLOWERS} followers of one envelope`,
        [
          {
            name: 'countersign',
            window: () =>
              withDatabase(template, async (database) => windowOf(await ours(urlOf(database), seeded), settings)),
          },
          { name: 'ws, one string to every socket', window: async () => windowOf(await peer('ws'), settings) },
          { name: 'yoga with its own pub/sub', window: async () => windowOf(await peer('yoga'), settings) },
        ],
        settings,
      );
      const against = ['ws, one string to every socket', 'yoga with its own pub/sub'];
      report(
        'fanout',
        `${FOLLOWERS} WebSockets from one process; ${AHEAD} news under way at most. p50 and p99 are of the last to hear, from the publishing. countersign takes each news as a signed webhook, commits it and reads it from its log; the peers publish from memory.`,
        [{ title: `${FOLLOWERS} followers of one envelope, deliveries per second`, rows, against }],
        settings,
      );
    }),
  );
}

async function peer(variant: 'ws' | 'yoga'): Promise<Hub> {
  const child = start(new URL('./peer.ts', import.meta.url), [variant]);
  const { port } = z.object({ port: z.number() }).parse(await child.next());
  const publish = Buffer.from('POST /publish HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 0\r\n\r\n');
  const protocol = variant === 'ws' ? '' : 'graphql-transport-ws';
  return {
    child,
    port,
    socket: { path: '/graphql', protocol, init: {}, query: `subscription { events { ${SELECTION} } }` },
    publish: () => publish,
  };
}

async function ours(databaseUrl: string, { path, accountId, token }: Seeded): Promise<Hub> {
  const { child, port } = await startServe(databaseUrl);
  const id = `env_${ENVELOPE_ID_PREFIX}${'0'.repeat(12)}`;
  return {
    child,
    port,
    socket: {
      path: '/graphql',
      protocol: 'graphql-transport-ws',
      init: { authorization: `Bearer ${token}` },
      query: `subscription { events(filter: { envelopeIds: ["${id}"] }) { ${SELECTION} } }`,
    },
    publish: (n) => requestOf(changeOf(n, accountId), path),
  };
}

/** The first recipient is told and looks, again and again, each time later than before: one event each. */
function changeOf(n: number, accountId: string): string {
  const at = new Date(Date.UTC(2030, 0, 15) + n * 1_000).toISOString();
  const event = n % 2 === 0 ? 'recipient-delivered' : 'recipient-sent';
  return JSON.stringify({
    event,
    apiVersion: 'v2.1',
    retryCount: 0,
    generatedDateTime: at,
    data: { accountId, envelopeId: providerIdOf(0), recipientId: '1' },
  });
}

async function windowOf(hub: Hub, { warmMs, measureMs }: Settings): Promise<Figures> {
  const { path, protocol, init, query } = hub.socket;
  const given = { url: `ws://127.0.0.1:${hub.port}${path}`, protocol, count: FOLLOWERS, init, subscribe: { query } };
  const followers = start(new URL('./subscribers.ts', import.meta.url), [JSON.stringify(given)]);
  await followers.next();
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  const call = await connectOnce(hub.port);
  const published: number[] = [];
  const lastHeard: number[] = [];
  let told = 0;
  const publishOne = async (): Promise<void> => {
    const n = published.push(performance.now()) - 1;
    await call(hub.publish(n));
  };
  /** Until everyone has heard news number `n`. */
  const allHeard = async (n: number): Promise<void> => {
    followers.tell({ until: (n + 1) * FOLLOWERS });
    told = Heard.parse(await followers.next()).heard;
    lastHeard[n] = performance.now();
  };
  const during = async (ms: number): Promise<void> => {
    const until = performance.now() + ms;
    while (performance.now() < until) {
      await publishOne();
      const behind = published.length - AHEAD;
      if (behind >= 0) await allHeard(behind);
    }
  };
  await during(warmMs);
  const [from, before, cpu] = [performance.now(), told, hub.child.cpuMicros()];
  const first = published.length - AHEAD;
  await during(measureMs);
  const seconds = (performance.now() - from) / 1_000;
  const used = hub.child.cpuMicros() - cpu;
  const count = told - before;
  await followers.stop();
  call.end();
  await hub.child.stop();
  const waits = lastHeard.slice(first + 1).map((at, place) => at - (published[first + 1 + place] ?? at));
  waits.sort((a, b) => a - b);
  return {
    perSecond: count / seconds,
    p50Ms: median(waits),
    p99Ms: waits[Math.floor(waits.length * 0.99)] ?? 0,
    cpuMicros: used / count,
  };
}
