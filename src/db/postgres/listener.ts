/**
 * Hearing hints of other replicas: LISTEN on a connection of its own.
 * @module
 */
import { Client } from 'pg';
import type { World } from '../../world.ts';
import type { Listener } from '../client.ts';

/** A connection of its own that listens, and is made anew when it breaks or no longer answers (half-open). */
export async function keepListening(
  { url, world }: { readonly url: string; readonly world: World },
  channel: string,
  hear: () => void,
  onError: (error: Error) => void,
): Promise<Listener> {
  const stop = new AbortController();
  let first = true;
  let ready!: () => void;
  const started = new Promise<void>((resolve) => (ready = resolve));

  const session = async (): Promise<void> => {
    const client = new Client({
      connectionString: url,
      application_name: 'countersign listen',
      keepAlive: true,
      connectionTimeoutMillis: 10_000,
      query_timeout: 10_000,
    });
    const broken = new Promise<void>((resolve) => {
      client.on('error', (error) => {
        onError(error);
        resolve();
      });
      client.on('end', () => resolve());
    });
    try {
      await client.connect();
      client.on('notification', () => hear());
      await client.query(`LISTEN ${client.escapeIdentifier(channel)}`);
      ready();
      if (!first) hear();
      first = false;
      while (!stop.signal.aborted) {
        const pause = new AbortController();
        stop.signal.addEventListener('abort', () => pause.abort(), { once: true, signal: pause.signal });
        const ended = await Promise.race([
          broken.then(() => true),
          world.sleep(20_000, pause.signal).then(() => false),
        ]);
        pause.abort();
        if (ended) return;
        if (!stop.signal.aborted) await client.query('SELECT 1');
      }
    } finally {
      await client.end().catch(onError);
    }
  };

  const loop = (async () => {
    while (!stop.signal.aborted) {
      await session().catch((error: unknown) => onError(error instanceof Error ? error : new Error(String(error))));
      ready();
      if (!stop.signal.aborted) await world.sleep(500 + world.random() * 1_000, stop.signal);
    }
  })();
  await started;
  return {
    close: async () => {
      stop.abort();
      await loop;
    },
  };
}
