/**
 * What proves a completed envelope, streamed from its provider: nothing of it is held whole, and its hash is known when
 * the last byte has passed.
 * @module
 */
import { createHash } from 'node:crypto';
import { ReadableStream } from 'node:stream/web';
import { and, eq, sql } from 'drizzle-orm';
import type { Accounts } from '../../accounts/accounts.ts';
import type { Database } from '../../db/client.ts';
import { envelopes } from '../../db/tables/envelopes.ts';
import type { Evidence } from '../../model/envelope.ts';
import { publicId } from '../../model/ids.ts';
import { NotFound, NotReady } from '../../model/problems.ts';
import { addMilliseconds } from '../../model/time.ts';
import type { Download } from '../../providers/provider.ts';
import type { World } from '../../world.ts';
import type { EnvelopeRow } from '../state/edit.ts';
import { findEnvelope } from '../state/read.ts';

/** When to come again for what isn't there: the provider tells of the end by itself, so there is no hurry. */
const COME_AGAIN_MS = 60_000;

const FILENAMES: Readonly<Record<Evidence, string>> = {
  certificate: 'certificate.pdf',
  combined: 'signed.pdf',
  archive: 'archive.zip',
};

export function hasEvidence({ status, providerId }: EnvelopeRow): boolean {
  return status === 'COMPLETED' && providerId !== null;
}

export function evidenceFilename(envelopeId: string, which: Evidence): string {
  return `${publicId('Envelope', envelopeId)}-${FILENAMES[which]}`;
}

interface EvidenceDeps {
  readonly database: Database;
  readonly accounts: Accounts;
  readonly world: World;
}

/** Throws NotFound, NotReady before the envelope is completed, or what the provider's refusal is. */
export async function openEvidence(
  { database, accounts, world }: EvidenceDeps,
  tenantId: string,
  envelopeId: string,
  which: Evidence,
): Promise<Download & { readonly filename: string }> {
  const envelope = await database.withTenants([tenantId], (tx) => findEnvelope(tx, tenantId, envelopeId));
  if (!envelope) throw new NotFound('envelope');
  if (!hasEvidence(envelope) || envelope.providerId === null) {
    throw new NotReady(
      `There is no evidence of an envelope that is ${envelope.status}.`,
      addMilliseconds(world.now(), COME_AGAIN_MS),
    );
  }
  const client = await accounts.client(tenantId, envelope.accountId);
  const download = await client.evidence(envelope.providerId, which);
  const known = envelope.evidenceHashes[which] !== undefined;
  const keep = (sha256: string): Promise<void> => keepHash(database, tenantId, envelopeId, which, sha256);
  return {
    ...download,
    body: known ? download.body : ReadableStream.from(hashed(download.body, keep)),
    filename: evidenceFilename(envelopeId, which),
  };
}

/**
 * The same bytes; `whole` hears their hash before the last of them is handed on, and never for a stream that broke or was left.
 * Before, since a reader who knows the length doesn't wait for the end.
 */
async function* hashed(
  body: ReadableStream<Uint8Array>,
  whole: (sha256: string) => Promise<void>,
): AsyncGenerator<Uint8Array> {
  const hash = createHash('sha256');
  let held: Uint8Array | null = null;
  for await (const bytes of body) {
    if (held) yield held;
    hash.update(bytes);
    held = bytes;
  }
  await whole(hash.digest('hex'));
  if (held) yield held;
}

/** The first one stays: a provider may make the file anew, and what was handed out first is what it is compared with. */
async function keepHash(
  database: Database,
  tenantId: string,
  envelopeId: string,
  which: Evidence,
  sha256: string,
): Promise<void> {
  await database.withTenants([tenantId], (tx) =>
    tx
      .update(envelopes)
      .set({ evidenceHashes: sql`${JSON.stringify({ [which]: sha256 })}::jsonb || ${envelopes.evidenceHashes}` })
      .where(and(eq(envelopes.tenantId, tenantId), eq(envelopes.id, envelopeId))),
  );
}
