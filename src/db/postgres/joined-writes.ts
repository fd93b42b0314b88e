/**
 * Statements that are asked for in one turn leave in one write: each write is a system call, and costs as much as making
 * the statement.
 * @module
 */
import { Writable } from 'node:stream';
import type { PoolClient } from 'pg';

const held = new WeakSet<Writable>();

/** Holds back what is written to the connection until this turn, with all that follows from it at once, is over. */
export function joinWrites(client: PoolClient): void {
  const stream = streamOf(client);
  if (!stream || held.has(stream)) return;
  held.add(stream);
  stream.cork();
  // A tick that is asked for by a microtask comes when all microtasks are done.
  queueMicrotask(() =>
    process.nextTick(() => {
      held.delete(stream);
      stream.uncork();
    }),
  );
}

/** The driver doesn't say that it has one: without it, every statement is a write of its own. */
function streamOf(client: PoolClient): Writable | null {
  const connection: unknown = Reflect.get(client, 'connection');
  const stream: unknown = typeof connection === 'object' && connection ? Reflect.get(connection, 'stream') : null;
  return stream instanceof Writable ? stream : null;
}
