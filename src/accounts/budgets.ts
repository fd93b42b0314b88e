/**
 * The rate limits of accounts, shared by all replicas over one row per account: written seldom and in the background,
 * read together with the account whenever it is opened.
 * @module
 */
import { and, eq, sql } from 'drizzle-orm';
import { anyOf } from '../db/any-of.ts';
import type { Database, Tx } from '../db/client.ts';
import { providerBudgets } from '../db/tables/accounts.ts';
import type { KnownLimits, RateLimits } from '../providers/provider.ts';
import { joinedLimits, NOTHING_KNOWN } from '../providers/rate-limits.ts';
import type { Timer, World } from '../world.ts';

/** Milliseconds between two writes of one account's row by this process; a limit that was hit is written at once. */
export const WRITE_EVERY_MS = 5_000;

export type BudgetRow = typeof providerBudgets.$inferSelect;

interface AccountKey {
  readonly tenantId: string;
  readonly id: string;
}

export interface Budgets {
  /** After a call: what it taught reaches the others, now or within a few seconds. Returns at once. */
  called(account: AccountKey, limits: RateLimits): void;
  /** What this process knows, without asking. */
  known(account: AccountKey): KnownLimits;
  /** What is known anywhere. */
  read(tenantId: string, ids: readonly string[]): Promise<ReadonlyMap<string, KnownLimits>>;
  /** Writes what waits, and nothing any more. */
  close(): Promise<void>;
}

export interface BudgetDeps {
  readonly database: Database;
  readonly world: World;
  /** Told of a write that failed; the next one makes up for it. */
  readonly onError: (error: unknown) => void;
}

interface Held {
  readonly account: AccountKey;
  readonly limits: RateLimits;
  /** What the row said when it was last written here, and the monotonic time of that. */
  written: KnownLimits;
  writtenAt: number;
  timer: Timer | null;
  writing: Promise<void> | null;
}

export function createBudgets({ database, world, onError }: BudgetDeps): Budgets {
  const accounts = new Map<string, Held>();
  let closed = false;

  async function write(held: Held): Promise<void> {
    const { account, limits } = held;
    held.timer?.cancel();
    held.timer = null;
    held.writtenAt = world.monotonic();
    const { known } = limits;
    let failed = false;
    try {
      const row = await database.withTenants([account.tenantId], (tx) => join(tx, account, known));
      held.written = row;
      limits.learn(row);
    } catch (error) {
      failed = true;
      onError(error);
    } finally {
      held.writing = null;
    }
    schedule(held, failed);
  }

  function schedule(held: Held, failed = false): void {
    if (closed || held.writing || held.limits.known === held.written) return;
    const { known } = held.limits;
    if (joinedLimits(held.written, known) === held.written) return;
    const isBlock = known.blockedUntil?.getTime() !== held.written.blockedUntil?.getTime();
    const wait = isBlock && !failed ? 0 : held.writtenAt + WRITE_EVERY_MS - world.monotonic();
    if (wait <= 0) held.writing = write(held);
    else held.timer ??= world.timer(wait, () => (held.writing ??= write(held)));
  }

  return {
    called(account, limits) {
      const key = `${account.tenantId} ${account.id}`;
      let held = accounts.get(key);
      // Connected anew, an account has another client.
      if (held?.limits !== limits) {
        held?.timer?.cancel();
        held = { account, limits, written: NOTHING_KNOWN, writtenAt: -WRITE_EVERY_MS, timer: null, writing: null };
        accounts.set(key, held);
      }
      schedule(held);
    },
    known: ({ tenantId, id }) => accounts.get(`${tenantId} ${id}`)?.limits.known ?? NOTHING_KNOWN,
    async read(tenantId, ids) {
      if (ids.length === 0) return new Map();
      const rows = await database.withTenants([tenantId], (tx) =>
        tx
          .select()
          .from(providerBudgets)
          .where(and(eq(providerBudgets.tenantId, tenantId), anyOf(providerBudgets.accountId, ids))),
      );
      const stored = new Map(rows.map((row) => [row.accountId, limitsOf(row)]));
      const knownOf = (id: string): KnownLimits => accounts.get(`${tenantId} ${id}`)?.limits.known ?? NOTHING_KNOWN;
      return new Map(ids.map((id) => [id, joinedLimits(stored.get(id) ?? NOTHING_KNOWN, knownOf(id))]));
    },
    async close() {
      closed = true;
      for (const held of accounts.values()) {
        if (held.timer) held.writing ??= write(held);
      }
      await Promise.all([...accounts.values()].map(({ writing }) => writing));
    },
  };
}

/** Brings what is known into the row, and answers what the row says then. */
async function join(tx: Tx, { tenantId, id: accountId }: AccountKey, known: KnownLimits): Promise<KnownLimits> {
  const isThis = and(eq(providerBudgets.tenantId, tenantId), eq(providerBudgets.accountId, accountId));
  const [row] = await tx.select().from(providerBudgets).where(isThis).for('update');
  const joined = row ? joinedLimits(limitsOf(row), known) : known;
  const { budget, blockedUntil } = joined;
  const values = {
    callLimit: budget?.limit ?? null,
    remaining: budget?.remaining ?? null,
    resetAt: budget?.resetAt ?? null,
    burstLimit: budget?.burst?.limit ?? null,
    burstRemaining: budget?.burst?.remaining ?? null,
    asOf: budget?.asOf ?? null,
    blockedUntil,
  };
  await tx
    .insert(providerBudgets)
    .values({ tenantId, accountId, ...values })
    .onConflictDoUpdate({
      target: [providerBudgets.tenantId, providerBudgets.accountId],
      // A row that another replica made since it was looked for may hold a block.
      set: { ...values, blockedUntil: sql`greatest(excluded.blocked_until, ${providerBudgets.blockedUntil})` },
    });
  return joined;
}

export function limitsOf(row: BudgetRow): KnownLimits {
  const { callLimit: limit, remaining, resetAt, burstLimit, burstRemaining, asOf, blockedUntil } = row;
  if (limit === null || remaining === null || asOf === null) return { budget: null, blockedUntil };
  const burst =
    burstLimit === null || burstRemaining === null ? null : { limit: burstLimit, remaining: burstRemaining };
  return { budget: { limit, remaining, resetAt, burst, asOf }, blockedUntil };
}
