/**
 * Mailing recipients again and correcting them at the provider.
 * @module
 */
import { NotFound, OutcomeUnknown, type ProviderFault, WrongState } from '../../model/problems.ts';
import { isOut } from '../../model/words.ts';
import type { ProviderClient } from '../../providers/provider.ts';
import type { CommandDeps } from '../deps.ts';
import { type Achieved, waitForLanding } from './attempt.ts';
import { readAfter } from './attempt-void.ts';
import type { ClaimedCommand } from './commands.ts';
import type { EnvelopeRow, RecipientRow } from '../state/edit.ts';
import { findEnvelope, findRecipients } from '../state/read.ts';

const NOTHING_HEARD: ProviderFault = {
  providerCode: null,
  providerMessage: 'the process that asked for the mail ended before it heard of it',
  providerStatus: null,
  traceId: null,
};

/** Said once: an attempt that may have reached the provider is never followed by another. */
export async function attemptRemind(deps: CommandDeps, command: ClaimedCommand): Promise<Achieved> {
  if (command.doubtSince) throw new OutcomeUnknown(NOTHING_HEARD);
  const { envelope, recipient, client } = await subjectOf(deps, command);
  // It may have waited for a provider that was down: whoever is done by now is not asked again.
  if (!isOut(envelope.status)) {
    throw new WrongState(`Nobody of a ${envelope.status} envelope can be reminded.`, envelope.status);
  }
  await client.remind({ providerId: envelope.providerId, ref: recipient?.providerRef ?? null });
  return { observations: [], readSoon: false };
}

/** The provider's own word of the recipient is what the cache takes over, not the wish. */
export async function attemptCorrect(deps: CommandDeps, command: ClaimedCommand): Promise<Achieved> {
  const { request } = command;
  const { envelope, recipient, client } = await subjectOf(deps, command);
  if (!recipient) throw new NotFound('recipient');
  // What an earlier attempt said may still land, and then must not be said twice: a new address is mailed each time.
  await waitForLanding(deps, command, Infinity);
  await client.correct({
    providerId: envelope.providerId,
    ref: recipient.providerRef,
    name: request.name ?? null,
    email: request.email ?? null,
    notify: request.email !== undefined && !recipient.embedded,
  });
  return readAfter(client, envelope);
}

interface Subject {
  readonly envelope: EnvelopeRow & { readonly providerId: string };
  /** Null for a command about all of them. */
  readonly recipient: RecipientRow | null;
  readonly client: ProviderClient;
}

async function subjectOf({ database, accounts }: CommandDeps, command: ClaimedCommand): Promise<Subject> {
  const { tenantId, accountId, envelopeId, request } = command;
  const { envelope, recipient } = await database.withTenants([tenantId], async (tx) => {
    const people = request.recipientId === undefined ? [] : await findRecipients(tx, tenantId, [request.recipientId]);
    return { envelope: await findEnvelope(tx, tenantId, envelopeId), recipient: people[0] ?? null };
  });
  if (!envelope?.providerId) throw new NotFound('envelope at the provider');
  if (request.recipientId !== undefined && !recipient) throw new NotFound('recipient');
  const client = await accounts.client(tenantId, accountId);
  return { envelope: { ...envelope, providerId: envelope.providerId }, recipient, client };
}
