import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { at, eventually } from '../kit/answer.ts';
import { envelope, send } from '../kit/envelopes.ts';
import { startTestGateway } from '../kit/gateway.ts';

const ORIGIN = 'https://app.example';
const api = await startTestGateway({ allowedOrigins: [ORIGIN] });

/** A connection with the head of a request that isn't whole yet: it stays when the server closes. */
async function begun(request: string): Promise<Socket> {
  const { port, hostname } = new URL(api.url);
  const socket = connect(Number(port), hostname);
  await new Promise<void>((resolve) =>
    socket.write(`${request} HTTP/1.1\r\nHost: x\r\nOrigin: ${ORIGIN}\r\n`, () => resolve()),
  );
  return socket;
}

test('a gateway that retires answers as before, and lets go of each connection with the next answer on it', async () => {
  const retiring = await startTestGateway();
  const { port, hostname } = new URL(retiring.url);
  const socket = connect(Number(port), hostname);
  let said = '';
  socket.setEncoding('utf8').on('data', (chunk: string) => (said += chunk));
  const ask = (): unknown => socket.write('GET /nowhere HTTP/1.1\r\nHost: x\r\n\r\n');
  ask();
  await eventually(() => said.includes('"code":"NOT_FOUND"'));
  expect(said).toContain('Connection: keep-alive');
  said = '';
  retiring.gateway.retire();
  const ended = once(socket, 'end');
  ask();
  await ended;
  expect(said).toContain('"code":"NOT_FOUND"');
  expect(said).toMatch(/^connection: close\r$/im);
  // A new connection is taken still.
  expect((await fetch(`${retiring.url}/errors/NOT_FOUND`)).status).toBe(200);
});

test('a gateway that is closing says so on connections that were open before, and finishes what is under way', async () => {
  const tenantId = randomUUID();
  const token = await api.token({ tenantId });
  const account = await api.connectSandboxAccount(tenantId);
  await api.control('POST', '/faults', { route: 'POST /envelopes', kind: 'slow', ms: 1_500 });
  const sending = send(api, token, { envelope: envelope(account) });
  await eventually(async () => {
    const page = await api.gql(token, '{ envelopes(first: 1) { nodes { status } } }');
    return at(page, 'data.envelopes.nodes.0.status') === 'SENDING';
  });
  const [ready, live, query] = await Promise.all(
    ['GET /health/ready', 'GET /health/live', 'POST /graphql'].map((request) => begun(request)),
  );
  // What came later is answered: so what came before was read.
  expect((await fetch(`${api.url}/health/ready`)).status).toBe(200);

  const closed = api.gateway.close(10_000);
  const answers = await Promise.all(
    [ready, live, query].map((socket) => {
      socket?.write('Connection: close\r\n\r\n');
      return socket ? text(socket) : '';
    }),
  );
  expect(answers.map((answer) => answer.slice(0, 12))).toEqual(['HTTP/1.1 503', 'HTTP/1.1 200', 'HTTP/1.1 503']);
  for (const answer of answers) expect(answer).toMatch(/^connection: close\r$/im);
  expect(answers[0]).toContain('draining: another one answers');
  expect(answers[2]).toContain('"code":"DRAINING"');
  // Else a page would see that it failed, and not why.
  expect(answers[2]?.toLowerCase()).toContain(`access-control-allow-origin: ${ORIGIN}`);
  expect(at(await sending, 'data.sendEnvelope.envelope.status')).toBe('SENT');
  await closed;
});
