/**
 * Which web pages may call: those of the allowed origins, by HTTP and by WebSocket alike. Credentials are never allowed,
 * for there is no cookie.
 * @module
 */
import type { IncomingMessage, ServerResponse } from 'node:http';

/** True without an Origin (not a browser), or with an allowed one. */
export function isOriginAllowed(req: IncomingMessage, allowedOrigins: readonly string[]): boolean {
  const { origin } = req.headers;
  return origin === undefined || allowedOrigins.includes(origin);
}

/** Sets the headers of an answer. Returns true when the request was a preflight and is answered. */
export function handleCors(
  req: IncomingMessage,
  res: ServerResponse,
  allowedOrigins: readonly string[],
  methods: string,
  allowedHeaders = 'authorization, content-type, accept',
): boolean {
  res.setHeader('vary', 'Origin');
  const { origin } = req.headers;
  if (origin !== undefined && allowedOrigins.includes(origin)) {
    res.setHeader('access-control-allow-origin', origin);
    res.setHeader('access-control-expose-headers', 'retry-after, x-request-id');
  }
  if (req.method !== 'OPTIONS') return false;
  if (res.hasHeader('access-control-allow-origin')) {
    res.setHeader('access-control-allow-methods', methods);
    res.setHeader('access-control-allow-headers', allowedHeaders);
    res.setHeader('access-control-max-age', '600');
  }
  res.writeHead(204, { allow: `${methods}, OPTIONS` }).end();
  return true;
}
