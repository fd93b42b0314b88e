/**
 * An address that webhooks are sent to, and that keeps them as they came.
 * @module
 */
import { once } from 'node:events';
import { createServer } from 'node:http';
import { buffer } from 'node:stream/consumers';
import type { WebhookAnswer, WebhookRequest } from '../../src/providers/provider.ts';

export interface Hook {
  readonly url: string;
  readonly received: WebhookRequest[];
  /** Answers 500 to the next ones, which are kept all the same. */
  refuse(times: number): void;
  /** Resolves once `condition` holds, which is asked after each webhook; fails after ten seconds. */
  until(condition: () => boolean): Promise<void>;
  stop(): Promise<void>;
}

const PATIENCE_MS = 10_000;

export async function startHook(answer: WebhookAnswer): Promise<Hook> {
  const received: WebhookRequest[] = [];
  const waiting = new Set<() => void>();
  let refusals = 0;
  const server = createServer(async (request, response) => {
    received.push({ headers: request.headers, body: await buffer(request) });
    if (refusals > 0) {
      refusals -= 1;
      response.writeHead(500).end();
    } else response.writeHead(answer.status, answer.headers).end(answer.body);
    for (const look of waiting) look();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  return {
    url: `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}/hook`,
    received,
    refuse(times) {
      refusals = times;
    },
    async until(condition) {
      if (condition()) return;
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      const look = (): void => {
        if (condition()) resolve();
      };
      const timer = setTimeout(() => reject(new Error(`not so after ${received.length} webhooks`)), PATIENCE_MS);
      waiting.add(look);
      await promise.finally(() => {
        clearTimeout(timer);
        waiting.delete(look);
      });
    },
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
