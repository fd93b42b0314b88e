/**
 * What balancers are told: alive while the process answers, ready while requests should come.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { createHealth } from '../../../src/http/routes/health.ts';
import { atEnd } from '../../kit/at-end.ts';
import { manualWorld } from '../../kit/manual-world.ts';

interface Asked {
  readonly health: ReturnType<typeof createHealth>;
  readonly asked: { count: number };
  ask(path: string): Promise<readonly [number, string]>;
  /** Lets the patience with the database end. */
  wait(): void;
}

async function served(migrated: () => Promise<boolean>): Promise<Asked> {
  const asked = { count: 0 };
  const world = manualWorld();
  const health = createHealth({
    world,
    migrated: () => {
      asked.count += 1;
      return migrated();
    },
  });
  const server = createServer((req, res) => void (health.handle(req, res) || res.writeHead(404).end('none')));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  atEnd(() => new Promise<void>((resolve) => server.close(() => resolve())));
  const { port } = server.address() as AddressInfo;
  const ask = async (path: string): Promise<readonly [number, string]> => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, { headers: { connection: 'close' } });
    return [response.status, (await response.text()).trim()];
  };
  return { health, asked, ask, wait: () => world.advance(2_000) };
}

test('a gateway whose database is there and migrated is ready', async () => {
  const { ask } = await served(async () => true);
  expect(await ask('/health/ready')).toEqual([200, 'ready']);
  expect(await ask('/health/other')).toEqual([404, 'none']);
});

test('one whose database lacks migrations lives and is not ready', async () => {
  const { ask } = await served(async () => false);
  expect(await ask('/health/ready')).toEqual([503, 'the database lacks migrations of this version']);
  expect(await ask('/health/live')).toEqual([200, 'alive']);
});

test('one whose database fails, or says nothing for two seconds, is not ready', async () => {
  const failing = await served(() => Promise.reject(new Error('down')));
  expect(await failing.ask('/health/ready')).toEqual([503, 'the database does not answer']);
  const silent = await served(() => new Promise(() => undefined));
  const answers = [silent.ask('/health/ready'), silent.ask('/health/ready')];
  await expect.poll(() => silent.asked.count).toBe(1);
  silent.wait();
  const silence = [503, 'the database does not answer'];
  expect(await Promise.all(answers)).toEqual([silence, silence]);
});

test('one that was told to stop is not ready, whatever the database says', async () => {
  const { ask, health, asked } = await served(async () => true);
  health.retire();
  expect(await ask('/health/ready')).toEqual([503, 'draining: another one answers']);
  expect(await ask('/health/live')).toEqual([200, 'alive']);
  expect(asked.count).toBe(0);
});
