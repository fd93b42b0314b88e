/**
 * Does what is due: commands whose process ended or whose retry has come, reads that news called for, and documents that
 * nobody sent. Any number of replicas may run one; what is taken is pushed into the future, so that it comes again should the taker end.
 * @module
 */
import { and, eq, sql } from 'drizzle-orm';
import { z } from 'zod';
import { type Database, rowsOf } from '../db/client.ts';
import { due } from '../db/tables/due.ts';
import { removeUnused } from '../documents/unused.ts';
import type { LookUps } from '../envelopes/reading/look-up.ts';
import { findEnvelope } from '../envelopes/state/read.ts';
import { runCommand } from '../envelopes/commands/run-command.ts';
import { scheduleSweeps, sweep, type SweepOptions } from './sweep.ts';

export interface RunnerOptions extends SweepOptions {
  readonly lookUps: LookUps;
  /** Milliseconds between two looks at what is due. */
  readonly pollMs?: number;
}

export interface Runner {
  /** Does all that is due now, and begins its sweeps; for tests, and for those who can't wait for the next look. */
  runDue(): Promise<void>;
  /** Stops looking and waits for what is being done. */
  stop(): Promise<void>;
}

const BATCH = 20;
/** While so many sweeps are under way here, no more are taken. */
const MAX_SWEEPS = 4;
/** How long a taker has before its work counts as dropped. */
const TAKEN_MS = 60_000;

const Taken = z.object({
  tenant_id: z.string(),
  kind: z.enum(['COMMAND', 'READ', 'DOCUMENT', 'SWEEP']),
  id: z.string(),
  due_at: z.string(),
});
type Taken = z.infer<typeof Taken>;

export function startRunner(options: RunnerOptions): Runner {
  const { database, world, logger, pollMs = 500 } = options;
  const stop = new AbortController();

  /** A sweep may turn many pages: nothing else waits for it. */
  const sweeping = new Set<Promise<void>>();
  const begin = (sweep: Promise<void>): void => {
    sweeping.add(sweep);
    void sweep.finally(() => sweeping.delete(sweep));
  };

  const runDue = async (): Promise<void> => {
    for (;;) {
      const taken = await takeDue(database, sweeping.size < MAX_SWEEPS);
      const [sweeps, rest] = [taken.filter(isSweep), taken.filter((item) => !isSweep(item))];
      for (const item of sweeps) begin(perform(options, item, stop.signal));
      await Promise.all(rest.map((item) => perform(options, item, stop.signal)));
      if (taken.length < BATCH || stop.signal.aborted) return;
    }
  };

  const loop = (async () => {
    await scheduleSweeps(options).catch((error: unknown) =>
      logger.error({ err: error }, 'the sweeps could not be scheduled'),
    );
    while (!stop.signal.aborted) {
      await world.sleep(pollMs, stop.signal);
      if (stop.signal.aborted) return;
      await runDue().catch((error: unknown) =>
        logger.error({ err: error }, 'the runner could not look at what is due'),
      );
    }
  })();

  return {
    runDue,
    stop: async () => {
      stop.abort();
      await loop;
      await Promise.all(sweeping);
    },
  };
}

function isSweep({ kind }: Taken): boolean {
  return kind === 'SWEEP';
}

async function takeDue(database: Database, withSweeps: boolean): Promise<Taken[]> {
  const rows = await database.withTenants([], (tx) =>
    rowsOf(
      tx,
      sql`UPDATE due SET due_at = countersign_now() + ${`${TAKEN_MS} milliseconds`}::interval
      WHERE (tenant_id, kind, id) IN (
        SELECT tenant_id, kind, id FROM due WHERE due_at <= countersign_now() AND (${withSweeps} OR kind <> 'SWEEP')
        ORDER BY due_at LIMIT ${BATCH} FOR UPDATE SKIP LOCKED)
      RETURNING tenant_id::text AS tenant_id, kind, id::text AS id, due_at::text AS due_at`,
    ),
  );
  return z.array(Taken).parse(rows);
}

async function perform(options: RunnerOptions, item: Taken, stopped: AbortSignal): Promise<void> {
  const { tenant_id: tenantId, kind, id } = item;
  try {
    if (kind === 'COMMAND') await runCommand(options, tenantId, id);
    else if (kind === 'READ') await read(options, item);
    else if (kind === 'SWEEP') await sweep(options, { tenantId, accountId: id }, stopped);
    else await options.database.withTenants([tenantId], (tx) => removeUnused(tx, tenantId, id));
  } catch (error) {
    options.logger.error({ tenantId, kind, id, err: error }, 'what was due failed and comes again');
  }
}

/** Done with once the provider has answered; else it comes again when the taker's time is over. */
async function read({ database, lookUps }: RunnerOptions, item: Taken): Promise<void> {
  const { tenant_id: tenantId, id } = item;
  const envelope = await database.withTenants([tenantId], (tx) => findEnvelope(tx, tenantId, id));
  if (envelope) {
    const answer = await lookUps.lookUp(envelope, { urgent: true });
    if (answer.outcome === 'UNAVAILABLE') return;
  }
  await database.withTenants([], (tx) =>
    // What called for it again meanwhile has made it due at another time: that read is still to come.
    tx
      .delete(due)
      .where(
        and(
          eq(due.tenantId, tenantId),
          eq(due.kind, 'READ'),
          eq(due.id, id),
          sql`${due.dueAt} = ${item.due_at}::timestamptz`,
        ),
      ),
  );
}
