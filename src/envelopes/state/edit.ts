/**
 * Changing envelopes inside a transaction: lock them (sorted), join news into their registers, write what changed and
 * append the events as the last lock taken. Everything that changes an envelope's status goes through here.
 * @module
 */
import { and, eq, type SQL, sql } from 'drizzle-orm';
import { sent, type Tx } from '../../db/client.ts';
import { perConnection } from '../../db/postgres/per-connection.ts';
import { envelopes, recipients } from '../../db/tables/envelopes.ts';
import { appendEvents, type NewEvent } from '../../events/append.ts';
import type { Failure } from '../../model/envelope.ts';
import type { Observation } from '../../model/observation.ts';
import { type EnvelopeState, type LocalFact, reduce, reduceLocal, type StateChange, view } from '../../model/reduce.ts';
import { dateOf } from '../../model/time.ts';
import type { Source } from '../../model/words.ts';
import type { World } from '../../world.ts';
import { scheduleValueReads } from './values.ts';

export type EnvelopeRow = typeof envelopes.$inferSelect;
export type RecipientRow = typeof recipients.$inferSelect;

export interface EnvelopeKey {
  readonly tenantId: string;
  readonly id: string;
}

/** An envelope under this transaction's lock, and what is to become of it. */
export interface Edit {
  readonly row: EnvelopeRow;
  readonly recipients: RecipientRow[];
  state: EnvelopeState;
  readonly changes: { readonly change: StateChange; readonly source: Source }[];
  /** Set with the news of a provider; null while only we have spoken. */
  syncSource: Source | null;
  providerId: string | null;
  failure: Failure | null;
  /** True when what tells of the end has told the values of its fields too. */
  valuesTold: boolean;
}

const keyed = lockingBy(
  sql`SELECT * FROM unnest(${sql.placeholder('tenants')}::uuid[], ${sql.placeholder('ids')}::uuid[])`,
);

/** Locks these envelopes in the one order that everyone takes them in; those that don't exist are left out. */
export async function lockEnvelopes(tx: Tx, keys: readonly EnvelopeKey[]): Promise<Edit[]> {
  if (keys.length === 0) return [];
  return keyed(tx, { tenants: keys.map(({ tenantId }) => tenantId), ids: keys.map(({ id }) => id) });
}

/**
 * Locks, in the same order, the envelopes whose tenant and id `keys` selects. It takes placeholders for lists, each
 * unfolded by `unnest`: so the database plans for few rows, found one by one, and need not plan again for others.
 */
export function lockingBy(
  keys: SQL,
): (tx: Tx, values: Readonly<Record<string, readonly unknown[]>>) => Promise<Edit[]> {
  const locking = perConnection((tx) =>
    tx
      .select()
      .from(envelopes)
      .where(sql`(${envelopes.tenantId}, ${envelopes.id}) IN (${keys})`)
      .orderBy(envelopes.tenantId, envelopes.id)
      .for('update'),
  );
  const reading = perConnection((tx) =>
    tx
      .select()
      .from(recipients)
      .where(sql`(${recipients.tenantId}, ${recipients.envelopeId}) IN (${keys})`),
  );
  return async (tx, values) => {
    // Both leave at once; the recipients are read after the locks are held, since a connection works in order.
    const [rows, people] = await Promise.all([locking(tx).execute(values), reading(tx).execute(values)]);
    const byEnvelope = Map.groupBy(people, ({ envelopeId }) => envelopeId);
    return rows.map((row) => ({
      row,
      recipients: byEnvelope.get(row.id) ?? [],
      state: row.state,
      changes: [],
      syncSource: null,
      providerId: row.providerId,
      failure: row.failure,
      valuesTold: false,
    }));
  };
}

/** Joins what a provider said; true when any register has changed. */
export function joinObservation(edit: Edit, observation: Observation): boolean {
  const { state, changes } = reduce(edit.state, observation);
  const changed = state !== edit.state;
  edit.state = state;
  edit.syncSource = observation.source;
  edit.changes.push(...changes.map((change) => ({ change, source: observation.source })));
  return changed;
}

