/**
 * A small schema behind the real transports, on a port of its own.
 * @module
 */
import { createServer, type IncomingHttpHeaders, request } from 'node:http';
import {
  GraphQLEnumType,
  GraphQLError,
  GraphQLInt,
  GraphQLNonNull,
  GraphQLObjectType,
  GraphQLSchema,
  GraphQLString,
} from 'graphql';
import { type Client, createClient } from 'graphql-ws';
import { WebSocket } from 'ws';
import type { Principal } from '../../src/auth/principal.ts';
import { CursorExpired, InvalidCursor } from '../../src/events/cursor.ts';
import { StreamEnded } from '../../src/events/stream-ended.ts';
import { handleCors } from '../../src/http/cors.ts';
import { createGraphqlServer, type GraphqlServerOptions } from '../../src/http/graphql/graphql.ts';
import { WrongState } from '../../src/model/problems.ts';
import { systemWorld } from '../../src/world.ts';

export interface Seen {
  /** Events pulled from the counting sources. */
  pulled: number;
  /** Sources that were let go. */
  returned: number;
  logged: { fields: object; message: string }[];
  mutations: number;
  contexts: number;
}

interface TestContext {
  principal: Principal | null;
  signal: AbortSignal;
}

const SECRET = 'SELECT secret FROM /var/lib/keys';

function schemaFor(seen: Seen): GraphQLSchema {
  const node: GraphQLObjectType = new GraphQLObjectType({
    name: 'Node',
    fields: () => ({
      name: { type: new GraphQLNonNull(GraphQLString), resolve: () => 'n' },
      child: { type: new GraphQLNonNull(node), resolve: () => ({}) },
    }),
  });
  const color = new GraphQLEnumType({ name: 'Color', values: { CRIMSON: {}, TEAL: {} } });
  async function* count(size: number, waitMs: number, signal: AbortSignal) {
    try {
      for (let n = 1; ; n += 1) {
        if (waitMs > 0 && n > 1) await systemWorld().sleep(waitMs, signal);
        if (signal.aborted) return;
        seen.pulled += 1;
        yield { count: n, text: 'x'.repeat(size) };
      }
    } finally {
      seen.returned += 1;
    }
  }
  const tick = new GraphQLObjectType({
    name: 'Tick',
    fields: { count: { type: new GraphQLNonNull(GraphQLInt) }, text: { type: new GraphQLNonNull(GraphQLString) } },
  });
  const ticks = {
    type: tick,
    args: { size: { type: GraphQLInt }, waitMs: { type: GraphQLInt } },
    subscribe: (_: unknown, args: { size?: number; waitMs?: number }, { signal }: TestContext) =>
      count(args.size ?? 0, args.waitMs ?? 20, signal),
    resolve: (event: unknown) => event,
  };
  return new GraphQLSchema({
    query: new GraphQLObjectType<unknown, TestContext>({
      name: 'Query',
      fields: {
        hello: { type: GraphQLString, resolve: (_, __, { principal }) => `hello ${principal?.tenantId}` },
        paint: { type: GraphQLString, args: { color: { type: color } }, resolve: () => 'painted' },
        node: { type: node, resolve: () => ({}) },
        broken: {
          type: GraphQLString,
          resolve: () => {
            throw new Error(SECRET);
          },
        },
        wrongState: {
          type: GraphQLString,
          resolve: () => {
            throw new WrongState('It is COMPLETED already.', 'COMPLETED');
          },
        },
        badInput: {
          type: GraphQLString,
          resolve: () => {
            throw Object.assign(new Error('`first` must be from 1 to 200.'), { code: 'BAD_USER_INPUT' });
          },
        },
        forbidden: {
          type: GraphQLString,
          resolve: () => {
            throw new GraphQLError('Not with this scope.', { extensions: { code: 'FORBIDDEN' } });
          },
        },
      },
    }),
    mutation: new GraphQLObjectType({
      name: 'Mutation',
      fields: {
        add: { type: GraphQLInt, resolve: () => (seen.mutations += 1) },
        addLater: {
          type: GraphQLInt,
          args: { ms: { type: new GraphQLNonNull(GraphQLInt) } },
          async resolve(_, { ms }: { ms: number }) {
            seen.mutations += 1;
            await systemWorld().sleep(ms);
            return seen.mutations;
          },
        },
      },
    }),
    subscription: new GraphQLObjectType<unknown, TestContext>({
      name: 'Subscription',
      fields: {
        ticks,
        ended: {
          type: tick,
          args: { code: { type: new GraphQLNonNull(GraphQLString) }, lateMs: { type: GraphQLInt } },
          async *subscribe(
            _,
            {
              code,
              lateMs,
            }: { code: 'SLOW_CONSUMER' | 'DRAINING' | 'CURSOR_EXPIRED' | 'TOKEN_EXPIRED'; lateMs?: number },
          ) {
            yield { count: 1, text: '' };
            if (lateMs !== undefined) {
              await systemWorld().sleep(lateMs);
              yield { count: 2, text: 'late' };
            }
            throw new StreamEnded(code, 'place-1', 'place-0', { count: 3, text: 'heartbeat' });
          },
          resolve: (event) => event,
        },
        refusing: {
          type: tick,
          args: { code: { type: new GraphQLNonNull(GraphQLString) } },
          async subscribe(_, { code }: { code: string }) {
            if (code === 'INVALID_CURSOR') throw new InvalidCursor();
            if (code === 'CURSOR_EXPIRED') throw new CursorExpired('place-0');
            if (code === 'DRAINING') throw new StreamEnded(code, 'place-1', 'place-0');
            throw new Error(SECRET);
          },
        },
        crashing: {
          type: tick,
          async *subscribe() {
            yield { count: 1, text: '' };
            throw new Error(SECRET);
          },
          resolve: (event) => event,
        },
        silent: {
          type: tick,
          async *subscribe(_, __, { signal }) {
            try {
              await systemWorld().sleep(60_000, signal);
              yield { count: 1, text: '' };
            } finally {
              seen.returned += 1;
            }
          },
          resolve: (event) => event,
        },
      },
    }),
  });
}

