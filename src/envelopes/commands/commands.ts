/**
 * Commands: wishes to change something at a provider, durable until their outcome is known. An attempt holds a fence,
 * written before a socket opens; whoever lost it writes nothing more.
 * @module
 */
import { and, eq, sql } from 'drizzle-orm';
import { anyOf } from '../../db/any-of.ts';
import type { Tx } from '../../db/client.ts';
import { dbNow } from '../../db/columns.ts';
import { commands } from '../../db/tables/commands.ts';
import { due } from '../../db/tables/due.ts';
import type { CommandRequest, Failure } from '../../model/envelope.ts';
import type { CommandKind } from '../../model/words.ts';
import type { World } from '../../world.ts';

export type CommandRow = typeof commands.$inferSelect;
/** A command in the hands of an attempt. */
export type ClaimedCommand = CommandRow & { readonly fence: string };

/**
 * How long an attempt holds its fence without renewing it: the time after which another process takes over from one
 * that has ended.
 */
export const LEASE_MS = 15_000;

/** Who asks, as the API was told. */
export interface Asking {
  /** Subject of the token; null or left out when no token asked. */
  readonly askedBy?: string | null;
}

export interface NewCommand extends Asking {
  readonly tenantId: string;
  readonly id: string;
  readonly envelopeId: string;
  readonly accountId: string;
  readonly kind: CommandKind;
  readonly request: CommandRequest;
}

/** Stores the wish, and that it is due at once: should this process end, another takes it up. */
export async function insertCommand(tx: Tx, command: NewCommand): Promise<void> {
  await tx.insert(commands).values({ ...command, state: 'INTENDED' });
  await tx.insert(due).values({ tenantId: command.tenantId, kind: 'COMMAND', id: command.id, dueAt: dbNow });
}

/** Takes the fence, or null when the command is settled, not due yet, or in other hands. */
export async function claimCommand(tx: Tx, world: World, tenantId: string, id: string): Promise<ClaimedCommand | null> {
  const fence = world.uuid();
  const leaseUntil = inMilliseconds(LEASE_MS);
  const [claimed] = await tx
    .update(commands)
    .set({
      state: 'ATTEMPTED',
      attempt: sql`${commands.attempt} + 1`,
      fence,
      leaseUntil,
      // An attempt that ended without a word may have reached the provider.
      doubtSince: sql`CASE WHEN ${commands.state} = 'ATTEMPTED' THEN coalesce(${commands.doubtSince}, ${commands.updatedAt}) ELSE ${commands.doubtSince} END`,
      updatedAt: dbNow,
    })
    .where(
      and(
        eq(commands.tenantId, tenantId),
        eq(commands.id, id),
        sql`(${commands.state} = 'INTENDED' AND coalesce(${commands.nextTryAt}, '-infinity') <= countersign_now()
          OR ${commands.state} = 'UNCERTAIN' AND ${commands.nextTryAt} <= countersign_now()
          OR ${commands.state} = 'ATTEMPTED' AND ${commands.leaseUntil} <= countersign_now())`,
      ),
    )
    .returning();
  if (!claimed) return null;
  await tx
    .insert(due)
    .values({ tenantId, kind: 'COMMAND', id, dueAt: leaseUntil })
    .onConflictDoUpdate({
      target: [due.tenantId, due.kind, due.id],
      set: { dueAt: leaseUntil },
    });
  return { ...claimed, fence };
}

export function inMilliseconds(milliseconds: number) {
  return sql`countersign_now() + ${`${milliseconds} milliseconds`}::interval`;
}

/** Holds on for as long again; false when the fence was lost. */
export async function renewLease(tx: Tx, command: ClaimedCommand): Promise<boolean> {
  const leaseUntil = inMilliseconds(LEASE_MS);
  const renewed = await tx
    .update(commands)
    .set({ leaseUntil })
    .where(holdsFence(command))
    .returning({ id: commands.id });
  if (renewed.length === 0) return false;
  await tx.update(due).set({ dueAt: leaseUntil }).where(isDue(command));
  return true;
}

export type Settlement =
  | { readonly state: 'DONE' }
  | { readonly state: 'REFUSED'; readonly failure: Failure }
  /** To be tried again: INTENDED when nothing reached the provider, UNCERTAIN when something may have. */
  | { readonly state: 'INTENDED' | 'UNCERTAIN'; readonly failure: Failure; readonly retryInMs: number }
  /** May have reached the provider, and nobody can tell: nothing more is done. */
  | { readonly state: 'UNCERTAIN'; readonly failure: Failure; readonly retryInMs: null };

/** Writes how the attempt ended, and lets go; false when the fence was lost: then nothing may be written. */
export async function settleCommand(tx: Tx, command: ClaimedCommand, outcome: Settlement): Promise<boolean> {
  const retryInMs = 'retryInMs' in outcome ? outcome.retryInMs : null;
  const nextTryAt = retryInMs === null ? null : inMilliseconds(retryInMs);
  const settled = await tx
    .update(commands)
    .set({
      state: outcome.state,
      failure: outcome.state === 'DONE' ? null : outcome.failure,
      nextTryAt,
      leaseUntil: null,
      fence: null,
      doubtSince:
        outcome.state === 'UNCERTAIN'
          ? sql`coalesce(${commands.doubtSince}, ${commands.updatedAt})`
          : sql`${commands.doubtSince}`,
      updatedAt: dbNow,
    })
    .where(holdsFence(command))
    .returning({ id: commands.id });
  if (settled.length === 0) return false;
  if (nextTryAt) await tx.update(due).set({ dueAt: nextTryAt }).where(isDue(command));
  else await tx.delete(due).where(isDue(command));
  return true;
}

/** True, with the row locked, while the fence is still ours. */
export async function keepsFence(tx: Tx, command: ClaimedCommand): Promise<boolean> {
  const held = await tx.select({ id: commands.id }).from(commands).where(holdsFence(command)).for('update');
  return held.length > 0;
}

function isDue({ tenantId, id }: CommandRow) {
  return and(eq(due.tenantId, tenantId), eq(due.kind, 'COMMAND'), eq(due.id, id));
}

function holdsFence(command: ClaimedCommand) {
  return and(eq(commands.tenantId, command.tenantId), eq(commands.id, command.id), eq(commands.fence, command.fence));
}

export async function findCommands(tx: Tx, tenantId: string, ids: readonly string[]): Promise<CommandRow[]> {
  if (ids.length === 0) return [];
  return tx
    .select()
    .from(commands)
    .where(and(eq(commands.tenantId, tenantId), anyOf(commands.id, ids)));
}

export async function commandsOf(tx: Tx, tenantId: string, envelopeIds: readonly string[]): Promise<CommandRow[]> {
  if (envelopeIds.length === 0) return [];
  return tx
    .select()
    .from(commands)
    .where(and(eq(commands.tenantId, tenantId), anyOf(commands.envelopeId, envelopeIds)))
    .orderBy(commands.createdAt, commands.id);
}

/** True when nothing more will be tried: it is settled, or its doubt is one that nobody can end. */
export function isOver({ state, nextTryAt }: Pick<CommandRow, 'state' | 'nextTryAt'>): boolean {
  return state === 'DONE' || state === 'REFUSED' || (state === 'UNCERTAIN' && nextTryAt === null);
}
