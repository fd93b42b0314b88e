/**
 * What webhooks missed, found by asking an account once in a while what has changed since it was last asked. Replicas
 * share one sweep per account: who takes its row of `due` does it, and holds on to it page by page.
 * @module
 */
import { and, eq, inArray, sql } from 'drizzle-orm';
import { dbNow } from '../db/columns.ts';
import { accounts as accountRows, routes } from '../db/tables/accounts.ts';
import { due } from '../db/tables/due.ts';
import { envelopes } from '../db/tables/envelopes.ts';
import type { CommandDeps } from '../envelopes/deps.ts';
import { inMilliseconds } from '../envelopes/commands/commands.ts';
import { lockSighted, observe } from '../envelopes/state/observe.ts';
import { lookUpsWaitUntil } from '../envelopes/reading/reserve.ts';
import type { Sighting } from '../model/observation.ts';
import { Problem } from '../model/problems.ts';
import { addMilliseconds } from '../model/time.ts';

/** Milliseconds by which a sweep reaches back behind the one before: lists lag behind, and clocks differ. */
const OVERLAP_MS = 15 * 60_000;
/** How long a page has, in milliseconds, before the sweep counts as dropped. */
const PAGE_MS = 120_000;

export interface SweepOptions extends CommandDeps {
  /** Milliseconds between two sweeps of an account; 0 for none. */
  readonly sweepMs: number;
}

interface Account {
  readonly tenantId: string;
  readonly accountId: string;
}

/** Sees to it that every account has its turn, such as those that were connected before there were sweeps. */
export async function scheduleSweeps({ database, sweepMs }: SweepOptions): Promise<void> {
  await database.withTenants([], async (tx) => {
    if (sweepMs === 0) {
      await tx.delete(due).where(eq(due.kind, 'SWEEP'));
      return;
    }
    await tx.execute(sql`
      INSERT INTO due (tenant_id, kind, id, due_at)
      SELECT ${routes.tenantId}, 'SWEEP', ${routes.accountId}, ${inMilliseconds(sweepMs)}
      FROM routes WHERE ${routes.kind} = 'WEBHOOK' GROUP BY ${routes.tenantId}, ${routes.accountId}
      ON CONFLICT (tenant_id, kind, id) DO UPDATE SET due_at = least(due.due_at, excluded.due_at)`);
  });
}

/** One sweep, by whoever has taken it; then the account's next turn stands in `due`. */
export async function sweep(options: SweepOptions, account: Account, stopped: AbortSignal): Promise<void> {
  const { accounts, world, logger, sweepMs } = options;
  const { tenantId, accountId } = account;
  const row = (await accounts.get(tenantId, [accountId])).get(accountId);
  if (sweepMs === 0 || !row || row.disconnectedAt !== null) return next(options, account, null);
  try {
    const client = await accounts.client(tenantId, accountId);
    if (!client.changedSince) return await next(options, account, null);
    const waitUntil = client.limits ? lookUpsWaitUntil(client.limits.known, 1, world.now()) : null;
    if (waitUntil) return await next(options, account, waitUntil);
    const began = world.now();
    const since = addMilliseconds(row.sweptAt ?? row.createdAt, -OVERLAP_MS);
    let news = 0;
    let page: string | null = null;
    do {
      // Still ours for another page.
      await next(options, account, addMilliseconds(world.now(), PAGE_MS));
      const answer = await client.changedSince({ since, page });
      news += await take(options, account, answer.sightings);
      ({ next: page } = answer);
      // Another process does it anew.
      if (page !== null && stopped.aborted) return await next(options, account, world.now());
    } while (page !== null);
    await options.database.withTenants([tenantId], (tx) =>
      tx
        .update(accountRows)
        .set({ sweptAt: began })
        .where(and(eq(accountRows.tenantId, tenantId), eq(accountRows.id, accountId))),
    );
    if (news > 0) logger.warn({ tenantId, accountId, count: news }, 'a sweep found what no webhook had told');
    await next(options, account, addMilliseconds(world.now(), sweepMs));
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    // From where the last whole sweep began, so what this one has not reached is not lost.
    logger.warn({ tenantId, accountId, code: error.code }, 'a sweep was refused and comes again');
    const again = addMilliseconds(world.now(), sweepMs);
    await next(options, account, error.retryAfter && error.retryAfter < again ? error.retryAfter : again);
  }
}

/** Brings a page into the cache; answers how many envelopes it told news of. */
async function take(
  { database, world, bus }: SweepOptions,
  { tenantId, accountId }: Account,
  sightings: readonly Sighting[],
): Promise<number> {
  const news = await database.withTenants([tenantId], async (tx) => {
    // The account's other envelopes, which somebody sent without us, are nobody's business here: none waits for its send.
    const sighted = sightings.map((sighting) => {
      return { tenantId, accountId, sighting: { ...sighting, foreign: true }, deliveryId: null };
    });
    const observed = await observe(tx, world, await lockSighted(tx, sighted), sighted);
    // A list counts as a read of each in it, for how fresh it is and for the polling rule.
    const ids = observed.flatMap(({ envelopeId }) => envelopeId ?? []);
    await tx
      .update(envelopes)
      .set({ syncedAt: dbNow, syncSource: 'SWEEP', polledAt: dbNow })
      .where(and(eq(envelopes.tenantId, tenantId), inArray(envelopes.id, ids)));
    return observed.filter(({ effect }) => effect === 'APPLIED').length;
  });
  bus.hint([tenantId]);
  return news;
}

function isTurnOf({ tenantId, accountId }: Account) {
  return and(eq(due.tenantId, tenantId), eq(due.kind, 'SWEEP'), eq(due.id, accountId));
}

/** Null for never. */
async function next({ database, world }: SweepOptions, account: Account, at: Date | null): Promise<void> {
  await database.withTenants([], (tx) =>
    at === null
      ? tx.delete(due).where(isTurnOf(account))
      : tx
          .update(due)
          .set({ dueAt: inMilliseconds(Math.max(1_000, at.getTime() - world.now().getTime())) })
          .where(isTurnOf(account)),
  );
}
