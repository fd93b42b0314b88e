/**
 * Lists of ids in statements.
 * @module
 */
import { Placeholder, type SQL, sql } from 'drizzle-orm';
import type { PgColumn } from 'drizzle-orm/pg-core';

/** `column` is one of these UUIDs. One text, so one prepared statement, however many there are. */
export function anyOf(column: PgColumn, uuids: readonly string[] | Placeholder): SQL {
  const list = uuids instanceof Placeholder ? uuids : sql.param([...uuids]);
  return sql`${column} = ANY(${list}::uuid[])`;
}
