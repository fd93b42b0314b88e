/**
 * Running a command now and waiting for its outcome, whichever process gets to run it.
 * @module
 */
import { NotFound } from '../model/problems.ts';
import type { CommandDeps } from './attempt.ts';
import { type CommandRow, findCommands, isOver } from './commands.ts';
import type { EnvelopeRow } from './edit.ts';
import { refusalOf } from './failure.ts';
import { findEnvelope } from './read.ts';
import { runCommand } from './run-command.ts';

/** Another process may be at it, or a retry may be due soon: how often its row is looked at. */
const LOOK_MS = 150;

/** Returns when nothing more will be tried or `waitMs` have passed. The attempt goes on in any case. */
export async function runUntil(deps: CommandDeps, tenantId: string, commandId: string, waitMs: number): Promise<void> {
  const { database, world, logger } = deps;
  const deadline = world.monotonic() + waitMs;
  const running = runCommand(deps, tenantId, commandId).catch((error: unknown) => {
    // The database failed: the command is still there and due, so the runner takes it up.
    logger.error({ tenantId, commandId, err: error }, 'a command could not be run now');
    return false;
  });
  const done = new AbortController();
  const timeLeft = () => Math.max(0, deadline - world.monotonic());
  await Promise.race([running, world.sleep(timeLeft(), done.signal)]);
  done.abort();
  while (timeLeft() > 0) {
    const [command] = await database.withTenants([tenantId], (tx) => findCommands(tx, tenantId, [commandId]));
    if (!command || isOver(command)) return;
    await world.sleep(Math.min(LOOK_MS, timeLeft()));
    await runCommand(deps, tenantId, commandId).catch(() => false);
  }
}

/** The command and its envelope as they stand. A refusal is thrown, and again whenever it is asked for. */
export async function outcomeOf(
  { database }: CommandDeps,
  tenantId: string,
  commandId: string,
): Promise<{ envelope: EnvelopeRow; command: CommandRow }> {
  return database.withTenants([tenantId], async (tx) => {
    const [command] = await findCommands(tx, tenantId, [commandId]);
    const envelope = command ? await findEnvelope(tx, tenantId, command.envelopeId) : null;
    if (!command || !envelope) throw new NotFound('envelope');
    if (command.state === 'REFUSED' && command.failure) throw refusalOf(command.failure, envelope);
    return { envelope, command };
  });
}
