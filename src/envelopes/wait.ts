/**
 * Running a command now and waiting for its outcome, whichever process gets to run it.
 * @module
 */
import type { CommandDeps } from './attempt.ts';
import { findCommands, isSettled } from './commands.ts';
import { runCommand } from './run-command.ts';

/** Another process may be at it, or a retry may be due soon: how often its row is looked at. */
const LOOK_MS = 150;

/** Returns when the command is settled or `waitMs` have passed. The attempt goes on in any case. */
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
    if (!command || isSettled(command.state)) return;
    await world.sleep(Math.min(LOOK_MS, timeLeft()));
    await runCommand(deps, tenantId, commandId).catch(() => false);
  }
}
