/**
 * Refused calls, kept as rows without body so that a wrong key is seen, in a ring per account. Whoever knows the
 * address can cause them, so they are written at a bounded pace; the rest is only counted.
 * @module
 */
import { sql } from 'drizzle-orm';
import type { Database } from '../db/client.ts';
import { deliveries } from '../db/tables/inbox.ts';
import type { Timer, World } from '../world.ts';
import type { WebhookCounters } from './counters.ts';

export interface Refusal {
  readonly tenantId: string;
  readonly accountId: string;
  readonly reason: string;
  readonly contentType: string | null;
}

export interface RefusalLimits {
  /** Rows kept per account: the newest. */
  readonly ring: number;
  /** Rows per account, and of all accounts together, in one second. */
  readonly perAccount: number;
  readonly perSecond: number;
}

export const REFUSAL_LIMITS: RefusalLimits = { ring: 1_000, perAccount: 10, perSecond: 100 };

export interface Refusals {
  /** Returns at once; the row follows within a second, or not at all when too many come. */
  record(refusal: Refusal): void;
  /** Writes what waits. */
  flush(): Promise<void>;
}

export interface RefusalDeps {
  readonly database: Database;
  readonly world: World;
  readonly counters: WebhookCounters;
  readonly onError: (error: unknown) => void;
}

export function createRefusals(deps: RefusalDeps, limits: RefusalLimits = REFUSAL_LIMITS): Refusals {
  const { database, world, counters } = deps;
  let waiting: (Refusal & { id: string })[] = [];
  let perAccount = new Map<string, number>();
  let timer: Timer | null = null;
  let writing: Promise<void> = Promise.resolve();

  function flush(): Promise<void> {
    timer?.cancel();
    timer = null;
    const rows = waiting;
    waiting = [];
    perAccount = new Map();
    if (rows.length > 0) {
      writing = writing
        .then(() => write(database, rows, limits.ring))
        .catch((error: unknown) => {
          counters.refusedUnrecorded += rows.length;
          deps.onError(error);
        });
    }
    return writing;
  }

  return {
    record(refusal) {
      const key = `${refusal.tenantId} ${refusal.accountId}`;
      const count = perAccount.get(key) ?? 0;
      if (count >= limits.perAccount || waiting.length >= limits.perSecond) {
        counters.refusedUnrecorded += 1;
        return;
      }
      perAccount.set(key, count + 1);
      waiting.push({ ...refusal, id: world.uuid() });
      timer ??= world.timer(1_000, () => void flush());
    },
    flush,
  };
}

async function write(database: Database, rows: readonly (Refusal & { id: string })[], ring: number): Promise<void> {
  const accounts = new Map(rows.map((row) => [`${row.tenantId} ${row.accountId}`, row]));
  const tenants = [...new Set(rows.map((row) => row.tenantId))].toSorted();
  await database.withTenants(tenants, async (tx) => {
    await tx
      .insert(deliveries)
      .values(rows.map((row) => ({ ...row, verdict: 'REFUSED' as const, effect: 'NONE' as const })));
    for (const { tenantId, accountId } of accounts.values()) {
      await tx.execute(sql`
        DELETE FROM deliveries
        WHERE tenant_id = ${tenantId}::uuid AND account_id = ${accountId}::uuid AND verdict = 'REFUSED' AND id <= (
          SELECT id FROM deliveries
          WHERE tenant_id = ${tenantId}::uuid AND account_id = ${accountId}::uuid AND verdict = 'REFUSED'
          ORDER BY id DESC OFFSET ${ring} LIMIT 1)`);
    }
  });
}
