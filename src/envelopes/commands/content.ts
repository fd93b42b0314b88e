/**
 * An envelope as its provider is to make it, read back from the tables.
 * @module
 */
import { and, asc, eq } from 'drizzle-orm';
import type { Database, Tx } from '../../db/client.ts';
import { documents } from '../../db/tables/documents.ts';
import { envelopeDocuments, fields, recipients } from '../../db/tables/envelopes.ts';
import { readWhole } from '../../documents/store.ts';
import type { EnvelopeContent } from '../../model/envelope.ts';
import { publicId } from '../../model/ids.ts';
import type { EnvelopeRow } from '../state/edit.ts';

export async function loadContent(database: Database, envelope: EnvelopeRow): Promise<EnvelopeContent> {
  const { tenantId, id } = envelope;
  return database.withTenants([tenantId], async (tx) => ({
    envelopeId: publicId('Envelope', id),
    subject: envelope.subject,
    message: envelope.message,
    expiresAt: envelope.expiresAt,
    options: envelope.providerOptions ?? {},
    documents: (await documentRows(tx, tenantId, id)).map((document) => ({
      ref: documentRef(document.position),
      key: document.key,
      name: document.name,
      contentType: document.contentType,
      size: document.size,
      bytes: () => database.withTenants([tenantId], (own) => readWhole(own, tenantId, document.documentId)),
    })),
    recipients: await contentRecipients(tx, tenantId, id),
  }));
}

/** The provider's id of the document at this position: ours to choose, and chosen once. */
export function documentRef(position: number): string {
  return String(position + 1);
}

function documentRows(tx: Tx, tenantId: string, envelopeId: string) {
  return tx
    .select({
      position: envelopeDocuments.position,
      key: envelopeDocuments.key,
      name: envelopeDocuments.name,
      documentId: envelopeDocuments.documentId,
      contentType: documents.contentType,
      size: documents.size,
    })
    .from(envelopeDocuments)
    .innerJoin(
      documents,
      and(eq(documents.tenantId, envelopeDocuments.tenantId), eq(documents.id, envelopeDocuments.documentId)),
    )
    .where(and(eq(envelopeDocuments.tenantId, tenantId), eq(envelopeDocuments.envelopeId, envelopeId)))
    .orderBy(asc(envelopeDocuments.position));
}

async function contentRecipients(tx: Tx, tenantId: string, envelopeId: string): Promise<EnvelopeContent['recipients']> {
  const people = await tx
    .select()
    .from(recipients)
    .where(and(eq(recipients.tenantId, tenantId), eq(recipients.envelopeId, envelopeId)))
    .orderBy(asc(recipients.position));
  const placed = await tx
    .select()
    .from(fields)
    .where(and(eq(fields.tenantId, tenantId), eq(fields.envelopeId, envelopeId)))
    .orderBy(asc(fields.position));
  return people.map((person) => ({
    ref: person.providerRef,
    role: person.role,
    name: person.name,
    email: person.email,
    routingOrder: person.routingOrder,
    embeddedId: embeddedId(person),
    fields: placed
      .filter((field) => field.recipientId === person.id)
      .map(({ id, kind, label, required, value, place }) => {
        return { ref: publicId('Field', id), kind, label, required, value, place };
      }),
  }));
}

/** What an embedded recipient is known by when a signing session is opened: our id, so that it needs no column. */
export function embeddedId(person: { readonly id: string; readonly embedded: boolean }): string | null {
  return person.embedded ? publicId('Recipient', person.id) : null;
}
