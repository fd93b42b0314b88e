/**
 * Cancelling at the provider, and reading what came of it.
 * @module
 */
import { NotFound, Problem } from '../../model/problems.ts';
import { standingEnd } from '../../model/reduce.ts';
import type { ProviderClient } from '../../providers/provider.ts';
import type { ClaimedCommand } from './commands.ts';
import type { EnvelopeRow } from '../state/edit.ts';
import { findEnvelope } from '../state/read.ts';
import type { CommandDeps } from '../deps.ts';
import type { Achieved } from './attempt.ts';

export async function attemptVoid({ database, accounts }: CommandDeps, command: ClaimedCommand): Promise<Achieved> {
  const { tenantId, accountId, envelopeId, request } = command;
  const envelope = await database.withTenants([tenantId], (tx) => findEnvelope(tx, tenantId, envelopeId));
  if (!envelope?.providerId) throw new NotFound('envelope at the provider');
  const client = await accounts.client(tenantId, accountId);
  await client.void(envelope.providerId, request.reason ?? '');
  return readAfter(client, { ...envelope, providerId: envelope.providerId });
}

/** What came of a change that is done: that it can't be read yet must not make it look undone. */
export async function readAfter(
  client: ProviderClient,
  envelope: Pick<EnvelopeRow, 'state'> & { readonly providerId: string },
): Promise<Achieved> {
  const sawEnd = standingEnd(envelope.state)?.at ?? null;
  try {
    const sightings = await client.read([{ providerId: envelope.providerId, sawEnd }]);
    return { observations: sightings.map(({ observation }) => observation), readSoon: sightings.length === 0 };
  } catch (error) {
    if (error instanceof Problem) return { observations: [], readSoon: true };
    throw error;
  }
}
