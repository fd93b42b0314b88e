/**
 * How long requests take, by the part of the gateway they meet.
 * @module
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Metrics } from '../telemetry/metrics.ts';
import type { World } from '../world.ts';

/** The first part of every path there is. Whatever else is asked for shares one label. */
const ROUTES: ReadonlySet<string> = new Set([
  'webhooks',
  'graphql',
  'downloads',
  'documents',
  'uploads',
  'errors',
  'health',
]);

/** Tells the metrics of this request once its answer was written or its caller went away. A stream of events isn't told. */
export function measure(world: World, metrics: Metrics, req: IncomingMessage, res: ServerResponse): void {
  const began = world.monotonic();
  res.once('close', () => {
    if (String(res.getHeader('content-type') ?? '').startsWith('text/event-stream')) return;
    const first = /^\/([^/?]*)/.exec(req.url ?? '')?.[1] ?? '';
    const route = ROUTES.has(first) ? first : 'other';
    // 499 by the custom of proxies: nobody waited for the answer.
    metrics.request(route, res.writableFinished ? res.statusCode : 499, world.monotonic() - began);
  });
}
