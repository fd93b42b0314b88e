import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { createSignedLinks } from '../../../src/auth/signed-links.ts';
import { handleUpload } from '../../../src/http/routes/upload.ts';
import { createLogger } from '../../../src/telemetry/logger.ts';
import { systemWorld } from '../../../src/world.ts';
import { atEnd } from '../../kit/at-end.ts';

const world = systemWorld();
const links = createSignedLinks([{ kid: 'test', key: Buffer.alloc(32, 7) }], world);
const log: string[] = [];
const logger = createLogger({ level: 'info', destination: { write: (line) => void log.push(line) } });

test('an upload whose bytes come too slowly is cut, is told so, and is no fault of ours', async () => {
  let received = 0;
  const receive = async (_tenantId: string, _documentId: string, body: AsyncIterable<Uint8Array>): Promise<never> => {
    for await (const bytes of body) received += bytes.length;
    throw new Error('the body came to its end');
  };
  const pace = { deadlineMs: 60_000, minRate: 1_000, graceMs: 200 };
  const server = createServer((req, res) => void handleUpload({ links, receive, world, logger, pace }, req, res));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  atEnd(() => new Promise<void>((resolve) => (server.close(() => resolve()), server.closeAllConnections())));
  const { port } = server.address() as AddressInfo;
  const to = { tenantId: 'a tenant', documentId: 'a document' };
  const token = await links.sign('upload', to, new Date(world.now().getTime() + 60_000));

  const socket = connect(port, '127.0.0.1');
  socket.write(`PUT /uploads/${token} HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n%PDF-`);
  // The server ends the connection: what is left of the body is not read.
  const answer = await text(socket);
  expect(answer).toMatch(/^HTTP\/1\.1 408 /);
  expect(answer).toContain('"code":"BODY_TOO_SLOW"');
  expect(received).toBe(5);
  expect(log).toEqual([]);
});
