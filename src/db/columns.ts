/**
 * What every table has in common: the tenant first in each key, our times, and the policy that hides other tenants.
 * @module
 */
import { sql } from 'drizzle-orm';
import { customType, pgPolicy, pgRole, timestamp, uuid } from 'drizzle-orm/pg-core';

/** The role every tenant transaction switches to: owns nothing, so row-level security holds for it. */
export const APP_ROLE = 'countersign_app';
const appRole = pgRole(APP_ROLE).existing();

/** After a transaction that set it the setting reads '' and not NULL: no tenant then, and no row. */
const isOfTenants = sql`tenant_id = ANY(nullif(current_setting('countersign.tenants', true), '')::uuid[])`;

/** Row-level security: a transaction sees and writes the rows of exactly the tenants it named. */
export function tenantPolicy(): ReturnType<typeof pgPolicy> {
  return pgPolicy('tenant', { for: 'all', to: appRole, using: isOfTenants, withCheck: isOfTenants });
}

export const tenantId = () => uuid('tenant_id').notNull();

/** Milliseconds, so that a value read into a Date and written back is the same value (keyset cursors rest on it). */
export const instant = (name: string) => timestamp(name, { withTimezone: true, precision: 3, mode: 'date' });

/** SQL takes time from here alone: a simulated run sets it. */
export const dbNow = sql`countersign_now()`;

export const bytea = customType<{ data: Buffer; driverData: Buffer | Uint8Array }>({
  dataType: () => 'bytea',
  // node-postgres hands out Buffers, PGlite plain Uint8Arrays.
  fromDriver: (value) =>
    Buffer.isBuffer(value) ? value : Buffer.from(value.buffer, value.byteOffset, value.byteLength),
});
