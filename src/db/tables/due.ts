/**
 * What is to be done later. No row-level security: it holds ids alone and is read before a tenant is known.
 * @module
 */
import { index, pgTable, primaryKey, text, uuid } from 'drizzle-orm/pg-core';
import { instant, tenantId } from '../columns.ts';

/** What is to be done and when, ids alone: the runner reads it before it opens a transaction for the tenant. */
export const due = pgTable(
  'due',
  {
    tenantId: tenantId(),
    kind: text('kind').$type<'COMMAND' | 'READ' | 'DOCUMENT' | 'SWEEP'>().notNull(),
    id: uuid('id').notNull(),
    dueAt: instant('due_at').notNull(),
  },
  (t) => [primaryKey({ columns: [t.tenantId, t.kind, t.id] }), index('due_at').on(t.dueAt)],
);
