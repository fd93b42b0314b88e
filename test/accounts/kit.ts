/**
 * Accounts over the fake provider, for the tests of this folder.
 * @module
 */
import { randomBytes } from 'node:crypto';
import { createAccounts, type AccountDeps, type Accounts, type ConnectRequest } from '../../src/accounts/accounts.ts';
import { createSealer } from '../../src/auth/sealer.ts';
import type { Database } from '../../src/db/client.ts';
import { systemWorld } from '../../src/world.ts';
import { type FakeProvider, fakeProvider } from '../kit/fake-provider.ts';
import { type ManualWorld, manualWorld } from '../kit/manual-world.ts';

export const RING = [{ kid: 'k1', key: randomBytes(32) }];
export const PUBLIC_URL = 'https://sign.example';

export interface TestAccounts {
  readonly accounts: Accounts;
  readonly fake: FakeProvider;
  readonly world: ManualWorld;
}

/** With ids as the real world makes them, so that they sort by time. */
export function testAccounts(database: Database, options: Partial<AccountDeps> = {}): TestAccounts {
  const fake = fakeProvider();
  const world = Object.assign(manualWorld(), { uuid: systemWorld().uuid });
  const accounts = createAccounts({
    database,
    world,
    sealer: createSealer(RING),
    providers: () => fake,
    publicUrl: PUBLIC_URL,
    allowSandbox: false,
    ...options,
  });
  return { accounts, fake, world };
}

export function request(credentials: Readonly<Record<string, unknown>> = {}): ConnectRequest {
  return {
    provider: 'DOCUSIGN',
    environment: 'DEMO',
    webhook: 'PER_ENVELOPE',
    credentials: { user: 'api-user', password: 'api-password', ...credentials },
  };
}
