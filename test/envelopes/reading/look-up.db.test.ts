import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { envelopes } from '../../../src/db/tables/envelopes.ts';
import { createLookUps } from '../../../src/envelopes/reading/look-up.ts';
import { createEventBus } from '../../../src/events/bus.ts';
import { initialState } from '../../../src/model/reduce.ts';
import { addMilliseconds, instantOf } from '../../../src/model/time.ts';
import type { Provider } from '../../../src/providers/provider.ts';
import { rateLimits } from '../../../src/providers/rate-limits.ts';
import { systemWorld } from '../../../src/world.ts';
import { request, testAccounts } from '../../accounts/kit.ts';
import { atEnd } from '../../kit/at-end.ts';
import { testDatabase } from '../../kit/database.ts';
import { fakeProvider } from '../../kit/fake-provider.ts';

test('what is kept of the limits is there for reads that a change of our own calls for', async () => {
  const world = systemWorld();
  const database = await testDatabase();
  const fake = fakeProvider();
  const limits = rateLimits();
  const resetAt = addMilliseconds(world.now(), 60_000);
  limits.heard({ limit: 1_000, remaining: 50, resetAt, burst: null, asOf: world.now() });
  const provider: Provider = { ...fake, open: (input, of) => ({ ...fake.open(input, of), limits }) };
  const { accounts } = testAccounts(database, { world, providers: () => provider });
  atEnd(() => accounts.close());
  const bus = await createEventBus({ database, world, onError: () => undefined });
  atEnd(() => bus.close());
  const lookUps = createLookUps({ database, world, accounts, bus });

  const [tenantId, id] = [randomUUID(), randomUUID()];
  const { id: accountId } = await accounts.connect({ tenantId }, request());
  const state = { ...initialState(instantOf(world.now())), phase: 'SENDING' as const };
  const sent = { tenantId, id, accountId, provider: 'DOCUSIGN', providerId: id, status: 'SENT', state } as const;
  await database.withTenants([tenantId], (tx) => tx.insert(envelopes).values({ ...sent, subject: 'Lease' }));
  const reads = (): number => fake.asked.filter(({ method }) => method === 'read').length;

  expect(await lookUps.lookUp(sent)).toEqual({ outcome: 'RESERVED', nextAllowedAt: resetAt });
  expect(reads()).toBe(0);
  await lookUps.lookUp(sent, { urgent: true });
  expect(reads()).toBe(1);
});
