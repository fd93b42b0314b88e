/**
 * All accounts of all tenants, for whoever runs the database. No caller of the API gets here.
 * @module
 */
import { asc, eq, isNull } from 'drizzle-orm';
import type { Database } from '../db/client.ts';
import { accounts, routes } from '../db/tables/accounts.ts';
import type { AccountRow } from './secrets.ts';

/** Those that are connected. Each has a webhook address, and these are known without naming a tenant. */
export async function everyAccount(database: Database): Promise<AccountRow[]> {
  const known = await database.withTenants([], (tx) =>
    tx.selectDistinct({ tenantId: routes.tenantId }).from(routes).where(eq(routes.kind, 'WEBHOOK')),
  );
  const rows: AccountRow[] = [];
  for (const { tenantId } of known) {
    const found = await database.withTenants([tenantId], (tx) =>
      tx.select().from(accounts).where(isNull(accounts.disconnectedAt)).orderBy(asc(accounts.createdAt)),
    );
    rows.push(...found);
  }
  return rows;
}
