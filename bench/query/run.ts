/**
 * Reads of the cache: one envelope with its recipients, and a page of fifty. Before anything is measured, all variants
 * must give the same answer.
 * @module
 */
import { deepStrictEqual } from 'node:assert';
import { z } from 'zod';
import { type Child, start } from '../kit/child.ts';
import { urlOf, withDatabase, withOwner } from '../kit/database.ts';
import { startServe } from '../kit/gateway.ts';
import { type Figures, report, type Settings, type Table, takeRounds, type Variant } from '../kit/rounds.ts';
import { takeWindow } from '../kit/window.ts';
import { seed } from '../ingest/seed.ts';
import { bodyOf, type Shape } from './requests.ts';

const CONNECTIONS = 32;
const APOLLO = 'Apollo Server with DataLoader';
const FLOOR = 'node:http + pg, JSON made by one statement';

interface Server {
  readonly child: Child;
  readonly port: number;
}

export async function query(settings: Settings): Promise<void> {
  await withOwner(() =>
    withDatabase(null, async (database) => {
      const { token } = await seed(database);
      const url = urlOf(database);
      const peer = async (variant: string): Promise<Server> => {
        const child = start(new URL('./peer.ts', import.meta.url), [variant, url]);
        return { child, port: z.object({ port: z.number() }).parse(await child.next()).port };
      };
      const servers = {
        countersign: { start: () => startServe(url), variant: 'graphql' },
        [APOLLO]: { start: () => peer('apollo'), variant: 'graphql' },
        [FLOOR]: { start: () => peer('floor'), variant: 'rest' },
      } as const;
      const variantsOf = (shape: Shape): Variant[] =>
        Object.entries(servers).map(([name, server]) => ({
          name,
          window: async () => windowOf(await server.start(), server.variant, shape, token, settings),
        }));
      await mustAgree(await startServe(url), await peer('apollo'), await peer('floor'), token);
      const tables: Table[] = [];
      for (const [title, shape] of [
        ['One envelope with two recipients', 'one'],
        ['A page of 50 with recipients', 'page'],
      ] as const) {
        tables.push({ title, rows: await takeRounds(title, variantsOf(shape), settings), against: [APOLLO, FLOOR] });
      }
      report(
        'query',
        `${CONNECTIONS} keep-alive connections, 10,000 envelopes. countersign verifies a token and reads under row-level security; the peers do neither.`,
        tables,
        settings,
      );
    }),
  );
}

async function windowOf(
  server: Server,
  variant: string,
  shape: Shape,
  token: string,
  { warmMs, measureMs }: Settings,
): Promise<Figures> {
  const given = { port: server.port, variant, shape, token, connections: CONNECTIONS, warmMs, measureMs };
  return (await takeWindow(server.child, new URL('./client.ts', import.meta.url), given)).figures;
}

/** Ends the three, and throws unless they answered alike. */
async function mustAgree(ours: Server, apollo: Server, floor: Server, token: string): Promise<void> {
  const post = async ({ port }: Server, shape: Shape): Promise<unknown> => {
    const response = await fetch(`http://127.0.0.1:${port}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
      body: bodyOf(shape, 7),
    });
    return z.object({ data: z.unknown() }).parse(await response.json()).data;
  };
  for (const shape of ['one', 'page'] as const) {
    const path = shape === 'one' ? `/?id=${JSON.parse(bodyOf('one', 7)).variables.id}` : '/';
    const response = await fetch(`http://127.0.0.1:${floor.port}${path}`);
    const least = z.object({ data: z.unknown() }).parse(await response.json()).data;
    deepStrictEqual(await post(ours, shape), least);
    deepStrictEqual(await post(apollo, shape), least);
  }
  await Promise.all([ours, apollo, floor].map(({ child }) => child.stop()));
}
