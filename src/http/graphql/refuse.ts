/**
 * Refusals of the GraphQL endpoint that come before any operation is read; those of other routes: plain-errors.ts.
 * @module
 */
import type { ServerResponse } from 'node:http';

export interface HttpProblem {
  readonly status: number;
  /** Stable, upper case: what a program tells it by. */
  readonly code: string;
  /** What was wrong and what to do, for a person. */
  readonly message: string;
  readonly requestId?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export type GraphqlMediaType = 'application/graphql-response+json' | 'application/json';

/** A request error of GraphQL over HTTP: `errors`, no `data`. */
export function answerGraphqlError(res: ServerResponse, problem: HttpProblem, type: GraphqlMediaType): void {
  const { code, message, requestId } = problem;
  const body = { errors: [{ message, extensions: { code, ...(requestId && { requestId }) } }] };
  if (res.headersSent || res.destroyed) return;
  res.writeHead(problem.status, {
    'cache-control': 'no-store',
    'content-type': `${type}; charset=utf-8`,
    ...problem.headers,
  });
  res.end(JSON.stringify(body));
}
