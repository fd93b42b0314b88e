/**
 * A thousand WebSockets in one process, all following one envelope: `subscribers.ts '{"url": …}'`. Says "open" when all
 * hear, then, asked with a line on stdin, how many messages have come in all.
 * @module
 */
import { createInterface } from 'node:readline';
import { WebSocket } from 'ws';
import { z } from 'zod';

const { url, protocol, count, init, subscribe } = z
  .object({
    url: z.string(),
    /** Empty for bare ws: every message is one delivery. */
    protocol: z.string(),
    count: z.number(),
    init: z.unknown(),
    subscribe: z.unknown(),
  })
  .parse(JSON.parse(process.argv[2] ?? ''));

let heard = 0;
let open = 0;
/** Deliveries that the driver waits for, and what it is told then. */
let awaited = Infinity;

function hear(): void {
  heard += 1;
  if (heard < awaited) return;
  awaited = Infinity;
  console.log(JSON.stringify({ heard }));
}

function opened(): void {
  open += 1;
  if (open === count) console.log(JSON.stringify('open'));
}

for (let n = 0; n < count; n++) {
  const socket = new WebSocket(url, protocol === '' ? [] : [protocol], { perMessageDeflate: false });
  socket.on('error', (error) => {
    throw error;
  });
  if (protocol === '') {
    socket.on('open', opened);
    socket.on('message', hear);
    continue;
  }
  socket.on('open', () => socket.send(JSON.stringify({ type: 'connection_init', payload: init })));
  socket.on('message', (data: Buffer) => {
    // The type stands first or last; nothing of a "next" needs to be parsed to be counted.
    if (data.includes('"type":"connection_ack"')) {
      socket.send(JSON.stringify({ id: '1', type: 'subscribe', payload: subscribe }));
      // Neither says when it follows: a moment is given before the first message.
      opened();
    } else if (data.includes('"type":"ping"')) socket.send('{"type":"pong"}');
    else if (data.includes('"errors"')) throw new Error(data.toString());
    else if (data.includes('"event":null')) return;
    else if (data.includes('"type":"next"')) hear();
  });
  if (n % 50 === 49) await new Promise((resolve) => setTimeout(resolve, 20));
}

for await (const line of createInterface({ input: process.stdin })) {
  const { until } = z.object({ until: z.number() }).parse(JSON.parse(line));
  if (heard >= until) console.log(JSON.stringify({ heard }));
  else awaited = until;
}
