/**
 * GraphQL over HTTP: one POST of JSON, answered by JSON or, where the client accepts it, by server-sent events. Of GET
 * only the hash of a document is taken, to say that its text is to be sent.
 * @module
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ExecutionResult } from 'graphql';
import { z } from 'zod';
import type { Principal } from '../../auth/principal.ts';
import { MAX_GRAPHQL_BYTES } from '../../model/limits.ts';
import { inTraceOf } from '../../telemetry/tracing.ts';
import type { World } from '../../world.ts';
import type { Engine, OperationParams, Outcome } from './engine.ts';
import { unauthenticated } from './engine.ts';
import { type Logger, toPublicError } from './errors.ts';
import type { GraphiqlPage } from './graphiql.ts';
import { answerGraphqlError, type GraphqlMediaType, type HttpProblem } from './refuse.ts';
import type { Operation, Operations } from './operation.ts';
import { isHashOnly, isHashOnlyUrl, notSupported } from './persisted-query.ts';
import { readBody } from './read-body.ts';
import { sendEvents } from './sse.ts';

export interface HttpTransportOptions {
  readonly engine: Engine;
  readonly operations: Operations;
  verify(authorization: string | undefined): Promise<Principal>;
  readonly introspection: boolean;
  readonly graphiql: GraphiqlPage | null;
  readonly world: World;
  readonly logger: Logger;
  readonly heartbeatMs: number;
  readonly stallMs: number;
  readonly bodyDeadlineMs: number;
}

const paramsSchema = z
  .strictObject({
    query: z.string().nullish(),
    operationName: z.string().nullish(),
    variables: z.record(z.string(), z.unknown()).nullish(),
    extensions: z.record(z.string(), z.unknown()).nullish(),
  })
  .refine((params) => params.query || isHashOnly(params), {
    path: ['query'],
    error: 'The text of the document is missing.',
  })
  .transform((params) => ({ ...params, query: params.query ?? '' }));

/** What the client accepts; null when it is nothing that we speak. */
type Accepted = GraphqlMediaType | 'text/event-stream' | null;

export function createHttpTransport(options: HttpTransportOptions) {
  const { engine, operations, world, logger, graphiql } = options;

  return async function handle(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const requestId = world.uuid();
    res.setHeader('x-request-id', requestId);
    res.setHeader('x-content-type-options', 'nosniff');
    // Also where the address holds a query: GraphiQL writes the open tab's into it, and reads it when it is loaded again.
    if (graphiql && (req.method === 'GET' || req.method === 'HEAD') && acceptsHtml(req)) {
      return graphiql.send(req, res);
    }
    const accepted = accept(req);
    const refuse = (problem: Omit<HttpProblem, 'requestId'>): void => {
      const unread = !req.complete;
      answerGraphqlError(
        res,
        { ...problem, requestId, headers: { ...problem.headers, ...(unread && { connection: 'close' }) } },
        mediaTypeOf(accepted),
      );
    };
    const byHash = req.method === 'GET' && isHashOnlyUrl(req.url ?? '');
    const wrong = byHash ? checkAccepted(accepted) : checkHead(req, accepted);
    if (wrong) return refuse(wrong);

    let principal: Principal | null = null;
    if (req.headers.authorization !== undefined || !options.introspection) {
      try {
        principal = await options.verify(req.headers.authorization);
      } catch (error) {
        const shown = toPublicError(error, requestId, 'UNAUTHENTICATED', logger);
        if (shown.extensions['code'] === 'INTERNAL')
          return refuse({ status: 500, code: 'INTERNAL', message: shown.message });
        return refuse({ ...NO_TOKEN, message: shown.message });
      }
    }

    if (byHash) return sendJson(res, { errors: [notSupported()] }, mediaTypeOf(accepted));
    const body = await readBody(world, req, { maxBytes: MAX_GRAPHQL_BYTES, deadlineMs: options.bodyDeadlineMs });
    if (body === 'GONE') return;
    if (!Buffer.isBuffer(body)) return refuse(BODY_PROBLEMS[body]);
    const params = parseParams(body);
    if ('status' in params) return refuse(params);

    const streaming = accepted === 'text/event-stream';
    const operation = operations.open({ transport: streaming ? 'sse' : 'http', principal, requestId });
    res.once('close', () => operation.close());
    try {
      const outcome = await inTraceOf(req.headers, () => run(engine, operation, params));
      if (res.destroyed) return await stop(outcome);
      if (streaming && !needsToken(outcome)) return await sendEvents(res, outcome, options);
      if (Symbol.asyncIterator in outcome) return await stop(outcome);
      sendJson(res, outcome, mediaTypeOf(accepted));
    } finally {
      operation.close();
    }
  };
}

function mediaTypeOf(accepted: Accepted): GraphqlMediaType {
  return accepted === 'application/graphql-response+json' ? accepted : 'application/json';
}

