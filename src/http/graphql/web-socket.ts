/**
 * GraphQL over WebSocket (graphql-transport-ws): the token in `connection_init`, many operations on one socket, each
 * refused or ended alone. A drain ends none of them: what isn't answered is left open and its socket closed, since
 * clients repeat by themselves what a closing socket cut off, and nothing that had an error or a `complete`.
 * @module
 */
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { ExecutionArgs, GraphQLError } from 'graphql';
import { CloseCode, type Context, GRAPHQL_TRANSPORT_WS_PROTOCOL, makeServer } from 'graphql-ws';
import { type WebSocket, WebSocketServer } from 'ws';
import type { Principal } from '../../auth/principal.ts';
import { MAX_GRAPHQL_BYTES } from '../../model/limits.ts';
import type { Origins } from '../../model/origins.ts';
import { type Timer, type World, settledWithin } from '../../world.ts';
import { isOriginAllowed } from '../cors.ts';
import type { Engine, Outcome } from './engine.ts';
import { type Logger, refusal, toPublicError } from './errors.ts';
import { at, type Operation, type Operations } from './operation.ts';
import { sendNext } from './next-frames.ts';
import { isDraining } from './stream.ts';
import { createLink, type Link } from './web-socket-link.ts';

/** Operations alive on one socket. */
export const MAX_OPERATIONS = 100;
const INIT_WAIT_MS = 3_000;
/** Service restart: graphql-ws, and with it Apollo and urql, connects again and repeats what was open. */
const SERVICE_RESTART = 1012;

export interface WebSocketTransportOptions {
  readonly engine: Engine;
  readonly operations: Operations;
  verify(authorization: string | undefined): Promise<Principal>;
  readonly allowedOrigins: Origins;
  readonly socketsPerTenant: number;
  readonly world: World;
  readonly logger: Logger;
  readonly heartbeatMs: number;
  readonly stallMs: number;
  readonly initWaitMs?: number;
}

export interface WebSocketTransport {
  upgrade(req: IncomingMessage, socket: Duplex, head: Buffer): void;
  /**
   * Closes every socket when its queries and mutations are answered, or after the milliseconds. The operations are the
   * caller's to end.
   */
  drain(patienceMs: number): Promise<void>;
  dispose(): Promise<void>;
  /** Sockets that are open. */
  readonly size: number;
}

/** One socket, from upgrade to close; graphql-ws hands it to its callbacks as `extra`. */
interface Connection {
  readonly link: Link;
  /** By the payload that began it: an id may be taken again before its last operation has ended. */
  readonly open: Map<object, Operation>;
  principal: Principal | null;
  tokenTimer: Timer | null;
  finishing: Promise<void> | null;
}

type Protocol = Context<Record<string, unknown>, Connection>;

