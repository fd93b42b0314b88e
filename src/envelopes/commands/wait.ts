/**
 * Running a command now and waiting for its outcome, whichever process gets to run it. This is the one place where a
 * mutation waits for its command, and the wait as a whole has the deadline: no step of it can outlast that.
 * @module
 */
import { NotFound } from '../../model/problems.ts';
import type { CommandDeps } from '../deps.ts';
import { type CommandRow, findCommands, isOver } from './commands.ts';
import type { EnvelopeRow } from '../state/edit.ts';
import { refusalOf } from './failure.ts';
import { findEnvelope } from '../state/read.ts';
import { runCommand } from './run-command.ts';
import { type Deadline, settledWithin } from '../../world.ts';

/** Another process may be at it, or a retry may be due soon: how often its row is looked at. */
const LOOK_MS = 150;

/** Returns when nothing more will be tried, or at the deadline. What is under way then goes on in the background. */
export async function runUntil(
  deps: CommandDeps,
  tenantId: string,
  commandId: string,
  deadline: Deadline,
): Promise<void> {
  const left = new AbortController();
  try {
    await settledWithin(deps.world, deadline.left(), runToItsEnd(deps, tenantId, commandId, left.signal));
  } finally {
    left.abort();
  }
}

/** Tries until nothing more will be tried, or the request stops waiting: then the runner goes on. */
async function runToItsEnd(deps: CommandDeps, tenantId: string, commandId: string, left: AbortSignal): Promise<void> {
  const { database, world, logger } = deps;
  while (!left.aborted) {
    await runCommand(deps, tenantId, commandId).catch((error: unknown) =>
      // The database failed: the command is still there and due.
      logger.error({ tenantId, commandId, err: error }, 'a command could not be run now'),
    );
    if (left.aborted) return;
    const [command] = await database.withTenants([tenantId], (tx) => findCommands(tx, tenantId, [commandId]));
    if (!command || isOver(command)) return;
    await world.sleep(LOOK_MS, left);
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
