/**
 * A stream that the server ends says why, and where to go on.
 * @module
 */

export type EndCode = 'SLOW_CONSUMER' | 'DRAINING' | 'CURSOR_EXPIRED' | 'TOKEN_EXPIRED';

const MESSAGES: Readonly<Record<EndCode, string>> = {
  SLOW_CONSUMER: 'This stream fell too far behind: follow again after `cursor`, and read faster.',
  DRAINING: 'This server is shutting down: follow again after `cursor`; another one answers.',
  CURSOR_EXPIRED:
    'The events after this cursor are no longer kept: query the envelopes again, then follow after `earliestCursor`.',
  TOKEN_EXPIRED: 'The token has ended: follow again after `cursor` with a fresh one.',
};

export class StreamEnded extends Error {
  readonly code: EndCode;
  /** Where to go on; null when the stream never had a place. */
  readonly cursor: string | null;
  readonly earliestCursor: string | null;
  readonly retryAfterMs: number;
  /** The message that would have told the place next had the stream gone on; null for a stream that tells none. */
  readonly heartbeat: unknown;

  constructor(code: EndCode, cursor: string | null, earliestCursor: string | null = null, heartbeat: unknown = null) {
    super(MESSAGES[code]);
    this.name = 'StreamEnded';
    this.code = code;
    this.cursor = cursor;
    this.earliestCursor = earliestCursor;
    this.retryAfterMs = code === 'DRAINING' ? 1_000 : 0;
    this.heartbeat = heartbeat;
  }
}
