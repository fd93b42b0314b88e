/**
 * Refusals in plain HTTP: as a problem (RFC 9457) for routes, as GraphQL errors at the GraphQL endpoint.
 * @module
 */
import type { ServerResponse } from 'node:http';
import { STATUS_CODES } from 'node:http';

export interface HttpProblem {
  readonly status: number;
  /** Stable, upper case: what a program tells it by. */
  readonly code: string;
  /** What was wrong and what to do, for a person. */
  readonly message: string;
  readonly requestId?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** `application/problem+json`: status, title, detail and our code. */
export function answerProblem(res: ServerResponse, problem: HttpProblem): void {
  const { status, code, message, requestId } = problem;
  const body = {
    title: STATUS_CODES[status] ?? 'Error',
    status,
    detail: message,
    code,
    ...(requestId && { requestId }),
  };
  answerJson(res, problem, 'application/problem+json', body);
}

export type GraphqlMediaType = 'application/graphql-response+json' | 'application/json';

/** A request error of GraphQL over HTTP: `errors`, no `data`. */
export function answerGraphqlError(res: ServerResponse, problem: HttpProblem, type: GraphqlMediaType): void {
  const { code, message, requestId } = problem;
  const body = { errors: [{ message, extensions: { code, ...(requestId && { requestId }) } }] };
  answerJson(res, problem, `${type}; charset=utf-8`, body);
}

function answerJson(res: ServerResponse, { status, headers }: HttpProblem, type: string, body: object): void {
  if (res.headersSent || res.destroyed) return;
  res.writeHead(status, { 'cache-control': 'no-store', 'content-type': type, ...headers });
  res.end(JSON.stringify(body));
}