export function createWebSocketTransport(options: WebSocketTransportOptions): WebSocketTransport {
  const { engine, operations, world, logger, stallMs } = options;
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: MAX_GRAPHQL_BYTES,
    perMessageDeflate: false,
    handleProtocols: (offered) => (offered.has(GRAPHQL_TRANSPORT_WS_PROTOCOL) ? GRAPHQL_TRANSPORT_WS_PROTOCOL : false),
  });
  const connections = new Set<Connection>();
  const perTenant = new Map<string, number>();
  const prepared = new WeakMap<ExecutionArgs, () => Promise<Outcome>>();

  function run(args: ExecutionArgs): Promise<Outcome> {
    const start = prepared.get(args);
    if (!start) throw new Error('an operation came without having been prepared');
    return start();
  }

  function settle({ open }: Connection, payload: object): void {
    open.get(payload)?.close();
    open.delete(payload);
  }

  const server = makeServer<Record<string, unknown>, Connection>({
    connectionInitWaitTimeout: options.initWaitMs ?? INIT_WAIT_MS,
    async onConnect({ extra, connectionParams }) {
      const principal = await authenticate(authorizationIn(connectionParams), extra);
      // a socket that closed meanwhile is not counted: nothing would take it off again
      if (!principal || !connections.has(extra)) return false;
      const count = perTenant.get(principal.tenantId) ?? 0;
      if (count >= options.socketsPerTenant) {
        extra.link.close(1013, 'TOO_MANY_SOCKETS');
        return false;
      }
      perTenant.set(principal.tenantId, count + 1);
      extra.principal = principal;
      extra.tokenTimer = at(world, principal.expiresAt, () => expire(extra));
      return true;
    },
    async onSubscribe(context, id, payload) {
      const { extra } = context;
      const { query, operationName, variables, extensions } = payload;
      // What began now might outlive the database.
      if (operations.draining) return leave(context, id);
      if (extra.open.size >= MAX_OPERATIONS) {
        const allowed = `${MAX_OPERATIONS} operations may run on a socket: complete one, or open another socket.`;
        return [refusal('TOO_MANY_OPERATIONS', allowed)];
      }
      const operation = operations.open({ transport: 'websocket', principal: extra.principal });
      extra.open.set(payload, operation);
      const result = await engine.prepare(operation, { query, operationName, variables, extensions });
      if ('refused' in result) {
        settle(extra, payload);
        return result.refused;
      }
      prepared.set(result.args, async () => {
        const outcome = await result.run();
        if (Symbol.asyncIterator in outcome) {
          return sendNext(outcome, id, { send: extra.link.send, leave: () => void leave(context, id) });
        }
        if (isDraining(outcome)) leave(context, id);
        return outcome;
      });
      return result.args;
    },
    execute: run,
    subscribe: run,
    onComplete: ({ extra }, _id, payload) => settle(extra, payload),
  });

  async function authenticate(authorization: unknown, { link }: Connection): Promise<Principal | null> {
    try {
      return await options.verify(typeof authorization === 'string' ? authorization : undefined);
    } catch (error) {
      const { extensions, message } = toPublicError(error, world.uuid(), 'UNAUTHENTICATED', logger);
      if (extensions['code'] === 'INTERNAL') link.close(CloseCode.InternalServerError, 'INTERNAL');
      else link.close(CloseCode.Forbidden, `UNAUTHENTICATED: ${message}`);
      return null;
    }
  }

  /** Lets the operations say their last, then closes; the first reason counts. */
  function finish(connection: Connection, code: number, reason: string, patienceMs = stallMs): Promise<void> {
    connection.finishing ??= (async () => {
      await settledWithin(world, patienceMs, connection.link.settled());
      connection.link.close(code, reason);
    })();
    return connection.finishing;
  }

  function expire(connection: Connection): void {
    for (const operation of connection.open.values()) operation.end('TOKEN_EXPIRED');
    void finish(connection, CloseCode.Forbidden, 'TOKEN_EXPIRED');
  }

  /**
   * Says nothing more of an operation, as if the client had completed it: graphql-ws sends neither results nor an end of
   * what it doesn't list. Returns what refuses an operation that isn't begun.
   */
  function leave({ extra, subscriptions }: Protocol, id: string): readonly GraphQLError[] {
    delete subscriptions[id];
    void finish(extra, SERVICE_RESTART, 'DRAINING');
    return [refusal('DRAINING', 'This server is shutting down.')];
  }

  function onFailure(error: unknown): void {
    logger.error({ err: error }, 'a WebSocket message could not be handled');
  }

  function accept(socket: WebSocket): void {
    const link = createLink(socket, { world, heartbeatMs: options.heartbeatMs, stallMs, onFailure });
    const connection: Connection = { link, open: new Map(), principal: null, tokenTimer: null, finishing: null };
    connections.add(connection);
    const closed = server.opened(link.server, connection);
    // too large a message, a broken frame: ws closes the socket itself
    socket.on('error', (error) => logger.warn({ err: error }, 'a WebSocket broke'));
    socket.once('close', (code, reason) => {
      link.dispose();
      connections.delete(connection);
      connection.tokenTimer?.cancel();
      for (const payload of connection.open.keys()) settle(connection, payload);
      const tenantId = connection.principal?.tenantId;
      if (tenantId !== undefined) release(tenantId);
      closed(code, String(reason)).catch(onFailure);
    });
  }

  function release(tenantId: string): void {
    const left = (perTenant.get(tenantId) ?? 1) - 1;
    if (left > 0) perTenant.set(tenantId, left);
    else perTenant.delete(tenantId);
  }

  return {
    upgrade(req, socket, head) {
      const refused = checkUpgrade(req, options.allowedOrigins);
      if (refused) return refuseUpgrade(socket, refused);
      sockets.handleUpgrade(req, socket, head, operations.draining ? turnAway : accept);
    },
    get size() {
      return connections.size;
    },
    async drain(patienceMs) {
      await Promise.all([...connections].map((one) => finish(one, SERVICE_RESTART, 'DRAINING', patienceMs)));
      const gone = Promise.all([...sockets.clients].map((one) => new Promise((resolve) => one.once('close', resolve))));
      await settledWithin(world, 1_000, gone);
    },
    async dispose() {
      for (const socket of sockets.clients) socket.terminate();
      await new Promise<void>((resolve) => sockets.close(() => resolve()));
    },
  };
}

/** A client that meets a refused upgrade takes it for an error and gives up; after this close it connects again. */
function turnAway(socket: WebSocket): void {
  socket.on('error', () => socket.terminate());
  socket.close(SERVICE_RESTART, 'DRAINING');
}

/** By whatever case: in HTTP, where it is a header, the case of its name means nothing either. */
function authorizationIn(params: Readonly<Record<string, unknown>> | null | undefined): unknown {
  return Object.entries(params ?? {}).find(([name]) => name.toLowerCase() === 'authorization')?.[1];
}

/** The status line that refuses the upgrade; null when it may go on. */
function checkUpgrade(req: IncomingMessage, allowedOrigins: Origins): string | null {
  if (!isOriginAllowed(req, allowedOrigins)) return '403 Forbidden';
  const offered = (req.headers['sec-websocket-protocol'] ?? '').split(',').map((one) => one.trim());
  return offered.includes(GRAPHQL_TRANSPORT_WS_PROTOCOL) ? null : '400 Bad Request';
}

/** Node hands the socket over bare: an error nobody listens to would end the process, and nobody else closes it. */
function refuseUpgrade(socket: Duplex, status: string): void {
  socket.on('error', () => socket.destroy());
  socket.once('finish', () => socket.destroy());
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}
