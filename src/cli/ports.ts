/**
 * Whether a port can be had, asked before seconds of work that need it.
 * @module
 */
import { once } from 'node:events';
import { createServer } from 'node:net';

/** Rejects with `EADDRINUSE` when something listens on `port` of this machine; what comes in between is told by the real listen. */
export async function refuseTaken(port: number): Promise<void> {
  const probe = createServer();
  probe.listen(port, '127.0.0.1');
  await once(probe, 'listening');
  probe.close();
  await once(probe, 'close');
}
