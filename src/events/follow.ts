/**
 * What a stream does once it is registered with its tail: read from the cursor, wait, read on.
 * @module
 */
import type { Database } from '../db/client.ts';
import type { World } from '../world.ts';
import { checkCursor, CursorExpired, cursorsOf, decodeCursor, encodeCursor } from './cursor.ts';
import { matcher, narrowed } from './filter.ts';
import type { OpenStream, StreamLife } from './open-stream.ts';
import { type EventFilter, type EventRow, readEvents, readHead } from './read.ts';
import { StreamEnded } from './stream-ended.ts';

export interface StreamMessage {
  /** Give it as `after` to go on from here. */
  readonly cursor: string;
  /** Null when there is no news. */
  readonly event: EventRow | null;
}

export interface FollowOptions extends StreamLife {
  readonly after?: string;
  /** Where to begin without `after`. */
  readonly from?: 'NOW' | 'EARLIEST' | undefined;
  readonly filter?: EventFilter;
  /** The envelopes of a narrowed token; null or absent for all. */
  readonly allowed?: ReadonlySet<string> | null;
}

export interface ChangesOptions extends StreamLife {
  readonly envelopeId: string;
}

export interface FollowContext {
  readonly database: Database;
  readonly world: World;
  /** Milliseconds without news after which a message without event tells the place. */
  readonly heartbeatMs: number;
}

/** Events taken from memory or the database at once. */
const PAGE = 200;

/** Registers the stream; called when it is first pulled. */
export type Begin = () => OpenStream;

export async function* followEvents(
  begin: Begin,
  options: FollowOptions,
  context: FollowContext,
): AsyncGenerator<StreamMessage, void, void> {
  const { tenantId } = options;
  const { world, heartbeatMs } = context;
  const stream = begin();
  try {
    await stream.tail.started;
    if (stream.closed) return;
    const { inMemory, page } = reader(
      stream,
      tenantId,
      narrowed(options.filter ?? {}, options.allowed ?? null),
      context,
    );
    let position = await startOf(options, context.database);
    const cursorAt = cursorsOf(tenantId);
    const cursor = (): string => cursorAt(position);
    // The first message comes at once, with a cursor alone.
    let due = world.monotonic();
    while (!stream.closed) {
      stream.assertOpen(cursor);
      if (world.monotonic() >= due) {
        stream.offered(position);
        yield { cursor: cursor(), event: null };
        stream.pulled();
        due = world.monotonic() + heartbeatMs;
        continue;
      }
      const { rows, through } = inMemory(position) ?? (await page(position));
      for (const event of rows) {
        stream.assertOpen(cursor);
        if (stream.closed) return;
        position = event.sequence;
        stream.offered(position);
        yield messageOf(event, cursor);
        stream.pulled();
        due = world.monotonic() + heartbeatMs;
      }
      position = through;
      if (stream.tail.head <= position) await stream.wait(Math.max(0, due - world.monotonic()));
    }
  } catch (error) {
    throw error instanceof StreamEnded ? withHeartbeat(error) : error;
  } finally {
    stream.close();
  }
}

function withHeartbeat({ code, cursor, earliestCursor }: StreamEnded): StreamEnded {
  return new StreamEnded(code, cursor, earliestCursor, cursor === null ? null : { cursor, event: null });
}

/** By the event in memory: all streams that tell it yield the same object, so that what is made of it can be shared. */
const messages = new WeakMap<EventRow, StreamMessage>();

function messageOf(event: EventRow, cursor: () => string): StreamMessage {
  const made = messages.get(event) ?? { cursor: cursor(), event };
  messages.set(event, made);
  return made;
}

/** What piles up while the consumer is busy with one change is told as one, so it can be as slow as it likes. */
export async function* followChanges(
  begin: Begin,
  { tenantId, envelopeId }: ChangesOptions,
  context: FollowContext,
): AsyncGenerator<void, void, void> {
  const stream = begin();
  try {
    await stream.tail.started;
    const { inMemory, page } = reader(stream, tenantId, { envelopeIds: [envelopeId] }, context);
    let position = stream.tail.head;
    const cursor = (): string => encodeCursor(tenantId, position);
    let news = true;
    while (!stream.closed) {
      stream.assertOpen(cursor);
      if (news) {
        // Whoever pulls now reads a state that holds all of this.
        if (stream.tail.head > position) position = stream.tail.head;
        yield;
        stream.assertOpen(cursor);
        if (stream.closed) return;
      }
      const { rows, through } = inMemory(position) ?? (await page(position));
      position = through;
      news = rows.length > 0;
      if (!news && stream.tail.head <= position) await stream.wait(context.heartbeatMs);
    }
  } finally {
    stream.close();
  }
}

async function startOf({ tenantId, after, from }: FollowOptions, database: Database): Promise<bigint> {
  const given = after === undefined ? null : { after, sequence: decodeCursor(tenantId, after) };
  const head = await database.withTenants([tenantId], (tx) => readHead(tx, tenantId));
  if (!given) return from === 'EARLIEST' ? head.earliest - 1n : head.sequence;
  return endIfExpired(given.after, () => {
    checkCursor(tenantId, given.sequence, head);
    return given.sequence;
  });
}

interface Slice {
  readonly rows: readonly EventRow[];
  readonly through: bigint;
}

/** Reads on after a place. */
interface Reader {
  /** Null when it has left memory. */
  inMemory(after: bigint): Slice | null;
  page(after: bigint): Promise<Slice>;
}

function reader({ tail }: OpenStream, tenantId: string, filter: EventFilter, { database }: FollowContext): Reader {
  const matches = matcher(filter);
  return {
    inMemory(after) {
      const remembered = tail.after(after, PAGE);
      return remembered && { rows: remembered.filter(matches), through: remembered.at(-1)?.sequence ?? after };
    },
    async page(after) {
      const slice = await database.withTenants([tenantId], (tx) =>
        readEvents(tx, { tenantId, after, limit: PAGE, filter }),
      );
      // Old events may be taken away while a stream is still on its way through them.
      endIfExpired(encodeCursor(tenantId, after), () => checkCursor(tenantId, after, slice.head));
      return slice;
    },
  };
}

/** A stream tells an expired cursor as it tells its other ends. */
function endIfExpired<T>(cursor: string, check: () => T): T {
  try {
    return check();
  } catch (error) {
    if (error instanceof CursorExpired) throw new StreamEnded('CURSOR_EXPIRED', cursor, error.earliestCursor);
    throw error;
  }
}
