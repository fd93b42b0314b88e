import { randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import type { AccountDeps, Accounts } from '../../src/accounts/accounts.ts';
import { type AccountChanges, createAccountChanges } from '../../src/accounts/changes.ts';
import { createSealer } from '../../src/auth/sealer.ts';
import type { Database } from '../../src/db/client.ts';
import { commands } from '../../src/db/tables/commands.ts';
import {
  NoPublicUrl,
  NotFound,
  NotSupported,
  OutcomeUnknown,
  ProviderRefused,
  TooEarly,
} from '../../src/model/problems.ts';
import type { CommandState, Environment, WebhookMode } from '../../src/model/words.ts';
import type { Provider, ProviderClient } from '../../src/providers/provider.ts';
import { testDatabase } from '../kit/database.ts';
import { fakeProvider } from '../kit/fake-provider.ts';
import { request, RING, testAccounts } from './kit.ts';

let database: Database;
beforeAll(async () => {
  database = await testDatabase();
});

type Webhooks = Pick<ProviderClient, 'registerWebhook' | 'removeWebhook'>;

/** What the provider does then. */
function fails(error: Error): () => Promise<never> {
  return async () => {
    throw error;
  };
}

const FAULT = { providerCode: 'X', providerMessage: 'no', providerStatus: 400, traceId: null };

interface Subject {
  readonly tenantId: string;
  readonly accountId: string;
  readonly accounts: Accounts;
  readonly changes: AccountChanges;
  /** What the provider was asked of its webhooks. */
  readonly asked: string[];
  mode(): Promise<WebhookMode | undefined>;
}

/** An account at a provider that does as it is told with webhooks, unless `webhooks` says otherwise. */
async function subject({
  environment = 'DEMO',
  webhooks = {},
  ...options
}: Partial<AccountDeps> & {
  readonly environment?: Environment;
  readonly webhooks?: Webhooks | null;
} = {}): Promise<Subject> {
  const asked: string[] = [];
  const fake = fakeProvider();
  const obeying: Webhooks = {
    registerWebhook: async () => ({ providerWebhookId: '1', outcome: 'CREATED', repaired: [] }),
    removeWebhook: async () => true,
  };
  const provider: Provider = {
    ...fake,
    open: (input, world) => {
      const client = fake.open(input, world);
      if (webhooks === null) return client;
      const does = { ...obeying, ...webhooks };
      return {
        ...client,
        registerWebhook: async (webhook) => {
          asked.push('register');
          return (await does.registerWebhook?.(webhook)) ?? Promise.reject(new Error('it registers nothing'));
        },
        removeWebhook: async (webhook) => {
          asked.push('remove');
          return (await does.removeWebhook?.(webhook)) ?? false;
        },
      };
    },
  };
  const { accounts, world } = testAccounts(database, { providers: () => provider, allowSandbox: true, ...options });
  const tenantId = randomUUID();
  const { id: accountId } = await accounts.connect({ tenantId }, { ...request(), environment });
  const changes = createAccountChanges({ database, world, sealer: createSealer(RING), accounts });
  const mode = async () => (await accounts.get(tenantId, [accountId])).get(accountId)?.webhookMode;
  return { tenantId, accountId, accounts, changes, asked, mode };
}

async function command({ tenantId, accountId }: Subject, state: CommandState, nextTryAt: Date | null): Promise<void> {
  const [id, envelopeId] = [randomUUID(), randomUUID()];
  await database.withTenants([tenantId], (tx) =>
    tx.insert(commands).values({ tenantId, id, envelopeId, accountId, kind: 'REMIND', state, nextTryAt, request: {} }),
  );
}

describe('registering the webhook of an account', () => {
  it.each([
    'http://sign.example',
    'https://localhost:8443',
    'https://127.0.0.1',
    'https://127.9.9.9',
    'https://[::1]',
    'https://0.0.0.0',
  ])('is refused where nobody could reach it, and the provider is not asked: %s', async (publicUrl) => {
    const { tenantId, accountId, changes, asked, mode } = await subject({ publicUrl });
    await expect(changes.registerWebhook(tenantId, accountId)).rejects.toBeInstanceOf(NoPublicUrl);
    const update = { accountId, keys: null, webhook: 'ACCOUNT' as const };
    await expect(changes.update(tenantId, update)).rejects.toBeInstanceOf(NoPublicUrl);
    expect([asked, await mode()]).toEqual([[], 'PER_ENVELOPE']);
  });

  it('takes any address for the sandbox, which is on this machine', async () => {
    const { tenantId, accountId, changes, mode } = await subject({
      publicUrl: 'http://127.0.0.1:4000',
      environment: 'SANDBOX',
    });
    expect(await changes.registerWebhook(tenantId, accountId)).toMatchObject({ webhook: { outcome: 'CREATED' } });
    expect(await mode()).toBe('ACCOUNT');
  });

  it('is not supported at a provider that has no such thing', async () => {
    const { tenantId, accountId, changes, mode } = await subject({ webhooks: null });
    await expect(changes.registerWebhook(tenantId, accountId)).rejects.toBeInstanceOf(NotSupported);
    expect(await mode()).toBe('PER_ENVELOPE');
  });

  it.each([new ProviderRefused(FAULT), new OutcomeUnknown(FAULT)])(
    'changes no mode before the provider has it: %s',
    async (error) => {
      const { tenantId, accountId, changes, mode } = await subject({ webhooks: { registerWebhook: fails(error) } });
      await expect(changes.registerWebhook(tenantId, accountId)).rejects.toBe(error);
      expect(await mode()).toBe('PER_ENVELOPE');
    },
  );
});

describe('an account that is disconnected', () => {
  it('is not found by any change, and the provider is asked nothing', async () => {
    // Where nothing could be registered either.
    const { tenantId, accountId, changes, asked } = await subject({ publicUrl: 'http://sign.example' });
    await changes.disconnect(tenantId, accountId);
    const keys = { add: ['another'], remove: [], path: [] };
    for (const change of [
      () => changes.registerWebhook(tenantId, accountId),
      () => changes.update(tenantId, { accountId, keys, webhook: null }),
      () => changes.disconnect(tenantId, accountId),
    ]) {
      await expect(change()).rejects.toBeInstanceOf(NotFound);
    }
    expect(asked).toEqual([]);
  });
});

describe('disconnecting an account', () => {
  it.each<CommandState>(['INTENDED', 'ATTEMPTED', 'UNCERTAIN'])(
    'is too early while a command is %s, and leaves its webhook alone',
    async (state) => {
      const one = await subject();
      const { tenantId, accountId, changes, asked, accounts } = one;
      await changes.registerWebhook(tenantId, accountId);
      await command(one, state, new Date('2026-03-01T12:00:00Z'));
      await expect(changes.disconnect(tenantId, accountId)).rejects.toBeInstanceOf(TooEarly);
      expect(asked).toEqual(['register']);
      expect((await accounts.get(tenantId, [accountId])).get(accountId)?.disconnectedAt).toBeNull();
    },
  );

  it('is not kept waiting by what is settled, nor by a doubt that nobody can end', async () => {
    const one = await subject();
    for (const state of ['DONE', 'REFUSED', 'UNCERTAIN'] as const) await command(one, state, null);
    const { account } = await one.changes.disconnect(one.tenantId, one.accountId);
    expect(account.disconnectedAt).not.toBeNull();
  });

  it('is too early for a command that began while the webhook was taken away', async () => {
    const begun: Subject[] = [];
    const removeWebhook = async (): Promise<boolean> => {
      for (const account of begun) await command(account, 'INTENDED', null);
      return true;
    };
    const one = await subject({ webhooks: { removeWebhook } });
    begun.push(one);
    const { tenantId, accountId, changes, accounts } = one;
    await changes.registerWebhook(tenantId, accountId);
    await expect(changes.disconnect(tenantId, accountId)).rejects.toBeInstanceOf(TooEarly);
    expect((await accounts.get(tenantId, [accountId])).get(accountId)?.credentials).not.toBe('');
  });

  it('is done all the same when the provider lets nobody take the webhook away', async () => {
    const removeWebhook = fails(new ProviderRefused(FAULT));
    const { tenantId, accountId, changes } = await subject({ webhooks: { removeWebhook } });
    await changes.registerWebhook(tenantId, accountId);
    const { account, webhookRemoved } = await changes.disconnect(tenantId, accountId);
    expect([webhookRemoved, account.disconnectedAt !== null, account.credentials]).toEqual([false, true, '']);
  });
});
