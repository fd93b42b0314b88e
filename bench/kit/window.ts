/**
 * One window: a client in a process of its own says when it is made, when it is warm, and what it has taken.
 * @module
 */
import { z } from 'zod';
import { type Child, start } from './child.ts';
import type { Figures } from './rounds.ts';

const Taken = z.object({
  count: z.number(),
  seconds: z.number(),
  p50Ms: z.number(),
  p99Ms: z.number(),
  answered: z.number(),
});

/** Ends the server and the client. `answered` counts the warm-up too. */
export async function takeWindow(
  server: Child,
  clientFile: URL,
  given: object,
): Promise<{ readonly figures: Figures; readonly answered: number }> {
  const client = start(clientFile, [JSON.stringify(given)]);
  await client.next();
  await client.next();
  const cpu = server.cpuMicros();
  const { count, seconds, p50Ms, p99Ms, answered } = Taken.parse(await client.next());
  const used = server.cpuMicros() - cpu;
  await server.stop();
  await client.stop();
  return { figures: { perSecond: count / seconds, p50Ms, p99Ms, cpuMicros: used / count }, answered };
}
