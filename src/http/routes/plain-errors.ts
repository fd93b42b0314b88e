/**
 * Errors of the routes that aren't GraphQL, as RFC 9457 problem details with the codes that GraphQL has too.
 * @module
 */
import type { ServerResponse } from 'node:http';

/** `more` are members beyond those of every problem. Nothing when the answer has begun or the client is gone. */
export function sendProblem(
  res: ServerResponse,
  status: number,
  code: string,
  detail: string,
  more: Readonly<Record<string, unknown>> = {},
): void {
  if (res.headersSent || res.destroyed) return;
  const body = JSON.stringify({ type: 'about:blank', status, code, detail, ...more });
  res.writeHead(status, {
    'content-type': 'application/problem+json',
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
  });
  res.end(body);
}
