/**
 * What a webhook call is told when it isn't accepted, and how an answer leaves while the body may still be coming.
 * @module
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { WebhookAnswer } from '../providers/provider.ts';
import type { World } from '../world.ts';

const TEXT = { 'content-type': 'text/plain; charset=utf-8' };

const ANSWERS = {
  NOT_FOUND: { status: 404, headers: TEXT, body: 'Nobody receives webhooks here.' },
  METHOD_NOT_ALLOWED: { status: 405, headers: { ...TEXT, allow: 'POST' }, body: 'Webhooks are sent by POST.' },
  TOO_SLOW: { status: 408, headers: { ...TEXT, connection: 'close' }, body: 'The body came too slowly.' },
  TOO_LARGE: { status: 413, headers: TEXT, body: 'The body is too large: leave documents out of webhooks.' },
  ENCODED: { status: 415, headers: TEXT, body: 'Send the body without content-encoding.' },
  REFUSED: { status: 401, headers: TEXT, body: "The signature doesn't match the body and this account's keys." },
  NOT_FROM_HERE: { status: 403, headers: TEXT, body: 'Webhooks are not taken from this address.' },
  NO_ROOM: { status: 503, headers: { ...TEXT, 'retry-after': '5' }, body: 'Too much is waiting: send it again.' },
  UNAVAILABLE: { status: 503, headers: { ...TEXT, 'retry-after': '5' }, body: 'Not stored: send it again.' },
} satisfies Record<string, WebhookAnswer>;

export function answerOf(what: keyof typeof ANSWERS): WebhookAnswer {
  return ANSWERS[what];
}

/** How long the rest of a body that nobody reads may keep coming, so that the client gets to read its answer. */
const LINGER_MS = 2_000;

export function send(world: World, req: IncomingMessage, res: ServerResponse, answer: WebhookAnswer): void {
  if (res.destroyed) return;
  const body = Buffer.from(answer.body);
  res.writeHead(answer.status, { ...answer.headers, 'content-length': body.length, 'cache-control': 'no-store' });
  res.end(body);
  if (!req.complete) {
    // Closing now would reset the connection under the answer.
    req.resume();
    world.timer(LINGER_MS, () => {
      if (!req.complete) req.socket.destroy();
    });
  }
}
