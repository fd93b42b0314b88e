/**
 * How much is due and how long it has waited, for whoever watches.
 * @module
 */
import { sql } from 'drizzle-orm';
import { z } from 'zod';
import { type Database, rowsOf } from '../db/client.ts';

export interface Backlog {
  readonly kind: string;
  /** Due now, and taken by nobody. */
  readonly waiting: number;
  readonly oldestSeconds: number;
}

const Rows = z.array(z.object({ kind: z.string(), waiting: z.number(), oldestSeconds: z.number() }));

/** By kind. A runner takes what is due within a second: what stays longer tells of one that is overwhelmed or gone. */
export async function readBacklog(database: Database): Promise<readonly Backlog[]> {
  const rows = await database.withTenants([], (tx) =>
    rowsOf(
      tx,
      sql`SELECT kind, count(*)::int AS waiting,
        max(extract(epoch FROM countersign_now() - due_at))::float8 AS "oldestSeconds"
      FROM due WHERE due_at <= countersign_now() GROUP BY kind`,
    ),
  );
  return Rows.parse(rows);
}
