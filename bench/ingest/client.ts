/**
 * The client of one window, in a process of its own: `client.ts '{"port": …}'`. Says "warm" when the window begins.
 * @module
 */
import { z } from 'zod';
import { drive } from '../kit/http-load.ts';
import { MESSAGES, messageOf, requestOf } from './message.ts';

const { port, path, accountId, bytes, connections, warmMs, measureMs, most } = z
  .object({
    port: z.number(),
    path: z.string(),
    accountId: z.string(),
    bytes: z.number(),
    connections: z.number(),
    warmMs: z.number(),
    measureMs: z.number(),
    most: z.number(),
  })
  .parse(JSON.parse(process.argv[2] ?? ''));

const requests: Buffer[] = [];
for (let n = 0; n < Math.min(most, MESSAGES); n++) requests.push(requestOf(messageOf(n, accountId, bytes), path));
let at = 0;
const next = (): Buffer | null => {
  const request = requests[at];
  at += 1;
  return request ?? null;
};
console.log(JSON.stringify('made'));
const taken = await drive({ port, connections, warmMs, measureMs, next }, () => console.log(JSON.stringify('warm')));
console.log(JSON.stringify(taken));
