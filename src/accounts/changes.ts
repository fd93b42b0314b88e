/**
 * What is changed of a connected account: its webhook's registration, the keys that are live, and that it ends.
 * @module
 */
import { and, count, eq, isNull, sql } from 'drizzle-orm';
import type { PgUpdateSetSource } from 'drizzle-orm/pg-core';
import type { Sealer } from '../auth/sealer.ts';
import type { Database } from '../db/client.ts';
import { dbNow } from '../db/columns.ts';
import { accounts as table } from '../db/tables/accounts.ts';
import { commands, IS_OPEN } from '../db/tables/commands.ts';
import { publicId } from '../model/ids.ts';
import { NoPublicUrl, NotFound, NotSupported, Problem, TooEarly } from '../model/problems.ts';
import { addMilliseconds } from '../model/time.ts';
import type { WebhookMode } from '../model/words.ts';
import type { AccountWebhook, RegisteredWebhook } from '../providers/provider.ts';
import type { World } from '../world.ts';
import type { Accounts } from './accounts.ts';
import { type KeyChange, keysAfter } from './key-change.ts';
import { type AccountRow, contextOf, openWebhookKeys } from './secrets.ts';

export type { RegisteredWebhook } from '../providers/provider.ts';

export interface UpdateRequest {
  readonly accountId: string;
  readonly keys: KeyChange | null;
  /** Null leaves it as it is. */
  readonly webhook: WebhookMode | null;
}

export interface AccountChanges {
  /**
   * Sees to it that the provider has exactly one registration that sends this account's webhooks here, and that
   * envelopes name none from now on. Throws NotFound, NotSupported, NoPublicUrl, and what the provider throws.
   */
  registerWebhook(
    tenantId: string,
    accountId: string,
  ): Promise<{ readonly account: AccountRow; readonly webhook: RegisteredWebhook }>;
  /** Throws NotFound, InvalidInput, and what `registerWebhook` throws; keys are changed before. */
  update(
    tenantId: string,
    request: UpdateRequest,
  ): Promise<{ readonly account: AccountRow; readonly webhook: RegisteredWebhook | null }>;
  /**
   * Forgets credentials and keys, and takes the registration away where the provider lets us. Throws NotFound, and
   * TooEarly while something is under way.
   */
  disconnect(
    tenantId: string,
    accountId: string,
  ): Promise<{ readonly account: AccountRow; readonly webhookRemoved: boolean }>;
}

export interface AccountChangesDeps {
  readonly database: Database;
  readonly world: World;
  readonly sealer: Sealer;
  readonly accounts: Accounts;
}

/** How long commands of a disconnecting account are given, in milliseconds. */
const SETTLE_MS = 60_000;

/** What the registration is called: the same for this account for good, also when our address changes. */
export function accountWebhook({ id }: Pick<AccountRow, 'id'>, url: string): AccountWebhook {
  return { url, name: `countersign ${publicId('Account', id)}` };
}

export function createAccountChanges(deps: AccountChangesDeps): AccountChanges {
  const { database, world, sealer, accounts } = deps;

  const connected = async (tenantId: string, accountId: string): Promise<AccountRow> => {
    const row = (await accounts.get(tenantId, [accountId])).get(accountId);
    if (!row || row.disconnectedAt !== null) throw new NotFound('account');
    return row;
  };

  const save = async (
    tenantId: string,
    accountId: string,
    values: (row: AccountRow) => Promise<PgUpdateSetSource<typeof table>>,
  ): Promise<AccountRow> => {
    const isThis = and(eq(table.tenantId, tenantId), eq(table.id, accountId));
    const saved = await database.withTenants([tenantId], async (tx) => {
      const [row] = await tx
        .select()
        .from(table)
        .where(and(isThis, isNull(table.disconnectedAt)))
        .for('update');
      if (!row) throw new NotFound('account');
      const [after] = await tx
        .update(table)
        .set({ ...(await values(row)), updatedAt: dbNow })
        .where(isThis)
        .returning();
      return after ?? row;
    });
    accounts.changed();
    return saved;
  };

  const registerWebhook: AccountChanges['registerWebhook'] = async (tenantId, accountId) => {
    const row = await connected(tenantId, accountId);
    const url = await accounts.webhookUrl(row);
    if (row.environment !== 'SANDBOX' && !isPublic(url)) throw new NoPublicUrl();
    const client = await accounts.client(tenantId, accountId);
    if (!client.registerWebhook) {
      throw new NotSupported('This provider has no webhook for a whole account.', 'webhook ACCOUNT');
    }
    const webhook = await client.registerWebhook(accountWebhook(row, url));
    // Only now: until the provider has it, envelopes go on naming the address themselves.
    return { account: await save(tenantId, accountId, async () => ({ webhookMode: 'ACCOUNT' })), webhook };
  };

  return {
    registerWebhook,
    async update(tenantId, { accountId, keys, webhook }) {
      const account = await save(tenantId, accountId, async (row) => {
        const wanted = keys && keysAfter(await openWebhookKeys(sealer, row), keys);
        return {
          ...(wanted && { webhookKeys: await sealer.seal(JSON.stringify(wanted), contextOf(row, 'webhook-keys')) }),
          ...(webhook === 'PER_ENVELOPE' && { webhookMode: webhook }),
        };
      });
      return webhook === 'ACCOUNT' ? registerWebhook(tenantId, accountId) : { account, webhook: null };
    },
    async disconnect(tenantId, accountId) {
      const row = await connected(tenantId, accountId);
      const nothingUnderWay = async (): Promise<void> => {
        if ((await underWay(database, row)) === 0) return;
        throw new TooEarly(
          'Sends or cancels of this account are under way, and without its credentials nobody would learn what became of them.',
          addMilliseconds(world.now(), SETTLE_MS),
        );
      };
      await nothingUnderWay();
      const webhookRemoved = row.webhookMode === 'ACCOUNT' && (await removeWebhook(accounts, row));
      await nothingUnderWay();
      const account = await save(tenantId, accountId, async () => ({
        credentials: '',
        webhookKeys: '',
        webhookMode: 'PER_ENVELOPE',
        disconnectedAt: dbNow,
      }));
      return { account, webhookRemoved };
    },
  };
}

async function underWay(database: Database, { tenantId, id }: AccountRow): Promise<number> {
  const [found] = await database.withTenants([tenantId], (tx) =>
    tx
      .select({ count: count() })
      .from(commands)
      .where(and(eq(commands.tenantId, tenantId), eq(commands.accountId, id), sql`(${IS_OPEN})`)),
  );
  return found?.count ?? 0;
}

/** An account whose credentials no longer work can be disconnected all the same. */
async function removeWebhook(accounts: Accounts, row: AccountRow): Promise<boolean> {
  try {
    const client = await accounts.client(row.tenantId, row.id);
    return (await client.removeWebhook?.(accountWebhook(row, await accounts.webhookUrl(row)))) ?? false;
  } catch (error) {
    if (error instanceof Problem) return false;
    throw error;
  }
}

/** An address that a provider can reach: https, and not of this machine. */
function isPublic(url: string): boolean {
  const { protocol, hostname } = new URL(url);
  return protocol === 'https:' && !/^(?:localhost|127\.\d+\.\d+\.\d+|\[::1\]|0\.0\.0\.0)$/.test(hostname);
}
