/**
 * What a caller gives to make an envelope: one shape for `validateEnvelope`, `createEnvelope` and `sendEnvelope`.
 * @module
 */
import type { DocusignOptions, FieldPlace } from '../../model/envelope.ts';
import type { FieldKind, RecipientRole } from '../../model/words.ts';

export interface EnvelopeInput {
  /** Public id of the account. */
  readonly accountId: string;
  readonly subject: string;
  readonly message: string | null;
  readonly externalId: string | null;
  readonly metadata: readonly { readonly key: string; readonly value: string }[];
  readonly expiresAt: Date | null;
  /** What only DocuSign has. */
  readonly docusign: DocusignOptions | null;
  readonly documents: readonly DocumentInput[];
  readonly recipients: readonly RecipientInput[];
}

export interface DocumentInput {
  readonly key: string;
  readonly filename: string;
  readonly source: { readonly documentId: string } | { readonly base64: string } | { readonly url: string };
}

export interface RecipientInput {
  readonly key: string;
  readonly role: RecipientRole;
  readonly name: string;
  readonly email: string;
  readonly routingOrder: number;
  readonly embedded: boolean;
  readonly fields: readonly FieldInput[];
}

export interface FieldInput {
  readonly kind: FieldKind;
  readonly label: string | null;
  readonly required: boolean;
  readonly value: string | null;
  readonly place: FieldPlace;
}
