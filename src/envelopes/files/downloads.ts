/**
 * The bytes of an envelope's documents, wherever they are now, and of its evidence.
 * @module
 */
import { ReadableStream } from 'node:stream/web';
import type { Accounts } from '../../accounts/accounts.ts';
import type { Database } from '../../db/client.ts';
import { findDocuments, readChunk } from '../../documents/store.ts';
import type { Evidence } from '../../model/envelope.ts';
import { NotFound } from '../../model/problems.ts';
import type { Download } from '../../providers/provider.ts';
import type { World } from '../../world.ts';
import { documentRef } from '../commands/content.ts';
import { openEvidence } from './evidence.ts';
import { documentsOf, findEnvelope } from '../state/read.ts';

export interface Downloads {
  /** Throws NotFound, or what the provider's refusal is. */
  open(tenantId: string, envelopeId: string, position: number): Promise<Download & { readonly filename: string }>;
  /** Throws NotFound, NotReady before the envelope is completed, or what the provider's refusal is. */
  evidence(tenantId: string, envelopeId: string, which: Evidence): Promise<Download & { readonly filename: string }>;
}

export function createDownloads(deps: {
  readonly database: Database;
  readonly accounts: Accounts;
  readonly world: World;
}): Downloads {
  const { database, accounts } = deps;
  const original = async (tenantId: string, documentId: string): Promise<Download> => {
    const [document] = await database.withTenants([tenantId], (tx) => findDocuments(tx, tenantId, [documentId]));
    if (!document) throw new NotFound('document');
    let position = 0;
    const body = new ReadableStream<Uint8Array>({
      async pull(controller) {
        const chunk = await database.withTenants([tenantId], (tx) => readChunk(tx, tenantId, documentId, position));
        position += 1;
        if (chunk) controller.enqueue(chunk);
        else controller.close();
      },
    });
    return { contentType: document.contentType, size: document.size, body };
  };

  return {
    async open(tenantId, envelopeId, position) {
      const { envelope, document } = await database.withTenants([tenantId], async (tx) => ({
        envelope: await findEnvelope(tx, tenantId, envelopeId),
        document: (await documentsOf(tx, tenantId, [envelopeId])).find((row) => row.position === position),
      }));
      if (!envelope || !document) throw new NotFound('document');
      if (envelope.providerId === null)
        return { ...(await original(tenantId, document.documentId)), filename: document.name };
      const client = await accounts.client(tenantId, envelope.accountId);
      return { ...(await client.download(envelope.providerId, documentRef(position))), filename: document.name };
    },
    evidence: (tenantId, envelopeId, which) => openEvidence(deps, tenantId, envelopeId, which),
  };
}
