/**
 * Sending in two phases: make a draft that carries our id, store its id, release it. A lost answer leaves at most a
 * draft that no recipient ever saw, and only the draft whose id is stored is ever released.
 * @module
 */
import { NotFound } from '../../model/problems.ts';
import { publicId } from '../../model/ids.ts';
import { instantOf, type Instant } from '../../model/time.ts';
import type { Correlation, Draft, ProviderClient } from '../../providers/provider.ts';
import { type ClaimedCommand, keepsFence } from './commands.ts';
import { loadContent } from './content.ts';
import { type EnvelopeRow, lockEnvelopes, saveEdits } from '../state/edit.ts';
import { learnProviderId } from '../state/park.ts';
import { findEnvelope } from '../state/read.ts';
import type { CommandDeps } from '../deps.ts';
import { type Achieved, FenceLost, waitForLanding } from './attempt.ts';
import { scheduleReads } from '../state/observe.ts';

const LOOK_AGAIN_MS = 2_000;

export async function attemptSend(deps: CommandDeps, command: ClaimedCommand): Promise<Achieved> {
  const { database, accounts } = deps;
  const { tenantId, accountId, envelopeId } = command;
  const envelope = await database.withTenants([tenantId], (tx) => findEnvelope(tx, tenantId, envelopeId));
  if (!envelope) throw new NotFound('envelope');
  const client = await accounts.client(tenantId, accountId);
  const draft = envelope.providerId === null ? await makeDraft(deps, client, command, envelope) : null;
  const providerId = envelope.providerId ?? (draft && (await storeDraft(deps, command, draft)));
  if (!providerId) throw new FenceLost('the draft was stored by nobody');
  await client.release(providerId);
  // Told with the draft's time: not later than anything its recipients do, by the provider's own clock.
  const at: Instant = draft?.at ?? instantOf(envelope.createdAt);
  const sent = { kind: 'PROGRESS' as const, at, status: 'SENT' as const, providerStatus: 'sent' };
  return {
    observations: [{ source: 'COMMAND', sawEnd: null, envelope: [sent], recipients: [], details: [] }],
    readSoon: false,
  };
}

async function makeDraft(
  deps: CommandDeps,
  client: ProviderClient,
  command: ClaimedCommand,
  envelope: EnvelopeRow,
): Promise<Draft> {
  const correlation: Correlation = {
    commandId: command.id,
    envelopeId: publicId('Envelope', envelope.id),
    since: command.doubtSince ?? command.updatedAt,
  };
  if (command.doubtSince) {
    for (;;) {
      const found = await client.findDraft(correlation);
      if (found) return found;
      if (!(await waitForLanding(deps, command, LOOK_AGAIN_MS))) break;
    }
  }
  return client.createDraft(await loadContent(deps.database, envelope), correlation);
}

/** The provider id the envelope has from now on; null when the fence was lost meanwhile. */
async function storeDraft(
  { database, world, bus }: CommandDeps,
  command: ClaimedCommand,
  draft: Draft,
): Promise<string | null> {
  const { tenantId, envelopeId } = command;
  const stored = await database.withTenants([tenantId], async (tx) => {
    const [edit] = await lockEnvelopes(tx, [{ tenantId, id: envelopeId }]);
    if (!edit || !(await keepsFence(tx, command))) return null;
    // A webhook may have told it first, and then of another draft that was thought lost: that one counts.
    if (edit.providerId !== null) return edit.providerId;
    const incomplete = await learnProviderId(tx, edit, draft.providerId);
    if (incomplete) await scheduleReads(tx, [edit.row]);
    await saveEdits(tx, world, [edit]);
    return draft.providerId;
  });
  bus.hint([tenantId]);
  return stored;
}
