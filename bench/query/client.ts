/**
 * The client of one window: `client.ts '{"port": …}'`, with requests for one envelope or for the first page.
 * @module
 */
import { z } from 'zod';
import { drive } from '../kit/http-load.ts';
import { requestsOf } from './requests.ts';

const { port, variant, shape, token, connections, warmMs, measureMs } = z
  .object({
    port: z.number(),
    variant: z.enum(['graphql', 'rest']),
    shape: z.enum(['one', 'page']),
    token: z.string(),
    connections: z.number(),
    warmMs: z.number(),
    measureMs: z.number(),
  })
  .parse(JSON.parse(process.argv[2] ?? ''));

const requests = requestsOf(variant, shape, token);
let at = 0;
const next = (): Buffer | null => {
  at = (at + 7) % requests.length;
  return requests[at] ?? null;
};
console.log(JSON.stringify('made'));
console.log(
  JSON.stringify(
    await drive({ port, connections, warmMs, measureMs, next }, () => console.log(JSON.stringify('warm'))),
  ),
);
