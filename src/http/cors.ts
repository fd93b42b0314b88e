/**
 * Which web pages may call: those of the allowed origins, by HTTP and by WebSocket alike. Credentials are never allowed,
 * for there is no cookie.
 * @module
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Origins } from '../model/origins.ts';
import { sendProblem } from './routes/plain-errors.ts';

/** Of all routes, where the browser doesn't name what it asks for. */
const METHODS = 'GET, HEAD, POST, PUT';
const HEADERS = 'authorization, content-type, accept';
/** What pages may read beyond what they always may (type and length among it). */
const EXPOSED = 'content-disposition, retry-after, www-authenticate, x-request-id';
/** How long a browser may remember a preflight. */
const MAX_AGE_SECONDS = '600';

/** True without an Origin (not a browser), or with an allowed one. */
export function isOriginAllowed({ headers: { origin } }: IncomingMessage, allowedOrigins: Origins): boolean {
  return origin === undefined || allowedOrigins.includes(origin);
}

/**
 * Sets the headers by which a page of an allowed origin may read the answer, whatever it will be. To be called before
 * anything is answered. Returns true when the request was a page's preflight and is answered.
 */
export function handleCors(req: IncomingMessage, res: ServerResponse, allowedOrigins: Origins): boolean {
  res.setHeader('vary', 'Origin');
  const { origin } = req.headers;
  if (origin === undefined) return false;
  const preflight = req.method === 'OPTIONS';
  if (!allowedOrigins.includes(origin)) {
    if (preflight) sendProblem(res, 403, 'ORIGIN_NOT_ALLOWED', NOT_ALLOWED);
    return preflight;
  }
  res.setHeader('access-control-allow-origin', origin);
  res.setHeader('access-control-expose-headers', EXPOSED);
  if (preflight) answerPreflight(req, res);
  return preflight;
}

const NOT_ALLOWED =
  'Pages of this origin may not call: name it in ALLOWED_ORIGINS, or to `countersign dev` by --allow-origin.';

/**
 * Every method and header that is asked for is allowed: what a route doesn't take it refuses itself, in an answer that
 * the page can read, and tracing libraries add headers of their own (`traceparent`).
 */
function answerPreflight({ headers }: IncomingMessage, res: ServerResponse): void {
  res.writeHead(204, {
    'access-control-allow-methods': headers['access-control-request-method'] ?? METHODS,
    'access-control-allow-headers': headers['access-control-request-headers'] ?? HEADERS,
    'access-control-max-age': MAX_AGE_SECONDS,
    // From a page of the internet to this machine or its network, as Chromium asks.
    ...(headers['access-control-request-private-network'] === 'true' && {
      'access-control-allow-private-network': 'true',
    }),
  });
  res.end();
}
