/**
 * Reading envelopes and their parts from the cache. Pages are keysets: the row after which they go on, never a count.
 * @module
 */
import { and, asc, desc, eq, gt, inArray, lt, or, type SQL, sql } from 'drizzle-orm';
import { anyOf } from '../../db/any-of.ts';
import type { Tx } from '../../db/client.ts';
import { perConnection } from '../../db/postgres/per-connection.ts';
import { envelopeDocuments, envelopes, fields, HAS_METADATA, recipients } from '../../db/tables/envelopes.ts';
import { isStorable } from '../../model/text.ts';
import { dateOf } from '../../model/time.ts';
import type { EnvelopeStatus } from '../../model/words.ts';
import type { EnvelopeRow, RecipientRow } from './edit.ts';

export type { EnvelopeRow, RecipientRow } from './edit.ts';
export type FieldRow = typeof fields.$inferSelect;
export type EnvelopeDocumentRow = typeof envelopeDocuments.$inferSelect;

/** When it ends by itself: as the provider keeps it, once it has told; until then as it was given. */
export function expiresAtOf({ state, expiresAt }: Pick<EnvelopeRow, 'state' | 'expiresAt'>): Date | null {
  return state.expiry ? dateOf(state.expiry.expiresAt) : expiresAt;
}

export interface EnvelopeFilter {
  readonly ids?: readonly string[];
  readonly accountIds?: readonly string[];
  readonly statuses?: readonly EnvelopeStatus[];
  readonly providerIds?: readonly string[];
  readonly externalId?: string;
  readonly metadata?: readonly { readonly key: string; readonly value: string }[];
  readonly createdAfter?: Date;
  readonly createdBefore?: Date;
}

export type EnvelopeSort = 'CREATED_AT' | 'UPDATED_AT';

export interface EnvelopePage {
  readonly first: number;
  readonly after: { readonly at: Date; readonly id: string } | null;
  readonly filter: EnvelopeFilter;
  readonly sort: EnvelopeSort;
  readonly descending: boolean;
}

export async function findEnvelopes(tx: Tx, tenantId: string, ids: readonly string[]): Promise<EnvelopeRow[]> {
  if (ids.length === 0) return [];
  return tx
    .select()
    .from(envelopes)
    .where(and(eq(envelopes.tenantId, tenantId), anyOf(envelopes.id, ids)));
}

export async function findEnvelope(tx: Tx, tenantId: string, id: string): Promise<EnvelopeRow | null> {
  return (await findEnvelopes(tx, tenantId, [id]))[0] ?? null;
}

/** With the place in the log that the row stands at: what is followed from there misses nothing. */
export interface LoggedEnvelope {
  readonly row: EnvelopeRow;
  readonly head: bigint;
}

/** The sequence of the tenant's last event, in the snapshot of the statement it is part of. */
const head = sql<string>`coalesce((SELECT h.sequence FROM heads h WHERE h.tenant_id = ${envelopes.tenantId}), 0)::text`;

const findingLogged = perConnection((tx) =>
  tx
    .select({ row: envelopes, head })
    .from(envelopes)
    .where(and(eq(envelopes.tenantId, sql.placeholder('tenantId')), anyOf(envelopes.id, sql.placeholder('ids')))),
);

export async function findLogged(tx: Tx, tenantId: string, ids: readonly string[]): Promise<LoggedEnvelope[]> {
  const found = await findingLogged(tx).execute({ tenantId, ids });
  return found.map(({ row, head }) => ({ row, head: BigInt(head) }));
}

/** One row more than asked, where there is one: it tells that another page follows. */
export async function listEnvelopes(tx: Tx, tenantId: string, page: EnvelopePage): Promise<EnvelopeRow[]> {
  const at = page.sort === 'CREATED_AT' ? envelopes.createdAt : envelopes.updatedAt;
  const [beyond, order] = page.descending ? [lt, desc] : [gt, asc];
  const conditions = [eq(envelopes.tenantId, tenantId), ...filterConditions(page.filter)];
  const { after } = page;
  if (after)
    conditions.push(or(beyond(at, after.at), and(eq(at, after.at), beyond(envelopes.id, after.id))) ?? sql`true`);
  return tx
    .select()
    .from(envelopes)
    .where(and(...conditions))
    .orderBy(order(at), order(envelopes.id))
    .limit(page.first + 1);
}

function filterConditions(filter: EnvelopeFilter): SQL[] {
  const { externalId, providerIds, metadata } = filter;
  const texts = [
    externalId ?? '',
    ...(providerIds ?? []),
    ...(metadata ?? []).flatMap(({ key, value }) => [key, value]),
  ];
  if (!texts.every(isStorable)) return [sql`false`];
  const conditions: SQL[] = [];
  if (filter.ids) conditions.push(inArray(envelopes.id, [...filter.ids]));
  if (filter.accountIds) conditions.push(inArray(envelopes.accountId, [...filter.accountIds]));
  if (filter.statuses) conditions.push(inArray(envelopes.status, [...filter.statuses]));
  if (filter.providerIds) conditions.push(inArray(envelopes.providerId, [...filter.providerIds]));
  if (filter.externalId !== undefined) conditions.push(eq(envelopes.externalId, filter.externalId));
  if (filter.metadata?.length) {
    const wanted = Object.fromEntries(filter.metadata.map(({ key, value }) => [key, value]));
    conditions.push(HAS_METADATA, sql`${envelopes.metadata} @> ${JSON.stringify(wanted)}::jsonb`);
  }
  if (filter.createdAfter) conditions.push(gt(envelopes.createdAt, filter.createdAfter));
  if (filter.createdBefore) conditions.push(lt(envelopes.createdAt, filter.createdBefore));
  return conditions;
}

const recipientsOfAny = perConnection((tx) =>
  tx
    .select()
    .from(recipients)
    .where(
      and(
        eq(recipients.tenantId, sql.placeholder('tenantId')),
        anyOf(recipients.envelopeId, sql.placeholder('envelopeIds')),
      ),
    )
    .orderBy(asc(recipients.position), asc(recipients.id)),
);

export async function recipientsOf(tx: Tx, tenantId: string, envelopeIds: readonly string[]): Promise<RecipientRow[]> {
  return recipientsOfAny(tx).execute({ tenantId, envelopeIds });
}

export async function findRecipients(tx: Tx, tenantId: string, ids: readonly string[]): Promise<RecipientRow[]> {
  if (ids.length === 0) return [];
  return tx
    .select()
    .from(recipients)
    .where(and(eq(recipients.tenantId, tenantId), anyOf(recipients.id, ids)));
}

export async function fieldsOf(tx: Tx, tenantId: string, envelopeIds: readonly string[]): Promise<FieldRow[]> {
  return tx
    .select()
    .from(fields)
    .where(and(eq(fields.tenantId, tenantId), anyOf(fields.envelopeId, envelopeIds)))
    .orderBy(asc(fields.position), asc(fields.id));
}

export async function documentsOf(
  tx: Tx,
  tenantId: string,
  envelopeIds: readonly string[],
): Promise<EnvelopeDocumentRow[]> {
  return tx
    .select()
    .from(envelopeDocuments)
    .where(and(eq(envelopeDocuments.tenantId, tenantId), anyOf(envelopeDocuments.envelopeId, envelopeIds)))
    .orderBy(asc(envelopeDocuments.position));
}