export const TOKEN = 'Bearer good';
export const ORIGIN = 'http://app.example';

/** Tokens are `good`, `other` (another tenant) and `until:<ms from its first use>`. */
function verifier(): GraphqlServerOptions['verify'] {
  const ends = new Map<string, Date>();
  return async (authorization) => {
    const token = authorization?.replace(/^Bearer /, '') ?? '';
    const life = /^until:(\d+)/.exec(token)?.[1];
    if (token !== 'good' && token !== 'other' && life === undefined) {
      throw Object.assign(new Error('The token is not valid.'), { code: 'UNAUTHENTICATED' });
    }
    const expiresAt = ends.get(token) ?? new Date(Date.now() + Number(life ?? 3_600_000));
    ends.set(token, expiresAt);
    if (expiresAt.getTime() <= Date.now()) {
      throw Object.assign(new Error('The token has ended.'), { code: 'UNAUTHENTICATED' });
    }
    return {
      tenantId: token === 'other' ? 't2' : 't1',
      subject: 's',
      scopes: new Set(),
      scopeClaims: ['scope'],
      envelopes: null,
      expiresAt,
    };
  };
}

export interface Gateway {
  readonly url: string;
  readonly port: number;
  readonly seen: Seen;
  readonly server: ReturnType<typeof createGraphqlServer>;
  /** graphql-ws's own client; one socket each. */
  client(authorization?: string, on?: { closed(event: unknown): void }): Client;
  [Symbol.asyncDispose](): Promise<void>;
}

export async function startGateway(options: Partial<GraphqlServerOptions> = {}): Promise<Gateway> {
  const seen: Seen = { pulled: 0, returned: 0, logged: [], mutations: 0, contexts: 0 };
  const log = (fields: object, message: string): void => void seen.logged.push({ fields, message });
  const server = createGraphqlServer({
    schema: schemaFor(seen),
    verify: verifier(),
    context: (given) => {
      seen.contexts += 1;
      return given;
    },
    allowedOrigins: [ORIGIN],
    introspection: false,
    graphiql: null,
    world: systemWorld(),
    logger: { warn: () => undefined, error: log },
    ...options,
  });
  const http = createServer((req, res) => void (handleCors(req, res, [ORIGIN]) || server.handle(req, res)));
  http.on('upgrade', (req, socket, head) => server.upgrade(req, socket, head));
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  const address = http.address();
  const port = address && typeof address === 'object' ? address.port : 0;
  const clients: Client[] = [];
  return {
    url: `http://127.0.0.1:${port}/graphql`,
    port,
    seen,
    server,
    client(authorization = TOKEN, on) {
      const client = createClient({
        url: `ws://127.0.0.1:${port}/graphql`,
        webSocketImpl: WebSocket,
        connectionParams: { authorization },
        retryAttempts: 0,
        lazy: true,
        ...(on && { on: { closed: on.closed } }),
      });
      clients.push(client);
      return client;
    },
    async [Symbol.asyncDispose]() {
      for (const client of clients) await client.dispose();
      await server.dispose();
      http.closeAllConnections();
      await new Promise<void>((resolve) => http.close(() => resolve()));
    },
  };
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

export interface Sent {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string | Buffer;
  /** Leaves the request open after the body. */
  readonly unfinished?: boolean;
}

/** One request as it stands: no header is added but the length. */
export function send(
  port: number,
  { method = 'POST', path = '/graphql', headers = {}, body = '', unfinished = false }: Sent,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request({
      host: '127.0.0.1',
      port,
      method,
      path,
      headers: { 'content-length': Buffer.byteLength(body), ...headers },
    });
    sent.on('error', reject);
    sent.on('response', (res) => {
      const chunks: Buffer[] = [];
      res.on('data', (chunk: Buffer) => chunks.push(chunk));
      res.on('end', () =>
        resolve({ status: res.statusCode ?? 0, headers: res.headers, text: Buffer.concat(chunks).toString() }),
      );
    });
    if (unfinished) sent.write(body);
    else sent.end(body);
  });
}

