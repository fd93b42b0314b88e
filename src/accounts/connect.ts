/**
 * Storing a connected account: sealed, found by the hash of its webhook path, and one row however often it is connected.
 * @module
 */
import { and, eq, sql } from 'drizzle-orm';
import type { Sealer } from '../auth/sealer.ts';
import type { Tx } from '../db/client.ts';
import { dbNow } from '../db/columns.ts';
import { accounts, routes } from '../db/tables/accounts.ts';
import { due } from '../db/tables/due.ts';
import type { Environment, ProviderName, WebhookMode } from '../model/words.ts';
import type { ConnectedAccount } from '../providers/provider.ts';
import type { World } from '../world.ts';
import { type AccountRow, contextOf, hashOf, newPathSecret } from './secrets.ts';

export interface StoreRequest {
  readonly tenantId: string;
  /** Of the row, if it is made now. */
  readonly id: string;
  readonly provider: ProviderName;
  readonly environment: Environment;
  readonly webhook: WebhookMode;
  readonly connected: ConnectedAccount;
}

/**
 * In the caller's transaction. The unique key decides whether the account is new, so two requests at once end in one
 * row. A row that is there keeps its id and webhook path: envelopes under way report to that address. The mode ACCOUNT
 * is never stored here: it begins when the provider has the registration.
 */
export async function storeAccount(
  tx: Tx,
  { sealer, world }: { readonly sealer: Sealer; readonly world: World },
  request: StoreRequest,
): Promise<AccountRow> {
  const { tenantId, id, provider, environment, webhook, connected } = request;
  const { providerAccountId } = connected;
  // Told apart by id: what is sealed is sealed for one row.
  const valuesFor = async (id: string) => ({
    name: connected.name,
    baseUri: connected.baseUri,
    credentials: await sealer.seal(JSON.stringify(connected.credentials), contextOf({ tenantId, id }, 'credentials')),
    webhookKeys: await sealer.seal(JSON.stringify(connected.webhookKeys), contextOf({ tenantId, id }, 'webhook-keys')),
  });

  const secret = newPathSecret(world);
  const webhookPath = await sealer.seal(secret, contextOf({ tenantId, id }, 'webhook-path'));
  const [made] = await tx
    .insert(accounts)
    .values({
      tenantId,
      id,
      provider,
      environment,
      providerAccountId,
      webhookPath,
      webhookMode: 'PER_ENVELOPE',
      ...(await valuesFor(id)),
    })
    .onConflictDoNothing({
      target: [accounts.tenantId, accounts.provider, accounts.environment, accounts.providerAccountId],
    })
    .returning();
  if (made) {
    await tx.insert(routes).values({ hash: hashOf(secret), kind: 'WEBHOOK', tenantId, accountId: id });
    await scheduleSweep(tx, tenantId, id);
    return made;
  }

  const isThis = and(
    eq(accounts.tenantId, tenantId),
    eq(accounts.provider, provider),
    eq(accounts.environment, environment),
    eq(accounts.providerAccountId, providerAccountId),
  );
  const [held] = await tx.select({ id: accounts.id }).from(accounts).where(isThis).for('update');
  const [renewed] = held
    ? await tx
        .update(accounts)
        .set({
          ...(await valuesFor(held.id)),
          ...(webhook === 'PER_ENVELOPE' && { webhookMode: webhook }),
          updatedAt: dbNow,
          disconnectedAt: null,
        })
        .where(and(eq(accounts.tenantId, tenantId), eq(accounts.id, held.id)))
        .returning()
    : [];
  if (!renewed) throw new Error('the account went away while it was being connected');
  await scheduleSweep(tx, tenantId, renewed.id);
  return renewed;
}

/** When the account is first asked for what webhooks missed; then each sweep sets the time of the next. */
async function scheduleSweep(tx: Tx, tenantId: string, id: string): Promise<void> {
  const dueAt = sql`countersign_now() + interval '15 minutes'`;
  await tx.insert(due).values({ tenantId, kind: 'SWEEP', id, dueAt }).onConflictDoNothing();
}
