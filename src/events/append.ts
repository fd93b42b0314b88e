/**
 * Appending to the log. The head row of a tenant is the last lock its transaction takes, so sequences are dense and in
 * commit order: whoever has seen event n has seen all before it.
 * @module
 */
import { sql } from 'drizzle-orm';
import { sent, type Tx } from '../db/client.ts';
import type { EnvelopeStatus, EventType, RecipientStatus, Source } from '../model/words.ts';

export interface NewEvent {
  readonly tenantId: string;
  readonly id: string;
  readonly envelopeId: string;
  readonly accountId: string;
  readonly type: EventType;
  readonly occurredAt: Date;
  readonly source: Source;
  readonly status: EnvelopeStatus;
  readonly recipientId: string | null;
  readonly recipientStatus: RecipientStatus | null;
}

/**
 * In the caller's transaction, as its last statement: advances the heads of the tenants in the order of their ids and
 * inserts the events, numbered within each tenant in the order given.
 */
export async function appendEvents(tx: Tx, events: readonly NewEvent[]): Promise<void> {
  if (events.length === 0) return;
  const rows = events.map((event, place) => ({
    place,
    tenant_id: event.tenantId,
    id: event.id,
    envelope_id: event.envelopeId,
    account_id: event.accountId,
    type: event.type,
    occurred_at: event.occurredAt,
    source: event.source,
    status: event.status,
    recipient_id: event.recipientId,
    recipient_status: event.recipientStatus,
  }));
  await sent(
    tx.execute(sql`
    WITH incoming AS (
      SELECT x.*, row_number() OVER (PARTITION BY tenant_id ORDER BY place) AS n,
        count(*) OVER (PARTITION BY tenant_id) AS total
      FROM jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) AS x(
        place integer, tenant_id uuid, id uuid, envelope_id uuid, account_id uuid, type text, occurred_at timestamptz,
        source text, status text, recipient_id uuid, recipient_status text)
    ), advanced AS (
      INSERT INTO heads (tenant_id, sequence)
      SELECT DISTINCT tenant_id, total FROM incoming ORDER BY tenant_id
      ON CONFLICT (tenant_id) DO UPDATE SET sequence = heads.sequence + excluded.sequence
      RETURNING tenant_id, sequence
    )
    INSERT INTO events (tenant_id, sequence, id, envelope_id, account_id, type, occurred_at, recorded_at, source, status,
      recipient_id, recipient_status)
    SELECT i.tenant_id, a.sequence - i.total + i.n, i.id, i.envelope_id, i.account_id, i.type, i.occurred_at,
      countersign_now(), i.source, i.status, i.recipient_id, i.recipient_status
    FROM incoming i JOIN advanced a ON a.tenant_id = i.tenant_id`),
  );
}