export const JSON_HEADERS = { 'content-type': 'application/json', authorization: TOKEN };

export interface Result {
  readonly data?: Record<string, unknown> | null;
  readonly errors?: readonly { message: string; path?: unknown; extensions?: Record<string, unknown> }[];
}

export async function post(
  port: number,
  query: string,
  headers: Record<string, string> = {},
  more: object = {},
): Promise<Answer & { result: Result }> {
  const answer = await send(port, {
    headers: { ...JSON_HEADERS, ...headers },
    body: JSON.stringify({ query, ...more }),
  });
  return { ...answer, result: JSON.parse(answer.text) as Result };
}

/** All results of a stream that ends by itself. */
export async function postForEvents(
  port: number,
  query: string,
  headers: Record<string, string> = {},
): Promise<{ results: Result[]; text: string }> {
  const { text } = await send(port, {
    headers: { ...JSON_HEADERS, accept: 'text/event-stream', ...headers },
    body: JSON.stringify({ query }),
  });
  return {
    results: [...text.matchAll(/^event: next\ndata: (.*)$/gm)].map((match) => JSON.parse(match[1] ?? '') as Result),
    text,
  };
}

/** What a WebSocket operation gave: its results, and the errors that refused it. */
export async function follow(
  client: Client,
  query: string,
  take = Infinity,
  variables: Record<string, unknown> = {},
): Promise<{ results: Result[]; refused: Result['errors'] | null; closed: unknown }> {
  const results: Result[] = [];
  return new Promise((resolve) => {
    const stop = client.subscribe<Record<string, unknown>>(
      { query, variables },
      {
        next(result) {
          results.push(result as Result);
          if (results.length >= take) stop();
        },
        error: (error) =>
          resolve(
            Array.isArray(error)
              ? { results, refused: error as Result['errors'], closed: null }
              : { results, refused: null, closed: error },
          ),
        complete: () => resolve({ results, refused: null, closed: null }),
      },
    );
  });
}

export async function until(what: () => boolean, ms = 3_000): Promise<void> {
  const end = Date.now() + ms;
  while (!what()) {
    if (Date.now() > end) throw new Error(`it did not happen within ${ms} ms: ${what.toString()}`);
    await systemWorld().sleep(10);
  }
}

export const BAD_OPERATIONS: readonly { code: string; query: string }[] = [
  { code: 'GRAPHQL_PARSE_FAILED', query: '{ hello' },
  { code: 'GRAPHQL_VALIDATION_FAILED', query: '{ helo }' },
  { code: 'QUERY_TOO_DEEP', query: `{ node ${'{ child '.repeat(8)} { name } ${'}'.repeat(8)} }` },
  { code: 'TOO_MANY_ALIASES', query: `{ ${Array.from({ length: 16 }, (_, n) => `a${n}: __typename`).join(' ')} }` },
  { code: 'TOO_MANY_DIRECTIVES', query: `{ hello ${'@aa '.repeat(10)} }` },
  { code: 'TOO_MANY_TOKENS', query: `{ ${'__typename '.repeat(500)} }` },
  { code: 'QUERY_TOO_COSTLY', query: `{ node ${'{ child '.repeat(6)} { ${'name '.repeat(370)} } ${'}'.repeat(6)} }` },
  { code: 'TOO_MANY_MUTATIONS', query: `mutation { ${Array.from({ length: 6 }, (_, n) => `a${n}: add`).join(' ')} }` },
  { code: 'INTROSPECTION_OFF', query: '{ __schema { types { name } } }' },
];