/** Joins what we ourselves began or settled. */
export function joinLocal(edit: Edit, fact: LocalFact): void {
  const { state, changes } = reduceLocal(edit.state, fact);
  edit.state = state;
  edit.changes.push(...changes.map((change) => ({ change, source: 'GATEWAY' as const })));
}

/**
 * Writes the edits and appends their events. The heads are the last locks: nothing may be locked after. Rows and events
 * leave in one round trip; a connection works in the order it was asked.
 */
export async function saveEdits(tx: Tx, world: World, edits: readonly Edit[]): Promise<void> {
  const touched = edits.filter(isTouched);
  if (touched.length === 0) return;
  const people = touched.flatMap((edit) => changedRecipients(edit, world));
  const ids = new Map(touched.flatMap((edit) => edit.recipients).map((row) => [refKey(row), row.id]));
  for (const row of people) ids.set(refKey(row), row.id);
  const news = touched.flatMap((edit) => newEvents(edit, world, ids));
  const untold = touched.filter((edit) => isNewlyCompleted(edit) && !edit.valuesTold).map(({ row }) => row);
  await Promise.all([writeRows(tx, touched, people), scheduleValueReads(tx, untold), appendEvents(tx, news)]);
}

function isNewlyCompleted({ row, state }: Edit): boolean {
  return row.status !== 'COMPLETED' && view(state).status === 'COMPLETED';
}

function isTouched(edit: Edit): boolean {
  const { row, changes } = edit;
  // A draft that was just made has an event to tell, and nothing in it has changed since.
  if (changes.length > 0) return true;
  return edit.state !== row.state || edit.providerId !== row.providerId || edit.failure !== row.failure;
}

function refKey(row: Pick<RecipientRow, 'envelopeId' | 'providerRef'>): string {
  return `${row.envelopeId} ${row.providerRef}`;
}

/** Recipients whose word or details have changed, and those the provider has and we hadn't. */
function changedRecipients(edit: Edit, world: World): RecipientRow[] {
  const { state, row } = edit;
  const byRef = new Map(edit.recipients.map((person) => [person.providerRef, person]));
  const refs = new Set([...Object.keys(state.details), ...Object.keys(state.recipients)]);
  const changed: RecipientRow[] = [];
  for (const ref of refs) {
    const word = state.recipients[ref];
    const detail = state.details[ref];
    if (word === row.state.recipients[ref] && detail === row.state.details[ref]) continue;
    const held = byRef.get(ref);
    // A word about somebody of whom nothing else is known has no row to stand in until details come.
    if (!held && !detail) continue;
    changed.push({
      tenantId: row.tenantId,
      id: held?.id ?? world.uuid(),
      envelopeId: row.id,
      key: held?.key ?? null,
      position: held?.position ?? edit.recipients.length + changed.length,
      providerRef: ref,
      role: held?.role ?? detail?.role ?? 'SIGNER',
      name: detail?.name ?? held?.name ?? '',
      email: detail?.email ?? held?.email ?? '',
      routingOrder: detail?.routingOrder ?? held?.routingOrder ?? 1,
      embedded: held?.embedded ?? false,
      status: word?.status ?? held?.status ?? 'WAITING',
      providerStatus: word?.providerStatus ?? null,
      reason: word?.reason ?? null,
      statusAt: word ? dateOf(word.at) : null,
    });
  }
  return changed;
}

/** Record separator: JSON has none, and joined by it many leave as one text, without being quoted. */
const BETWEEN_JSON = '\u001e';