async function run(engine: Engine, operation: Operation, params: OperationParams): Promise<Outcome> {
  const prepared = await engine.prepare(operation, params);
  return 'refused' in prepared ? { errors: prepared.refused } : prepared.run();
}

async function stop(outcome: Outcome): Promise<void> {
  if (Symbol.asyncIterator in outcome) await outcome.return();
}

/** A missing token is answered alike to who asks for a stream: by the status, which no stream can change. */
function needsToken(outcome: Outcome): boolean {
  if (Symbol.asyncIterator in outcome || outcome.data !== undefined) return false;
  return outcome.errors?.[0]?.extensions['code'] === 'UNAUTHENTICATED';
}

/** GraphQL over HTTP: without `data` the operation never ran, which only the newer media type may say by its status. */
function sendJson(res: ServerResponse, result: ExecutionResult, type: GraphqlMediaType): void {
  const code = result.errors?.[0]?.extensions['code'];
  let status = 200;
  if (needsToken(result)) status = 401;
  else if (code === 'NOT_ACCEPTABLE' && result.data === undefined) status = 406;
  else if (type === 'application/graphql-response+json' && result.data === undefined)
    status = code === 'INTERNAL' ? 500 : 400;
  const body = JSON.stringify(result);
  res.writeHead(status, {
    'cache-control': 'no-store',
    'content-type': `${type}; charset=utf-8`,
    // Told, head and body leave as one piece; else the body goes in chunks.
    'content-length': Buffer.byteLength(body),
    ...(status === 401 && { 'www-authenticate': 'Bearer' }),
  });
  res.end(body);
}

const NO_TOKEN = {
  status: 401,
  code: 'UNAUTHENTICATED',
  message: unauthenticated().message,
  headers: { 'www-authenticate': 'Bearer' },
};

const BODY_PROBLEMS = {
  TOO_LARGE: { status: 413, code: 'BODY_TOO_LARGE', message: `A body may have ${MAX_GRAPHQL_BYTES} bytes at most.` },
  TOO_SLOW: { status: 408, code: 'BODY_TOO_SLOW', message: 'The body did not arrive in time.' },
} as const;

function checkHead(req: IncomingMessage, accepted: Accepted): Omit<HttpProblem, 'requestId'> | null {
  if (req.method !== 'POST') {
    const message = 'Send the operation as JSON by POST.';
    return { status: 405, code: 'METHOD_NOT_ALLOWED', message, headers: { allow: 'POST' } };
  }
  const [type = '', ...parameters] = (req.headers['content-type'] ?? '').toLowerCase().split(';');
  const charset = parameters.map((one) => one.trim()).find((one) => one.startsWith('charset='));
  const utf8 = charset === undefined || /^charset="?utf-?8"?$/.test(charset);
  const plain = (req.headers['content-encoding'] ?? 'identity') === 'identity';
  if (type.trim() !== 'application/json' || !utf8 || !plain) {
    const message = 'Send `Content-Type: application/json`, in UTF-8, not compressed.';
    return { status: 415, code: 'UNSUPPORTED_MEDIA_TYPE', message };
  }
  return checkAccepted(accepted);
}

function checkAccepted(accepted: Accepted): Omit<HttpProblem, 'requestId'> | null {
  if (accepted) return null;
  const message =
    'Accept `application/graphql-response+json`, `application/json` or, for subscriptions, `text/event-stream`.';
  return { status: 406, code: 'NOT_ACCEPTABLE', message };
}

function accept(req: IncomingMessage): Accepted {
  const types = (req.headers.accept ?? '*/*').split(',').map((one) => one.split(';')[0]?.trim().toLowerCase());
  if (types.includes('text/event-stream')) return 'text/event-stream';
  if (types.includes('application/graphql-response+json')) return 'application/graphql-response+json';
  return types.some((type) => type === 'application/json' || type === 'application/*' || type === '*/*')
    ? 'application/json'
    : null;
}

function acceptsHtml(req: IncomingMessage): boolean {
  return (req.headers.accept ?? '').includes('text/html');
}

function parseParams(body: Buffer): OperationParams | Omit<HttpProblem, 'requestId'> {
  let json: unknown;
  try {
    json = JSON.parse(body.toString('utf8'));
  } catch {
    return { status: 400, code: 'BAD_REQUEST', message: 'The body is not JSON.' };
  }
  if (Array.isArray(json))
    return { status: 400, code: 'BAD_REQUEST', message: 'Send one operation per request, not a list.' };
  const parsed = paramsSchema.safeParse(json);
  if (parsed.success) return parsed.data;
  const faults = parsed.error.issues.map(({ path, message }) => `${path.join('.') || 'body'}: ${message}`);
  return { status: 400, code: 'BAD_REQUEST', message: `Send {query, operationName, variables}. ${faults.join('; ')}` };
}
