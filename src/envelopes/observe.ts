/**
 * News of providers into the cache: webhooks, look-ups and answers to commands all pass here, through the one reducer.
 * @module
 */
import { sql } from 'drizzle-orm';
import { z } from 'zod';
import { rowsOf, type Tx } from '../db/client.ts';
import { dbNow } from '../db/columns.ts';
import { due } from '../db/tables.ts';
import { uuidOf } from '../model/ids.ts';
import type { Sighting } from '../model/observation.ts';
import type { World } from '../world.ts';
import { type Edit, type EnvelopeKey, joinObservation, lockEnvelopes, saveEdits } from './edit.ts';
import { learnProviderId, parkOrFind } from './park.ts';

export interface Sighted {
  readonly tenantId: string;
  readonly accountId: string;
  readonly sighting: Sighting;
  /** The webhook it came by, where it did. */
  readonly deliveryId: string | null;
  /** True when the same read has told the values of its fields: then no read is called for to learn them. */
  readonly withValues?: boolean;
}

export interface Observed {
  /** IGNORED: the provider says that it is nobody's here. */
  readonly effect: 'APPLIED' | 'UNCHANGED' | 'PARKED' | 'IGNORED';
  readonly envelopeId: string | null;
}

/**
 * In the caller's transaction, after its dedupe keys: locks envelopes (sorted), joins the observations, writes
 * envelopes and recipients, parks what matches none, appends events (heads last). Answers in the order given.
 * `alongside` writes what goes with it, in the same round trip; it takes no lock that others wait for.
 */
export async function observe(
  tx: Tx,
  world: World,
  sighted: readonly Sighted[],
  alongside: (observed: readonly Observed[]) => Promise<void> = async () => undefined,
): Promise<Observed[]> {
  const keys = await findEnvelopes(tx, sighted);
  const edits = new Map(
    (
      await lockEnvelopes(
        tx,
        keys.filter((key) => key !== null),
      )
    ).map((edit) => [edit.row.id, edit]),
  );
  const observed: Observed[] = [];
  const toRead = new Map<string, EnvelopeKey>();
  for (const [index, item] of sighted.entries()) {
    let edit = edits.get(keys[index]?.id ?? '');
    if (!edit || !isOf(edit, item.sighting)) {
      edit = learnedBefore(edits, item);
    }
    if (!edit && !item.sighting.foreign) {
      const known = await parkOrFind(tx, world, item);
      if (known) {
        edit = edits.get(known.id) ?? (await lockEnvelopes(tx, [known]))[0];
        if (edit) edits.set(known.id, edit);
      }
    }
    if (!edit) {
      observed.push({ effect: item.sighting.foreign ? 'IGNORED' : 'PARKED', envelopeId: null });
      continue;
    }
    // Found by our own id: this message tells the provider's before the answer to the send did.
    const parkedIncomplete = edit.providerId === null && (await learnProviderId(tx, edit, item.sighting.providerId));
    const changed = joinObservation(edit, item.sighting.observation);
    if (item.sighting.incomplete || parkedIncomplete) toRead.set(edit.row.id, edit.row);
    if (item.withValues) edit.valuesTold = true;
    observed.push({ effect: changed ? 'APPLIED' : 'UNCHANGED', envelopeId: edit.row.id });
  }
  await Promise.all([
    scheduleReads(tx, [...toRead.values()]),
    alongside(observed),
    saveEdits(tx, world, [...edits.values()]),
  ]);
  return observed;
}

/** Ours was found by the id in its metadata, and another draft may have become it before the lock was ours. */
function isOf(edit: Edit, sighting: Sighting): boolean {
  return edit.providerId === null || edit.providerId === sighting.providerId;
}

/** The envelope whose provider id an earlier one of these has told: it isn't written yet, so a query wouldn't find it. */
function learnedBefore(edits: ReadonlyMap<string, Edit>, { tenantId, accountId, sighting }: Sighted): Edit | undefined {
  for (const edit of edits.values()) {
    const { row, providerId } = edit;
    if (providerId === sighting.providerId && row.tenantId === tenantId && row.accountId === accountId) return edit;
  }
  return undefined;
}

/** A read of each of these, as soon as a runner comes by. */
export async function scheduleReads(tx: Tx, keys: readonly EnvelopeKey[]): Promise<void> {
  if (keys.length === 0) return;
  await tx
    .insert(due)
    .values(keys.map(({ tenantId, id }) => ({ tenantId, kind: 'READ' as const, id, dueAt: dbNow })))
    .onConflictDoUpdate({ target: [due.tenantId, due.kind, due.id], set: { dueAt: dbNow } });
}

const Found = z.object({ place: z.coerce.number(), tenant_id: z.string(), id: z.string() });

/**
 * For each sighting its envelope: by the provider's id, else by ours, which the provider carries back. Ours counts
 * only for an envelope of the same account whose provider id isn't another's: metadata can be copied.
 */
async function findEnvelopes(tx: Tx, sighted: readonly Sighted[]): Promise<(EnvelopeKey | null)[]> {
  if (sighted.length === 0) return [];
  const wanted = sighted.map(({ tenantId, accountId, sighting }, place) => ({
    place,
    tenant: tenantId,
    account: accountId,
    provider: sighting.providerId,
    ours: sighting.envelopeId === null ? null : uuidOf('Envelope', sighting.envelopeId),
  }));
  const rows = await rowsOf(
    tx,
    sql`
    SELECT w.place, e.tenant_id::text AS tenant_id, e.id::text AS id
    FROM jsonb_to_recordset(${JSON.stringify(wanted)}::jsonb) AS w(place int, tenant uuid, account uuid, provider text, ours uuid)
    JOIN LATERAL (
      SELECT tenant_id, id FROM envelopes
      WHERE tenant_id = w.tenant AND account_id = w.account AND provider_id = w.provider
      UNION ALL
      SELECT tenant_id, id FROM envelopes
      WHERE tenant_id = w.tenant AND id = w.ours AND account_id = w.account AND provider_id IS NULL
      LIMIT 1
    ) e ON true`,
  );
  const found: (EnvelopeKey | null)[] = sighted.map(() => null);
  for (const row of z.array(Found).parse(rows)) found[row.place] = { tenantId: row.tenant_id, id: row.id };
  return found;
}
