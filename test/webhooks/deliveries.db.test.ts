import { randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Database } from '../../src/db/client.ts';
import { deliveries } from '../../src/db/tables/inbox.ts';
import {
  type DeliveryFilter,
  findDeliveries,
  listDeliveries,
  readDeliveryBody,
} from '../../src/webhooks/deliveries.ts';
import { systemWorld } from '../../src/world.ts';
import { testDatabase } from '../kit/database.ts';

const [mine, theirs, accountA, accountB, envelope] = Array.from({ length: 5 }, () => randomUUID());
const world = systemWorld();
let database: Database;
/** Mine, oldest first, and one of theirs between them. */
const ids: string[] = [];

const row = (tenantId: string | undefined, n: number) => ({
  tenantId: tenantId ?? '',
  id: ids[n] ?? '',
  accountId: (n < 2 ? accountA : accountB) ?? '',
  verdict: n === 0 ? ('REFUSED' as const) : ('VERIFIED' as const),
  effect: 'NONE' as const,
  envelopeId: n === 3 ? (envelope ?? '') : null,
  body: n === 0 ? null : Buffer.from([0, 255, n]),
});

beforeAll(async () => {
  database = await testDatabase();
  // UUIDv7 orders by the millisecond: one apart each.
  for (let n = 0; n < 5; n++) {
    ids.push(world.uuid());
    await world.sleep(2);
  }
  await database.withTenants([mine ?? ''], (tx) => tx.insert(deliveries).values([0, 1, 3, 4].map((n) => row(mine, n))));
  await database.withTenants([theirs ?? ''], (tx) => tx.insert(deliveries).values([row(theirs, 2)]));
});

const list = async (first: number, after?: string, filter?: DeliveryFilter) => {
  const rows = await database.withTenants([mine ?? ''], (tx) =>
    listDeliveries(tx, mine ?? '', { first, after, filter }),
  );
  return rows.map((row) => ids.indexOf(row.id));
};

const body = (n: number) =>
  database.withTenants([mine ?? '', theirs ?? ''], (tx) => readDeliveryBody(tx, mine ?? '', ids[n] ?? ''));

describe('the list of deliveries', () => {
  it('is newest first and goes on after the last one of the page before', async () => {
    expect(await list(3)).toEqual([4, 3, 1]);
    expect(await list(3, ids[1])).toEqual([0]);
    expect(await list(3, ids[0])).toEqual([]);
  });

  it('is narrowed by account, envelope and verdict, together', async () => {
    expect(await list(9, undefined, { accountIds: [accountB ?? ''] })).toEqual([4, 3]);
    expect(await list(9, undefined, { envelopeIds: [envelope ?? ''] })).toEqual([3]);
    expect(await list(9, undefined, { verdicts: ['REFUSED', 'UNPARSABLE'] })).toEqual([0]);
    expect(await list(9, undefined, { verdicts: ['VERIFIED'], accountIds: [accountA ?? ''] })).toEqual([1]);
    expect(await list(9, undefined, { accountIds: [] })).toEqual([]);
  });

  it('carries no bodies', async () => {
    const [row] = await database.withTenants([mine ?? ''], (tx) => listDeliveries(tx, mine ?? '', { first: 1 }));
    expect(row).toMatchObject({ id: ids[4], verdict: 'VERIFIED', receivedAt: expect.any(Date) });
    expect(row).not.toHaveProperty('body');
  });
});

describe('deliveries by id', () => {
  it("are the tenant's own", async () => {
    const rows = await database.withTenants([mine ?? '', theirs ?? ''], (tx) =>
      findDeliveries(tx, mine ?? '', [...ids, randomUUID()]),
    );
    expect(rows.map((row) => ids.indexOf(row.id)).toSorted()).toEqual([0, 1, 3, 4]);
  });

  it('have their bytes apart: none for a refused one or one of another tenant', async () => {
    expect(await body(4)).toEqual(Buffer.from([0, 255, 4]));
    expect(await body(0)).toBeNull();
    expect(await body(2)).toBeNull();
  });
});
