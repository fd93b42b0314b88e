/**
 * Plain `node:http` (or `node:https`) with the whole body read first and the answer as a value.
 * @module
 */
import { type IncomingHttpHeaders, type IncomingMessage, type ServerResponse, createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';

export interface HttpRequest {
  method: string;
  path: string;
  query: URLSearchParams;
  headers: IncomingHttpHeaders;
  body: Buffer;
}

export interface HttpAnswer {
  status: number;
  headers?: Record<string, string>;
  body?: string | Uint8Array;
  /** Cut the connection instead of answering. */
  reset?: boolean;
  /** Runs when the answer has left, or the connection is gone. */
  after?: () => void;
}

export interface HttpServer {
  port: number;
  close(): Promise<void>;
}

export interface ListenOptions {
  host: string;
  port: number;
  tls?: { key: string; cert: string } | undefined;
  /** Largest body in bytes; more is answered 413. */
  bodyLimit: number;
}

export async function listen(
  options: ListenOptions,
  handle: (request: HttpRequest) => Promise<HttpAnswer>,
): Promise<HttpServer> {
  const listener = (incoming: IncomingMessage, response: ServerResponse): void => {
    void serve(incoming, response, options.bodyLimit, handle);
  };
  const server = options.tls === undefined ? createServer(listener) : createTlsServer(options.tls, listener);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, options.host, () => {
      server.off('error', reject);
      resolve();
    });
  });
  return {
    port: portOf(server.address()),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function portOf(address: AddressInfo | string | null): number {
  if (address === null || typeof address === 'string') throw new Error('the server has no TCP port');
  return address.port;
}

async function serve(
  incoming: IncomingMessage,
  response: ServerResponse,
  bodyLimit: number,
  handle: (request: HttpRequest) => Promise<HttpAnswer>,
): Promise<void> {
  try {
    const body = await readBody(incoming, bodyLimit);
    if (body === undefined) {
      response.writeHead(413, { connection: 'close' }).end();
      return;
    }
    const url = new URL(incoming.url ?? '/', 'http://sandbox.invalid');
    const answer = await handle({
      method: incoming.method ?? 'GET',
      path: url.pathname,
      query: url.searchParams,
      headers: incoming.headers,
      body,
    });
    // A client that died while we worked has closed already, and what follows the answer must follow all the same.
    if (answer.after !== undefined) {
      if (response.destroyed || incoming.socket.destroyed) answer.after();
      else response.once('close', answer.after);
    }
    if (answer.reset === true) {
      incoming.socket.resetAndDestroy();
      return;
    }
    const content = answer.body ?? '';
    response.writeHead(answer.status, { ...answer.headers, 'content-length': String(Buffer.byteLength(content)) });
    response.end(incoming.method === 'HEAD' ? undefined : content);
  } catch (error) {
    // A client that is gone has nothing to be told; a fault of the sandbox itself must not pass as DocuSign's.
    if (response.headersSent || response.destroyed) response.destroy();
    else
      response
        .writeHead(500, { 'content-type': 'text/plain' })
        .end(`sandbox error: ${error instanceof Error ? error.stack : String(error)}`);
  }
}

async function readBody(incoming: IncomingMessage, limit: number): Promise<Buffer | undefined> {
  if (
    incoming.method === 'GET' &&
    incoming.headers['content-length'] === undefined &&
    incoming.headers['transfer-encoding'] === undefined
  ) {
    return Buffer.alloc(0);
  }
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of incoming) {
    if (!Buffer.isBuffer(chunk)) continue;
    size += chunk.length;
    // What is too much is read to its end and thrown away, so that the client hears the refusal.
    if (size > limit) chunks.length = 0;
    else chunks.push(chunk);
  }
  if (size > limit) return undefined;
  const only = chunks[0];
  return only !== undefined && chunks.length === 1 ? only : Buffer.concat(chunks);
}
