/**
 * News of providers into the cache: webhooks, look-ups and answers to commands all pass here, through the one reducer.
 * @module
 */
import { sql } from 'drizzle-orm';
import { type SendLast, sent, type Tx } from '../../db/client.ts';
import { dbNow } from '../../db/columns.ts';
import { due } from '../../db/tables/due.ts';
import { uuidOf } from '../../model/ids.ts';
import type { Sighting } from '../../model/observation.ts';
import type { World } from '../../world.ts';
import { type Edit, type EnvelopeKey, joinObservation, lockEnvelopes, lockingBy, saveEdits } from './edit.ts';
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

const ph = (name: string) => sql.placeholder(name);
const named = lockingBy(sql`
  SELECT f.tenant_id, f.id FROM unnest(${ph('tenants')}::uuid[], ${ph('accounts')}::uuid[], ${ph('theirs')}::text[]) AS k (t, a, p)
    JOIN envelopes f ON f.tenant_id = k.t AND f.account_id = k.a AND f.provider_id = k.p
  UNION ALL
  SELECT f.tenant_id, f.id FROM unnest(${ph('tenants')}::uuid[], ${ph('accounts')}::uuid[], ${ph('ours')}::uuid[]) AS k (t, a, o)
    JOIN envelopes f ON f.tenant_id = k.t AND f.id = k.o
    WHERE f.account_id = k.a AND f.provider_id IS NULL`);

/**
 * Locks the envelopes that these are about, in the one order: by the provider's id, or by ours, which the provider
 * carries back. Ours counts only while the provider's isn't known: metadata can be copied.
 */
export async function lockSighted(tx: Tx, sighted: readonly Sighted[]): Promise<Edit[]> {
  if (sighted.length === 0) return [];
  return named(tx, {
    tenants: sighted.map(({ tenantId }) => tenantId),
    accounts: sighted.map(({ accountId }) => accountId),
    theirs: sighted.map(({ sighting }) => sighting.providerId),
    ours: sighted.map(({ sighting }) => ourIdOf(sighting)),
  });
}

/**
 * In the caller's transaction, after its dedupe keys: joins the observations into the envelopes that `lockSighted` has
 * locked for them, writes envelopes and recipients, parks what matches none, appends events (heads last). Answers in the
 * order given. `alongside` writes what goes with it, in the same round trip; it takes no lock that others wait for.
 * With `sendLast` these are the last statements of the transaction.
 */
export async function observe(
  tx: Tx,
  world: World,
  locked: readonly Edit[],
  sighted: readonly Sighted[],
  alongside: (observed: readonly Observed[]) => Promise<void> = async () => undefined,
  sendLast: SendLast = (send) => send(),
): Promise<Observed[]> {
  const edits = new EditsByName(locked);
  const observed: Observed[] = [];
  const toRead = new Map<string, EnvelopeKey>();
  for (const item of sighted) {
    let edit = edits.of(item);
    if (!edit && !item.sighting.foreign) {
      const known = await parkOrFind(tx, world, item);
      const [late] = known ? await lockEnvelopes(tx, [known]) : [];
      if (late) edits.add(late);
      edit = late;
    }
    if (!edit) {
      observed.push({ effect: item.sighting.foreign ? 'IGNORED' : 'PARKED', envelopeId: null });
      continue;
    }
    // Found by our own id: this message tells the provider's before the answer to the send did.
    const parkedIncomplete = edit.providerId === null && (await learnProviderId(tx, edit, item.sighting.providerId));
    edits.add(edit);
    const changed = joinObservation(edit, item.sighting.observation);
    if (item.sighting.incomplete || parkedIncomplete) toRead.set(edit.row.id, edit.row);
    if (item.withValues) edit.valuesTold = true;
    observed.push({ effect: changed ? 'APPLIED' : 'UNCHANGED', envelopeId: edit.row.id });
  }
  await sendLast(() =>
    Promise.all([scheduleReads(tx, [...toRead.values()]), alongside(observed), saveEdits(tx, world, edits.all())]),
  );
  return observed;
}

/** The locked envelopes by the names that news calls them; a provider's id counts from when it is learned. */
class EditsByName {
  readonly #byId = new Map<string, Edit>();
  readonly #byProviderId = new Map<string, Edit>();

  constructor(edits: readonly Edit[]) {
    for (const edit of edits) this.add(edit);
  }

  add(edit: Edit): void {
    const { tenantId, accountId, id } = edit.row;
    this.#byId.set(`${tenantId} ${id}`, edit);
    if (edit.providerId !== null) this.#byProviderId.set(`${tenantId} ${accountId} ${edit.providerId}`, edit);
  }

  of({ tenantId, accountId, sighting }: Sighted): Edit | undefined {
    const named = this.#byProviderId.get(`${tenantId} ${accountId} ${sighting.providerId}`);
    if (named) return named;
    const ours = this.#byId.get(`${tenantId} ${ourIdOf(sighting) ?? ''}`);
    return ours?.providerId === null && ours.row.accountId === accountId ? ours : undefined;
  }

  all(): readonly Edit[] {
    return [...this.#byId.values()];
  }
}

function ourIdOf({ envelopeId }: Sighting): string | null {
  return envelopeId === null ? null : uuidOf('Envelope', envelopeId);
}

/** A read of each of these, as soon as a runner comes by. */
export async function scheduleReads(tx: Tx, keys: readonly EnvelopeKey[]): Promise<void> {
  if (keys.length === 0) return;
  await sent(
    tx
      .insert(due)
      .values(keys.map(({ tenantId, id }) => ({ tenantId, kind: 'READ' as const, id, dueAt: dbNow })))
      .onConflictDoUpdate({ target: [due.tenantId, due.kind, due.id], set: { dueAt: dbNow } }),
  );
}
