/**
 * Making and sending envelopes. One transaction stores envelope, command and key; then the command runs at once in this
 * process, and would be taken up by another if this one ended.
 * @module
 */
import { InvalidInput, NotFound, WrongState } from '../../model/problems.ts';
import { uuidOf } from '../../model/ids.ts';
import { instantOf } from '../../model/time.ts';
import type { Tx } from '../../db/client.ts';
import type { CommandDeps } from '../deps.ts';
import { type CheckDeps, checkInput, checkUnlessRepeated, fetchTime } from '../input/check-input.ts';
import { type Asking, type CommandRow, insertCommand, type NewCommand } from './commands.ts';
import type { CheckedEnvelope } from '../input/checked-envelope.ts';
import { insertEnvelope } from '../drafts/create.ts';
import { type EnvelopeRow, joinLocal, lockEnvelopes, saveEdits } from '../state/edit.ts';
import { claimKey, hashRequest } from '../input/idempotency.ts';
import type { EnvelopeInput } from '../input/input.ts';
import { Issues } from '../input/issues.ts';
import type { Preflight } from '../input/preflight.ts';
import { findEnvelope } from '../state/read.ts';
import { outcomeOf, runUntil } from './wait.ts';
import { deadlineIn } from '../../world.ts';

export type SendDeps = CommandDeps & CheckDeps;

export interface SendRequest extends Asking {
  readonly idempotencyKey: string;
  readonly waitMs: number;
  readonly what: { readonly draftId: string } | { readonly envelope: EnvelopeInput };
}

export interface SendResult {
  readonly envelope: EnvelopeRow;
  readonly command: CommandRow;
  /** True when an earlier request with this key did it. */
  readonly replayed: boolean;
}

/**
 * Sends once per key, and answers once `waitMs` have passed, whatever the provider does. A refusal within that time is
 * thrown. Fetching documents from addresses counts as waiting, and alone may take longer (see `fetchTime`).
 */
export async function sendEnvelope(deps: SendDeps, tenantId: string, request: SendRequest): Promise<SendResult> {
  const { database, world } = deps;
  const { idempotencyKey: key, what, waitMs } = request;
  const deadline = deadlineIn(world, waitMs);
  const issues = new Issues();
  issues.key(key);
  issues.wait(waitMs);
  const [commandId, envelopeId] = [world.uuid(), world.uuid()];
  const claim = { tenantId, operation: 'sendEnvelope', key, requestHash: hashRequest(what), resultId: commandId };
  const checked =
    'envelope' in what
      ? await checkUnlessRepeated(
          deps,
          tenantId,
          claim,
          what.envelope,
          issues.under('what', 'envelope'),
          fetchTime(waitMs),
        )
      : issues.raise();
  const claimedId = await database.withTenants([tenantId], async (tx) => {
    const claimed = await claimKey(tx, claim, world.now());
    if (claimed !== commandId) return claimed;
    const command = { id: commandId, askedBy: request.askedBy ?? null };
    if ('draftId' in what) await intendDraft(tx, deps, tenantId, what.draftId, command);
    else if (checked) await intendNew(tx, deps, tenantId, envelopeId, checked, command);
    else throw new NotFound('earlier request with this key');
    return commandId;
  });
  deps.bus.hint([tenantId]);
  await runUntil(deps, tenantId, claimedId, deadline);
  return { ...(await outcomeOf(deps, tenantId, claimedId)), replayed: claimedId !== commandId };
}

/** A draft in the cache alone: nothing is said to the provider. */
export async function createEnvelope(
  deps: SendDeps,
  tenantId: string,
  request: { readonly envelope: EnvelopeInput; readonly idempotencyKey: string | null },
): Promise<EnvelopeRow> {
  const { database, world, bus } = deps;
  const { envelope, idempotencyKey: key } = request;
  const issues = new Issues();
  issues.key(key);
  const id = world.uuid();
  const operation = 'createEnvelope';
  const claim = key === null ? null : { tenantId, operation, key, requestHash: hashRequest(envelope), resultId: id };
  const checked = await checkUnlessRepeated(deps, tenantId, claim, envelope, issues.under('envelope'));
  const madeId = await database.withTenants([tenantId], async (tx) => {
    const claimed = claim && (await claimKey(tx, claim, world.now()));
    if (claimed !== null && claimed !== id) return claimed;
    if (!checked) throw new NotFound('earlier request with this key');
    await insertEnvelope(tx, world, tenantId, id, checked);
    const [edit] = await lockEnvelopes(tx, [{ tenantId, id }]);
    if (edit) {
      const occurredAt = instantOf(edit.row.createdAt);
      const change = {
        type: 'ENVELOPE_CREATED' as const,
        occurredAt,
        status: 'DRAFT' as const,
        recipient: null,
        recipientStatus: null,
      };
      edit.changes.push({ change, source: 'GATEWAY' });
      await saveEdits(tx, world, [edit]);
    }
    return id;
  });
  bus.hint([tenantId]);
  const row = await database.withTenants([tenantId], (tx) => findEnvelope(tx, tenantId, madeId));
  if (!row) throw new NotFound('envelope');
  return row;
}

/** Every fault of an envelope, without making one; answers what was seen of its documents. */
export async function validateEnvelope(deps: CheckDeps, tenantId: string, envelope: EnvelopeInput): Promise<Preflight> {
  return (await checkInput(deps, tenantId, envelope, new Issues(['envelope']))).preflight;
}

async function intendNew(
  tx: Tx,
  { world }: CommandDeps,
  tenantId: string,
  id: string,
  checked: CheckedEnvelope,
  command: Pick<NewCommand, 'id' | 'askedBy'>,
): Promise<void> {
  await insertEnvelope(tx, world, tenantId, id, checked);
  await intendSend(tx, world, tenantId, id, command);
}

async function intendDraft(
  tx: Tx,
  { world }: CommandDeps,
  tenantId: string,
  draftId: string,
  command: Pick<NewCommand, 'id' | 'askedBy'>,
): Promise<void> {
  const id = uuidOf('Envelope', draftId);
  if (id === null) throw new NotFound('envelope');
  const row = await findEnvelope(tx, tenantId, id);
  // The provider would count at least a day from now on, and keep it for longer than was asked.
  if (row?.status === 'DRAFT' && row.expiresAt && row.expiresAt <= world.now()) {
    const message = `This draft was to expire at ${row.expiresAt.toISOString()}, which is past.`;
    const suggestion = 'Give it another `expiresAt` by `updateDraft`, or none.';
    throw new InvalidInput([{ code: 'OUT_OF_RANGE', message, path: ['what', 'draftId'], suggestion }]);
  }
  await intendSend(tx, world, tenantId, id, command);
}

async function intendSend(
  tx: Tx,
  world: CommandDeps['world'],
  tenantId: string,
  id: string,
  command: Pick<NewCommand, 'id' | 'askedBy'>,
): Promise<void> {
  const [edit] = await lockEnvelopes(tx, [{ tenantId, id }]);
  if (!edit) throw new NotFound('envelope');
  if (edit.row.status !== 'DRAFT') {
    throw new WrongState(`Only a DRAFT can be sent; this envelope is ${edit.row.status}.`, edit.row.status);
  }
  await insertCommand(tx, {
    ...command,
    tenantId,
    envelopeId: id,
    accountId: edit.row.accountId,
    kind: 'SEND',
    request: {},
  });
  joinLocal(edit, { kind: 'PHASE', phase: 'SENDING', at: instantOf(world.now()) });
  await saveEdits(tx, world, [edit]);
}
