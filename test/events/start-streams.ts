/**
 * Streams for one test, closed after it.
 * @module
 */
import { afterEach } from 'vitest';
import type { Database } from '../../src/db/client.ts';
import { createEventStreams, type EventStreams, type StreamsOptions } from '../../src/events/streams.ts';
import { appendMany, HOUR, silentBus, world } from './kit.ts';

export function streamsOf(database: Database) {
  const running: EventStreams[] = [];
  afterEach(async () => {
    await Promise.all(running.splice(0).map((streams) => streams.close()));
  });

  /** Streams that never look by themselves, unless told otherwise: what a test sees comes from its own hints. */
  return function start(given: Partial<StreamsOptions> = {}) {
    const bus = silentBus();
    const streams = createEventStreams({
      database,
      bus,
      world,
      pollMs: HOUR,
      heartbeatMs: HOUR,
      onError: (error) => {
        throw error;
      },
      ...given,
    });
    running.push(streams);
    const write = async (tenantId: string, count: number) => {
      const written = await appendMany(database, tenantId, count);
      bus.hint([tenantId]);
      return written;
    };
    return { bus, streams, write };
  };
}
