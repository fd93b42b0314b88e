import { randomUUID } from 'node:crypto';
import { eq } from 'drizzle-orm';
import { beforeAll, describe, expect, test } from 'vitest';
import type { Database } from '../../../src/db/client.ts';
import { due } from '../../../src/db/tables/due.ts';
import { envelopes, fields, recipients } from '../../../src/db/tables/envelopes.ts';
import { createLookUps, type LookUps } from '../../../src/envelopes/reading/look-up.ts';
import { scheduleValueReads } from '../../../src/envelopes/state/values.ts';
import { createEventBus } from '../../../src/events/bus.ts';
import { publicId } from '../../../src/model/ids.ts';
import { initialState } from '../../../src/model/reduce.ts';
import { instantOf } from '../../../src/model/time.ts';
import type { EnvelopeStatus, FieldKind } from '../../../src/model/words.ts';
import type { Reading, ReadRequest } from '../../../src/providers/provider.ts';
import { systemWorld } from '../../../src/world.ts';
import { request, testAccounts } from '../../accounts/kit.ts';
import { atEnd } from '../../kit/at-end.ts';
import { testDatabase } from '../../kit/database.ts';
import type { FakeProvider } from '../../kit/fake-provider.ts';

const world = systemWorld();
const tenantId = randomUUID();
let database: Database;
let fake: FakeProvider;
let lookUps: LookUps;
let accountId = '';

beforeAll(async () => {
  database = await testDatabase();
  const made = testAccounts(database, { world });
  ({ fake } = made);
  ({ id: accountId } = await made.accounts.connect({ tenantId }, request()));
  const bus = await createEventBus({ database, world, onError: () => undefined });
  atEnd(() => bus.close());
  lookUps = createLookUps({ database, world, accounts: made.accounts, bus });
});

interface Sent {
  readonly tenantId: string;
  readonly accountId: string;
  readonly id: string;
  /** Public id of its one field. */
  readonly field: string;
}

/** An envelope with one field, as the cache has it. */
async function sent(
  status: EnvelopeStatus,
  kind: FieldKind = 'TEXT',
  signedValue: string | null = null,
): Promise<Sent> {
  const [id, recipientId, fieldId] = [randomUUID(), randomUUID(), randomUUID()];
  const state = { ...initialState(instantOf(world.now())), phase: 'SENDING' as const };
  const place = { at: { document: 'lease', page: 1, x: 1, y: 1, width: null, height: null } };
  await database.withTenants([tenantId], async (tx) => {
    await tx
      .insert(envelopes)
      .values({ tenantId, id, accountId, provider: 'DOCUSIGN', providerId: id, status, state, subject: 'Lease' });
    const person = { role: 'SIGNER', name: 'Bo', email: 'bo@tenant.example', embedded: false } as const;
    const stands = { position: 0, providerRef: '1', routingOrder: 1, status: 'NOTIFIED' } as const;
    await tx.insert(recipients).values({ tenantId, id: recipientId, envelopeId: id, key: 'bo', ...person, ...stands });
    const field = { kind, label: null, required: true, position: 0, place, signedValue };
    await tx.insert(fields).values({ tenantId, id: fieldId, envelopeId: id, recipientId, ...field });
  });
  return { tenantId, accountId, id, field: publicId('Field', fieldId) };
}

async function readsDue({ id }: Sent): Promise<unknown[]> {
  const rows = await database.withTenants([], (tx) => tx.select().from(due).where(eq(due.id, id)));
  return rows.map(({ kind }) => kind);
}

function schedule(envelope: Sent): Promise<void> {
  return database.withTenants([tenantId], (tx) => scheduleValueReads(tx, [envelope]));
}

/** What the provider says of it: nothing new, or that it is completed, and what was left in its field. */
function told(
  { id, field }: Sent,
  { completed = false, value, signed = false }: { completed?: boolean; value?: string; signed?: boolean } = {},
): Reading {
  const at = instantOf(world.now());
  const end = { kind: 'END', status: 'COMPLETED', reason: null, providerStatus: 'completed', at } as const;
  const who = { ref: '1', status: 'SIGNED', reason: null, providerStatus: 'completed', at } as const;
  const news = { envelope: completed ? [end] : [], recipients: signed ? [who] : [], details: [] };
  const observation = { source: 'READ' as const, sawEnd: null, ...news };
  const sighting = { providerId: id, envelopeId: null, observation, incomplete: false };
  return value === undefined ? sighting : { ...sighting, values: new Map([[field, value]]) };
}

/** The fields that the provider was asked for, read by read. */
function wanted(): unknown[] {
  return fake.asked
    .filter(({ method }) => method === 'read')
    .map(({ argument }) => (argument as ReadRequest[]).flatMap((asked) => asked.fields?.map(({ ref }) => ref)));
}

describe('a read for values', () => {
  test.each<[string, EnvelopeStatus, FieldKind, string | null, unknown[]]>([
    ['due for a completed envelope with a field to fill', 'COMPLETED', 'TEXT', null, ['READ']],
    ['due for a box', 'COMPLETED', 'CHECKBOX', null, ['READ']],
    ['not due once the value is known', 'COMPLETED', 'TEXT', '', []],
    ['not due for a signature, which is a picture', 'COMPLETED', 'SIGNATURE', null, []],
    ['not due before the envelope is completed', 'SENT', 'TEXT', null, []],
    ['not due for what was voided', 'VOIDED', 'TEXT', null, []],
  ])('is %s', async (_what, status, kind, value, reads) => {
    const envelope = await sent(status, kind, value);
    await schedule(envelope);
    expect(await readsDue(envelope)).toEqual(reads);
  });

  test('asks for a value until it is known, and never again', async () => {
    const envelope = await sent('SENT');
    fake.asked.splice(0);
    fake.does.read = async () => [told(envelope, { completed: true, value: 'DE02' })];
    await lookUps.lookUp(envelope);
    await lookUps.lookUp(envelope);
    expect(wanted()).toEqual([[envelope.field], []]);
    expect(await readsDue(envelope)).toEqual([]);
  });

  test('is due once more when the envelope was completed while a read was under way that saw it before', async () => {
    const envelope = await sent('SENT');
    fake.does.read = async () => {
      await database.withTenants([tenantId], (tx) =>
        tx.update(envelopes).set({ status: 'COMPLETED' }).where(eq(envelopes.id, envelope.id)),
      );
      return [told(envelope)];
    };
    await lookUps.lookUp(envelope);
    expect(await readsDue(envelope)).toEqual(['READ']);
  });

  test('is not due again with later news of what was completed: what was not told then is not told later', async () => {
    const envelope = await sent('SENT');
    fake.does.read = async () => [told(envelope, { completed: true })];
    await lookUps.lookUp(envelope);
    expect(await readsDue(envelope)).toEqual(['READ']);
    await database.withTenants([], (tx) => tx.delete(due).where(eq(due.id, envelope.id)));
    fake.does.read = async () => [told(envelope, { signed: true })];
    await lookUps.lookUp(envelope);
    expect(await readsDue(envelope)).toEqual([]);
  });
});
