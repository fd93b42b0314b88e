/**
 * What signers left in their fields: read once from the provider when the envelope is completed, and kept. It is in no
 * event and no log.
 * @module
 */
import { and, eq, inArray, isNull, sql } from 'drizzle-orm';
import { sent, type Tx } from '../../db/client.ts';
import { fields, recipients } from '../../db/tables/envelopes.ts';
import { publicId, uuidOf } from '../../model/ids.ts';
import type { FieldKind } from '../../model/words.ts';
import type { WantedField } from '../../providers/provider.ts';

/** Kinds that hold something to read: a signature is a picture in the document. */
const VALUE_KINDS: readonly FieldKind[] = ['TEXT', 'CHECKBOX', 'DATE_SIGNED'];

/** The fields of these envelopes whose values aren't known, by the envelope's id. */
export async function wantedFields(
  tx: Tx,
  tenantId: string,
  envelopeIds: readonly string[],
): Promise<ReadonlyMap<string, WantedField[]>> {
  if (envelopeIds.length === 0) return new Map();
  const rows = await tx
    .select({
      envelopeId: fields.envelopeId,
      id: fields.id,
      recipientRef: recipients.providerRef,
      kind: fields.kind,
      label: fields.label,
      place: fields.place,
    })
    .from(fields)
    .innerJoin(recipients, and(eq(recipients.tenantId, fields.tenantId), eq(recipients.id, fields.recipientId)))
    .where(
      and(
        eq(fields.tenantId, tenantId),
        inArray(fields.envelopeId, [...envelopeIds]),
        inArray(fields.kind, [...VALUE_KINDS]),
        isNull(fields.signedValue),
      ),
    );
  const wanted = new Map<string, WantedField[]>();
  for (const { envelopeId, id, ...field } of rows) {
    const list = wanted.get(envelopeId) ?? [];
    wanted.set(envelopeId, [...list, { ref: publicId('Field', id), ...field }]);
  }
  return wanted;
}

/** `values` by our public ids of fields, of any of the tenant's envelopes. */
export async function keepValues(tx: Tx, tenantId: string, values: ReadonlyMap<string, string>): Promise<void> {
  const rows = [...values].flatMap(([ref, value]) => {
    const id = uuidOf('Field', ref);
    return id === null ? [] : [{ id, value }];
  });
  if (rows.length === 0) return;
  await tx.execute(sql`
    UPDATE fields f SET signed_value = x.value
    FROM jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) AS x(id uuid, value text)
    WHERE f.tenant_id = ${tenantId} AND f.id = x.id`);
}

/** A read, as soon as a runner comes by, of those among these that are completed and have fields whose values aren't known. */
export async function scheduleValueReads(
  tx: Tx,
  keys: readonly { readonly tenantId: string; readonly id: string }[],
): Promise<void> {
  if (keys.length === 0) return;
  const tenants = sql.param([...new Set(keys.map(({ tenantId }) => tenantId))]);
  const ids = sql.param(keys.map(({ id }) => id));
  const kinds = sql.param([...VALUE_KINDS]);
  await sent(
    tx.execute(sql`
    INSERT INTO due (tenant_id, kind, id, due_at)
    SELECT f.tenant_id, 'READ', f.envelope_id, countersign_now() FROM fields f
    WHERE f.tenant_id = ANY(${tenants}::uuid[]) AND f.envelope_id = ANY(${ids}::uuid[])
      AND f.kind = ANY(${kinds}::text[]) AND f.signed_value IS NULL
      AND EXISTS (SELECT FROM envelopes e
        WHERE e.tenant_id = f.tenant_id AND e.id = f.envelope_id AND e.status = 'COMPLETED')
    GROUP BY f.tenant_id, f.envelope_id
    ON CONFLICT (tenant_id, kind, id) DO UPDATE SET due_at = excluded.due_at`),
  );
}
