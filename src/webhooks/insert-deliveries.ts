/**
 * Deliveries into their table, whole batches in few statements whose text never changes.
 * @module
 */
import { sql } from 'drizzle-orm';
import { rowsOf, sent, type Tx } from '../db/client.ts';
import type { DeliveryEffect } from '../model/words.ts';
import type { Incoming } from './incoming.ts';

/**
 * Bodies below this many bytes go joined as one parameter, cut by offset in SQL: an array of bytea would be sent as
 * hexadecimal text. Larger ones go alone, since joining copies them once more.
 */
export const JOINED_BODY_BYTES = 32 * 1024;

export interface StoredDelivery {
  readonly incoming: Incoming;
  readonly effect: DeliveryEffect;
  readonly envelopeId: string | null;
}

/** Claims the dedupe keys, in the order that every batch keeps, and answers the ids of the deliveries that are new. */
export async function claimKeys(tx: Tx, batch: readonly Incoming[]): Promise<ReadonlySet<string>> {
  const sorted = batch.toSorted(
    (a, b) => compare(a.tenantId, b.tenantId) || compare(a.accountId, b.accountId) || compare(a.dedupeKey, b.dedupeKey),
  );
  const rows = await rowsOf(
    tx,
    sql`
    INSERT INTO dedupe_keys (tenant_id, account_id, key, delivery_id)
    SELECT * FROM unnest(
      ${sql.param(sorted.map((one) => one.tenantId))}::uuid[], ${sql.param(sorted.map((one) => one.accountId))}::uuid[],
      ${sql.param(sorted.map((one) => one.dedupeKey))}::text[], ${sql.param(sorted.map((one) => one.id))}::uuid[])
    ON CONFLICT DO NOTHING RETURNING delivery_id::text AS id`,
  );
  return new Set(rows.map((row) => String(row['id'])));
}

export async function insertDeliveries(tx: Tx, stored: readonly StoredDelivery[]): Promise<void> {
  const joined = stored.filter(({ incoming }) => incoming.body.length < JOINED_BODY_BYTES);
  const alone = stored.filter(({ incoming }) => incoming.body.length >= JOINED_BODY_BYTES);
  await Promise.all([
    ...(joined.length > 0 ? [insertJoined(tx, joined)] : []),
    ...alone.map((one) => insertAlone(tx, one)),
  ]);
}

async function insertJoined(tx: Tx, stored: readonly StoredDelivery[]): Promise<void> {
  const of = <T>(read: (one: StoredDelivery) => T) => sql.param(stored.map(read));
  const starts: number[] = [];
  let end = 1;
  for (const { incoming } of stored) {
    starts.push(end);
    end += incoming.body.length;
  }
  await sent(
    tx.execute(sql`
    INSERT INTO deliveries (tenant_id, id, account_id, verdict, effect, reason, content_type, envelope_id, body)
    SELECT tenant_id, id, account_id, verdict, effect, reason, content_type, envelope_id,
      substring(${sql.param(Buffer.concat(stored.map((one) => one.incoming.body)))}::bytea FROM start FOR length)
    FROM unnest(
      ${of((one) => one.incoming.tenantId)}::uuid[], ${of((one) => one.incoming.id)}::uuid[],
      ${of((one) => one.incoming.accountId)}::uuid[], ${of(verdict)}::text[], ${of((one) => one.effect)}::text[],
      ${of((one) => one.incoming.unparsable)}::text[], ${of((one) => one.incoming.contentType)}::text[],
      ${of((one) => one.envelopeId)}::uuid[], ${sql.param(starts)}::int[], ${of((one) => one.incoming.body.length)}::int[])
      AS n (tenant_id, id, account_id, verdict, effect, reason, content_type, envelope_id, start, length)`),
  );
}

async function insertAlone(tx: Tx, one: StoredDelivery): Promise<void> {
  const { incoming, effect, envelopeId } = one;
  await sent(
    tx.execute(sql`
    INSERT INTO deliveries (tenant_id, id, account_id, verdict, effect, reason, content_type, envelope_id, body)
    VALUES (${incoming.tenantId}::uuid, ${incoming.id}::uuid, ${incoming.accountId}::uuid, ${verdict(one)}, ${effect},
      ${incoming.unparsable}, ${incoming.contentType}, ${envelopeId}::uuid, ${sql.param(incoming.body)}::bytea)`),
  );
}

function verdict({ incoming }: StoredDelivery): string {
  return incoming.unparsable === null ? 'VERIFIED' : 'UNPARSABLE';
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
