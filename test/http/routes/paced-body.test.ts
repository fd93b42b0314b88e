import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { BodyTooSlow, pacedBody } from '../../../src/http/routes/paced-body.ts';
import { type ManualWorld, manualWorld } from '../../kit/manual-world.ts';

const PACE = { deadlineMs: 60_000, minRate: 1_000, graceMs: 5_000 };

interface Reading {
  readonly world: ManualWorld;
  readonly req: IncomingMessage;
  readonly body: AsyncGenerator<Uint8Array, void, void>;
}

function reading(): Reading {
  const world = manualWorld();
  const req = new IncomingMessage(new Socket());
  return { world, req, body: pacedBody(world, req, PACE) };
}

/** What a read comes to that waits while time passes. */
async function errorAfter(world: ManualWorld, ms: number, read: Promise<unknown>): Promise<unknown> {
  const outcome = read.then(
    () => null,
    (error: unknown) => error,
  );
  await setImmediate();
  world.advance(ms);
  return outcome;
}

test('a body is cut when nothing of it comes', async () => {
  const { world, body } = reading();
  expect(await errorAfter(world, PACE.graceMs, body.next())).toBeInstanceOf(BodyTooSlow);
});

test('a body that trickles is cut although something always comes', async () => {
  const { world, req, body } = reading();
  req.push(Buffer.alloc(1_000));
  await body.next();
  const second = body.next();
  await setImmediate();
  world.advance(4_999);
  req.push(Buffer.alloc(1));
  expect(await second).toMatchObject({ done: false });
  expect(await errorAfter(world, 1, body.next())).toBeInstanceOf(BodyTooSlow);
});

test('a body that keeps up the pace is cut at the deadline', async () => {
  const { world, req, body } = reading();
  req.push(Buffer.alloc(100_000));
  await body.next();
  expect(await errorAfter(world, PACE.deadlineMs, body.next())).toBeInstanceOf(BodyTooSlow);
});

test('time that the reader takes is not counted for the pace', async () => {
  const { world, req, body } = reading();
  req.push(Buffer.alloc(1));
  await body.next();
  world.advance(30_000);
  req.push(Buffer.alloc(1));
  req.push(null);
  expect(await body.next()).toMatchObject({ done: false });
  expect(await body.next()).toMatchObject({ done: true });
});
