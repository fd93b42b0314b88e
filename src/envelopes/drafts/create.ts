/**
 * Puts a checked envelope into the database: its documents, recipients and fields, new or in place of a draft's.
 * @module
 */
import { and, eq } from 'drizzle-orm';
import type { AnyPgColumn } from 'drizzle-orm/pg-core';
import type { Tx } from '../../db/client.ts';
import { envelopeDocuments, envelopes, fields, recipients } from '../../db/tables/envelopes.ts';
import { deleteUnheld, holdDocument, storeDocument } from '../../documents/store.ts';
import { publicId } from '../../model/ids.ts';
import { InvalidInput } from '../../model/problems.ts';
import { initialState, view } from '../../model/reduce.ts';
import { instantOf } from '../../model/time.ts';
import type { World } from '../../world.ts';
import type { EnvelopeInput } from '../input/input.ts';
import type { CheckedEnvelope } from '../input/checked-envelope.ts';
import type { CheckedDocument } from '../input/validate-documents.ts';

/** Inserts the rows of a new envelope with the status DRAFT. No event: whoever makes it says what it is now. */
export async function insertEnvelope(
  tx: Tx,
  world: World,
  tenantId: string,
  id: string,
  checked: CheckedEnvelope,
): Promise<void> {
  await tx.insert(envelopes).values({ tenantId, id, ...columnsOf(world, checked) });
  await insertParts(tx, world, tenantId, id, checked, new Map());
}

/**
 * Gives a DRAFT, locked by the caller, another content. Recipients whose key stays keep their ids; documents that no
 * envelope holds any more are deleted.
 */
export async function replaceContent(
  tx: Tx,
  world: World,
  tenantId: string,
  id: string,
  checked: CheckedEnvelope,
): Promise<void> {
  const mine = (of: { tenantId: AnyPgColumn; envelopeId: AnyPgColumn }) =>
    and(eq(of.tenantId, tenantId), eq(of.envelopeId, id));
  await tx.delete(fields).where(mine(fields));
  const people = await tx
    .delete(recipients)
    .where(mine(recipients))
    .returning({ id: recipients.id, key: recipients.key });
  const held = await tx
    .delete(envelopeDocuments)
    .where(mine(envelopeDocuments))
    .returning({ documentId: envelopeDocuments.documentId });
  await tx
    .update(envelopes)
    .set(columnsOf(world, checked))
    .where(and(eq(envelopes.tenantId, tenantId), eq(envelopes.id, id)));
  await insertParts(tx, world, tenantId, id, checked, new Map(people.map((person) => [person.key, person.id])));
  await deleteUnheld(
    tx,
    tenantId,
    held.map(({ documentId }) => documentId),
  );
}

function columnsOf(world: World, { input, account }: CheckedEnvelope) {
  const state = initialState(
    instantOf(world.now()),
    input.recipients.map(({ name, email, role, routingOrder }, position) => ({
      ref: recipientRef(position),
      name,
      email,
      role,
      routingOrder,
    })),
  );
  return {
    accountId: account.id,
    provider: account.provider,
    status: view(state).status,
    subject: input.subject,
    message: input.message,
    externalId: input.externalId,
    metadata: Object.fromEntries(input.metadata.map(({ key, value }) => [key, value])),
    expiresAt: input.expiresAt,
    providerOptions: input.docusign && { docusign: input.docusign },
    state,
  };
}

/** `knownIds` are the ids that recipients had before, by their keys. */
async function insertParts(
  tx: Tx,
  world: World,
  tenantId: string,
  id: string,
  { input, documents }: CheckedEnvelope,
  knownIds: ReadonlyMap<string | null, string>,
): Promise<void> {
  for (const [position, document] of documents.entries()) {
    const documentId = await storedId(tx, world, tenantId, document);
    const { key, filename } = document;
    await tx.insert(envelopeDocuments).values({ tenantId, envelopeId: id, position, documentId, key, name: filename });
  }
  await insertRecipients(tx, world, tenantId, id, input, knownIds);
}

async function storedId(tx: Tx, world: World, tenantId: string, document: CheckedDocument): Promise<string> {
  const { content, filename, sha256 } = document;
  if ('documentId' in content) {
    // Locked against the removal of documents that nobody uses, which may have come before.
    if (await holdDocument(tx, tenantId, content.documentId)) return content.documentId;
    const message = `There is no document ${publicId('Document', content.documentId)} any more.`;
    throw new InvalidInput([{ code: 'UNKNOWN_REFERENCE', message, path: ['documents', 'source'], suggestion: null }]);
  }
  const id = world.uuid();
  await storeDocument(tx, { tenantId, id, filename, contentType: 'application/pdf', sha256, bytes: content.bytes });
  return id;
}

async function insertRecipients(
  tx: Tx,
  world: World,
  tenantId: string,
  envelopeId: string,
  input: EnvelopeInput,
  knownIds: ReadonlyMap<string | null, string>,
): Promise<void> {
  const people = input.recipients.map((recipient, position) => ({
    ...recipient,
    position,
    id: knownIds.get(recipient.key) ?? world.uuid(),
  }));
  await tx.insert(recipients).values(
    people.map(({ id, key, position, role, name, email, routingOrder, embedded }) => ({
      tenantId,
      id,
      envelopeId,
      key,
      position,
      providerRef: recipientRef(position),
      role,
      name,
      email,
      routingOrder,
      embedded,
      status: 'WAITING' as const,
    })),
  );
  const filled = people.flatMap((person) =>
    person.fields.map((field, position) => ({
      tenantId,
      id: world.uuid(),
      envelopeId,
      recipientId: person.id,
      position,
      ...field,
    })),
  );
  if (filled.length > 0) await tx.insert(fields).values(filled);
}

/** The provider's id of the recipient at this position: ours to choose, and chosen once. */
function recipientRef(position: number): string {
  return String(position + 1);
}
