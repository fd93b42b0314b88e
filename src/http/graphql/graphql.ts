/**
 * The GraphQL endpoint: HTTP, server-sent events and WebSocket, with one set of limits and one way to authenticate.
 * @module
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Principal } from '../../auth/principal.ts';
import type { Origins } from '../../model/origins.ts';
import { createEngine, type EngineOptions } from './engine.ts';
import { createGraphiqlPage, type GraphiqlOptions } from './graphiql.ts';
import { createHttpTransport } from './http-transport.ts';
import { createOperations } from './operation.ts';
import { createWebSocketTransport } from './web-socket.ts';
import { settledWithin } from '../../world.ts';

/** How long a message may wait for a client that doesn't read, before its connection is cut. */
const STALL_MS = 5_000;
/** From the head of a request to the last byte of its body. */
const BODY_DEADLINE_MS = 15_000;
const HEARTBEAT_MS = 12_000;
const SOCKETS_PER_TENANT = 200;

export interface GraphqlServerOptions extends EngineOptions {
  /** The principal of an `Authorization` value. Throws an Error of code UNAUTHENTICATED. */
  verify(authorization: string | undefined): Promise<Principal>;
  /** Of web pages that may open a WebSocket; a client that sends no Origin is no browser and is let in. */
  readonly allowedOrigins: Origins;
  /** For development only: the page is served to who has no token, and carries one. */
  readonly graphiql: GraphiqlOptions | null;
  readonly socketsPerTenant?: number;
  readonly heartbeatMs?: number;
  readonly stallMs?: number;
  readonly initWaitMs?: number;
  readonly bodyDeadlineMs?: number;
}

export interface GraphqlServer {
  handle(req: IncomingMessage, res: ServerResponse): Promise<void>;
  upgrade(req: IncomingMessage, socket: Duplex, head: Buffer): void;
  /**
   * Ends streams with DRAINING and closes the sockets; nothing is begun over a WebSocket any more, and no stream at all.
   * Resolves when all that was under way is answered, or after the milliseconds.
   */
  drain(patienceMs?: number): Promise<void>;
  dispose(): Promise<void>;
  /** WebSockets that are open. */
  readonly sockets: number;
}

export function createGraphqlServer(options: GraphqlServerOptions): GraphqlServer {
  const { world } = options;
  const engine = createEngine(options);
  const operations = createOperations(world);
  const shared = {
    ...options,
    engine,
    operations,
    heartbeatMs: options.heartbeatMs ?? HEARTBEAT_MS,
    stallMs: options.stallMs ?? STALL_MS,
    bodyDeadlineMs: options.bodyDeadlineMs ?? BODY_DEADLINE_MS,
  };
  const handleHttp = createHttpTransport({
    ...shared,
    graphiql: options.graphiql ? createGraphiqlPage(options.graphiql) : null,
  });
  const webSocket = createWebSocketTransport({
    ...shared,
    socketsPerTenant: options.socketsPerTenant ?? SOCKETS_PER_TENANT,
  });
  const answering = new Set<Promise<void>>();

  return {
    async handle(req, res) {
      const answered = handleHttp(req, res)
        .catch((error: unknown) => {
          options.logger.error({ err: error, requestId: res.getHeader('x-request-id') }, 'a request was not answered');
          res.destroy();
        })
        .finally(() => answering.delete(answered));
      answering.add(answered);
      await answered;
    },
    upgrade: webSocket.upgrade,
    get sockets() {
      return webSocket.size;
    },
    async drain(patienceMs = shared.stallMs + 1_000) {
      operations.drain();
      await Promise.all([webSocket.drain(patienceMs), settledWithin(world, patienceMs, Promise.allSettled(answering))]);
    },
    async dispose() {
      await webSocket.dispose();
      await engine.dispose();
    },
  };
}
