/**
 * One attempt at a command: claim it, talk to the provider with no transaction open, settle it. Safe to call from
 * anywhere at any time: the claim decides who may.
 * @module
 */
import { due } from '../../db/tables/due.ts';
import type { Failure } from '../../model/envelope.ts';
import { OutcomeUnknown, Problem, ProviderUnavailable } from '../../model/problems.ts';
import { type Instant, instantOf } from '../../model/time.ts';
import type { CommandKind } from '../../model/words.ts';
import { inSpan } from '../../telemetry/tracing.ts';
import type { Timer, World } from '../../world.ts';
import {
  type ClaimedCommand,
  claimCommand,
  inMilliseconds,
  LEASE_MS,
  renewLease,
  type Settlement,
  settleCommand,
} from './commands.ts';
import { type Edit, joinLocal, joinObservation, lockEnvelopes, saveEdits } from '../state/edit.ts';
import { failureOf } from './failure.ts';
import type { CommandDeps } from '../deps.ts';
import { type Achieved, FenceLost } from './attempt.ts';
import { attemptCorrect, attemptRemind } from './attempt-recipients.ts';
import { attemptSend } from './attempt-send.ts';
import { attemptVoid } from './attempt-void.ts';

/** How long the provider's own news has to come before it is asked what a command came to. */
const READ_SOON_MS = 5_000;
/** The longest that the first and the last wait between two attempts are. */
const FIRST_RETRY_MS = 500;
const LAST_RETRY_MS = 300_000;

const ATTEMPTS: Readonly<Record<CommandKind, (deps: CommandDeps, command: ClaimedCommand) => Promise<Achieved>>> = {
  SEND: attemptSend,
  VOID: attemptVoid,
  REMIND: attemptRemind,
  CORRECT: attemptCorrect,
};

/** Runs one attempt, if one is due. True when it did. */
export async function runCommand(deps: CommandDeps, tenantId: string, commandId: string): Promise<boolean> {
  const { running } = deps;
  const attempt = claimAndRun(deps, tenantId, commandId).finally(() => running.delete(attempt));
  running.add(attempt);
  return attempt;
}

async function claimAndRun(deps: CommandDeps, tenantId: string, commandId: string): Promise<boolean> {
  const { database, world } = deps;
  const command = await database.withTenants([tenantId], (tx) => claimCommand(tx, world, tenantId, commandId));
  if (!command) return false;
  const { id, kind, attempt } = command;
  const attributes = { 'countersign.command_id': id, 'countersign.kind': kind, 'countersign.attempt': attempt };
  await inSpan(
    'command attempt',
    { attributes, ended: (state) => ({ attributes: { 'countersign.state': state } }) },
    () => run(deps, command),
  );
  return true;
}

/** Answers the state that the attempt left, or that it left none. */
async function run(deps: CommandDeps, command: ClaimedCommand): Promise<Settlement['state'] | 'FENCE_LOST'> {
  const { world } = deps;
  const { tenantId, id: commandId } = command;
  const renewal = keepRenewing(deps, command);
  const began = world.monotonic();
  const end = async (outcome: Settlement, achieved: Achieved): Promise<Settlement['state']> => {
    await settle(deps, command, outcome, achieved);
    deps.metrics.attempt(command.kind, outcome.state, world.monotonic() - began);
    return outcome.state;
  };
  try {
    const achieved = await ATTEMPTS[command.kind](deps, command);
    return await end({ state: 'DONE' }, achieved);
  } catch (error) {
    if (error instanceof FenceLost) return 'FENCE_LOST';
    if (!(error instanceof Problem || error instanceof OutcomeUnknown)) {
      deps.logger.error({ tenantId, commandId, err: error }, 'a command failed inside countersign');
    }
    return await end(settlementOf(error, command, world), { observations: [], readSoon: false });
  } finally {
    renewal.cancel();
  }
}

/** Renews the lease while the attempt lives. A renewal that fails is only late: the fence decides what may be written. */
function keepRenewing({ database, world }: CommandDeps, command: ClaimedCommand): Timer {
  let timer: Timer;
  let stopped = false;
  const again = (): void => {
    timer = world.timer(LEASE_MS / 3, () => {
      void database
        .withTenants([command.tenantId], (tx) => renewLease(tx, command))
        .catch(() => true)
        .then((held) => (held && !stopped ? again() : undefined));
    });
  };
  again();
  return {
    cancel: () => {
      stopped = true;
      timer.cancel();
    },
  };
}

function settlementOf(error: unknown, command: ClaimedCommand, world: World): Settlement {
  const failure = failureOf(error, world.now());
  const retryInMs = retryDelay(error, command, world);
  if (error instanceof ProviderUnavailable) {
    return { state: command.doubtSince ? 'UNCERTAIN' : 'INTENDED', failure, retryInMs };
  }
  // What a provider or our own rules refuse is refused; anything else may have happened.
  if (error instanceof Problem) return { state: 'REFUSED', failure };
  // No look-up shows whether a mail went out, and a second one is not for us to send: the doubt stays.
  if (command.kind === 'REMIND') return { state: 'UNCERTAIN', failure, retryInMs: null };
  return { state: 'UNCERTAIN', failure, retryInMs };
}

/** Soon at first, then doubling to five minutes, with jitter; never before the provider wants to be asked again. */
function retryDelay(error: unknown, command: ClaimedCommand, world: World): number {
  const ceiling = Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.min(command.attempt - 1, 12));
  const backoff = Math.round(ceiling * (0.4 + 0.6 * world.random()));
  const asked = error instanceof Problem || error instanceof OutcomeUnknown ? error.retryAfter : null;
  return asked ? Math.max(backoff, asked.getTime() - world.now().getTime()) : backoff;
}

async function settle(
  deps: CommandDeps,
  command: ClaimedCommand,
  outcome: Settlement,
  achieved: Achieved,
): Promise<void> {
  const { database, world, bus } = deps;
  const { tenantId, envelopeId } = command;
  await database.withTenants([tenantId], async (tx) => {
    const [edit] = await lockEnvelopes(tx, [{ tenantId, id: envelopeId }]);
    if (!(await settleCommand(tx, command, outcome)) || !edit) return;
    for (const observation of achieved.observations) joinObservation(edit, observation);
    if (outcome.state === 'DONE' || outcome.state === 'REFUSED') {
      closeCommand(edit, command, outcome.state === 'REFUSED' ? outcome.failure : null, instantOf(world.now()));
    }
    if (achieved.readSoon || (outcome.state === 'REFUSED' && command.kind !== 'SEND')) {
      const dueAt = inMilliseconds(READ_SOON_MS);
      await tx.insert(due).values({ tenantId, kind: 'READ', id: envelopeId, dueAt }).onConflictDoNothing();
    }
    await saveEdits(tx, world, [edit]);
  });
  bus.hint([tenantId]);
}

function closeCommand(edit: Edit, command: ClaimedCommand, failure: Failure | null, at: Instant): void {
  if (command.kind === 'VOID') joinLocal(edit, { kind: 'VOIDING', status: 'SETTLED', at });
  if (command.kind === 'SEND' && failure) {
    edit.failure = failure;
    joinLocal(edit, { kind: 'PHASE', phase: 'FAILED', at });
  }
}
