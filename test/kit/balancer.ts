/**
 * A balancer of TCP connections in front of several gateways: each connection goes to the first of them that takes it.
 * @module
 */
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { atEnd } from './at-end.ts';

export interface Balancer {
  readonly url: string;
  /** Connections that each gateway has taken so far, in the order of the gateways. */
  readonly taken: readonly number[];
}

/** Gone after the file. */
export async function startBalancer(gateways: readonly string[]): Promise<Balancer> {
  const taken = gateways.map(() => 0);
  const open = new Set<Socket>();
  const server = createServer((client) => {
    open.add(client);
    client.once('close', () => open.delete(client));
    client.on('error', () => client.destroy());
    void pass(client);
  });

  async function pass(client: Socket): Promise<void> {
    for (const [index, url] of gateways.entries()) {
      const gateway = await reach(url);
      if (!gateway) continue;
      taken[index] = (taken[index] ?? 0) + 1;
      // What one side ends or breaks, the other is ended by.
      gateway.on('error', () => client.destroy());
      gateway.once('close', () => client.end());
      client.once('close', () => gateway.destroy());
      gateway.pipe(client).pipe(gateway);
      return;
    }
    client.destroy();
  }

  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  atEnd(async () => {
    for (const client of open) client.destroy();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  });
  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  return { url: `http://127.0.0.1:${port}`, taken };
}

/** Null when nobody listens there. */
async function reach(url: string): Promise<Socket | null> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  try {
    await once(socket, 'connect');
    return socket;
  } catch {
    return null;
  }
}