async function writeRows(tx: Tx, edits: readonly Edit[], people: readonly RecipientRow[]): Promise<void> {
  const views = edits.map(({ state }) => view(state));
  const of = (read: (edit: Edit) => string | null) => sql.param(edits.map(read));
  const recipientRows = people.map((person) => ({
    tenant_id: person.tenantId,
    id: person.id,
    envelope_id: person.envelopeId,
    key: person.key,
    position: person.position,
    provider_ref: person.providerRef,
    role: person.role,
    name: person.name,
    email: person.email,
    routing_order: person.routingOrder,
    embedded: person.embedded,
    status: person.status,
    provider_status: person.providerStatus,
    reason: person.reason,
    status_at: person.statusAt,
  }));
  // Lists, since the database plans for few of them, found one by one; of what is unfolded from JSON it expects many.
  await sent(
    tx.execute(sql`
    WITH saved AS (
      UPDATE envelopes e SET status = x.status, provider_status = x.provider_status, reason = x.reason,
        state = x.state::jsonb, provider_id = x.provider_id, failure = x.failure::jsonb, version = e.version + 1,
        updated_at = countersign_now(),
        synced_at = CASE WHEN x.sync_source IS NULL THEN e.synced_at ELSE countersign_now() END,
        sync_source = coalesce(x.sync_source, e.sync_source)
      FROM unnest(
        ${of(({ row }) => row.tenantId)}::uuid[], ${of(({ row }) => row.id)}::uuid[],
        ${sql.param(views.map(({ status }) => status))}::text[],
        ${sql.param(views.map(({ providerStatus }) => providerStatus))}::text[],
        ${sql.param(views.map(({ reason }) => reason))}::text[],
        string_to_array(${edits.map(({ state }) => JSON.stringify(state)).join(BETWEEN_JSON)}, ${BETWEEN_JSON}),
        ${of(({ providerId }) => providerId)}::text[],
        ${of(({ failure }) => (failure === null ? null : JSON.stringify(failure)))}::text[],
        ${of(({ syncSource }) => syncSource)}::text[])
        AS x (tenant_id, id, status, provider_status, reason, state, provider_id, failure, sync_source)
      WHERE e.tenant_id = x.tenant_id AND e.id = x.id
    )
    INSERT INTO recipients
    SELECT x.* FROM jsonb_to_recordset(${JSON.stringify(recipientRows)}::jsonb) AS x(
      tenant_id uuid, id uuid, envelope_id uuid, key text, position integer, provider_ref text, role text, name text,
      email text, routing_order integer, embedded boolean, status text, provider_status text, reason text,
      status_at timestamptz)
    ON CONFLICT (tenant_id, envelope_id, provider_ref) DO UPDATE SET name = excluded.name, email = excluded.email,
      routing_order = excluded.routing_order, status = excluded.status, provider_status = excluded.provider_status,
      reason = excluded.reason, status_at = excluded.status_at`),
  );
}

function newEvents(edit: Edit, world: World, recipientIds: ReadonlyMap<string, string>): NewEvent[] {
  const { row } = edit;
  return edit.changes.map(({ change, source }) => ({
    tenantId: row.tenantId,
    id: world.uuid(),
    envelopeId: row.id,
    accountId: row.accountId,
    type: change.type,
    occurredAt: dateOf(change.occurredAt),
    source,
    status: change.status,
    recipientId:
      change.recipient === null
        ? null
        : (recipientIds.get(refKey({ envelopeId: row.id, providerRef: change.recipient })) ?? null),
    recipientStatus: change.recipientStatus,
  }));
}

/** Which envelope of the account has this id at the provider, seen by this transaction. */
export async function findByProviderId(
  tx: Tx,
  account: { readonly tenantId: string; readonly accountId: string },
  providerId: string,
): Promise<EnvelopeKey | null> {
  const [row] = await tx
    .select({ tenantId: envelopes.tenantId, id: envelopes.id })
    .from(envelopes)
    .where(
      and(
        eq(envelopes.tenantId, account.tenantId),
        eq(envelopes.accountId, account.accountId),
        eq(envelopes.providerId, providerId),
      ),
    );
  return row ?? null;
}
