/**
 * Errors of the routes that aren't GraphQL, as RFC 9457 problem details with the codes that GraphQL has too.
 * @module
 */
import type { ServerResponse } from 'node:http';

export function sendProblem(res: ServerResponse, status: number, code: string, detail: string): void {
  const body = JSON.stringify({ type: 'about:blank', status, code, detail });
  res.writeHead(status, {
    'content-type': 'application/problem+json',
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
  });
  res.end(body);
}
