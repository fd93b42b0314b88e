/**
 * The shape of an envelope as DocuSign tells it, the same in an answer and in a message. Lenient where the documents
 * leave room: what isn't text counts as absent, unknown members are dropped.
 * Source: eSignature REST API v2.1 specification, `envelope` and `recipients`.
 * @module
 */
import { z } from 'zod';
import { RECIPIENT_GROUPS } from './words.ts';

/** Text without the character that jsonb refuses; numbers and booleans are told as text or as themselves. */
const text = z
  .unknown()
  .transform((value) => {
    if (typeof value === 'string') return value.includes('\0') ? value.replaceAll('\0', '') : value;
    return typeof value === 'number' || typeof value === 'boolean' ? String(value) : null;
  })
  .optional();

/** A recipient's id: the sender's own, a name that every object has of itself excepted. */
export const recipientRef = z
  .union([z.string(), z.number()])
  .transform(String)
  .pipe(
    z
      .string()
      .min(1)
      .max(100)
      .refine((ref) => !(ref in Object.prototype) && !ref.includes('\0')),
  )
  .nullish()
  .catch(null);

/** Of the groups whose content is text; there only where tabs were asked for. */
const tab = z.object({
  tabLabel: text,
  value: text,
  selected: text,
  pageNumber: text,
  xPosition: text,
  yPosition: text,
});
export type TabPayload = z.output<typeof tab>;
const tabs = z
  .object({
    dateSignedTabs: z.array(tab).nullish(),
    textTabs: z.array(tab).nullish(),
    checkboxTabs: z.array(tab).nullish(),
  })
  .nullish()
  .catch(null);
export type TabsPayload = NonNullable<z.output<typeof tabs>>;

const recipient = z.object({
  recipientId: recipientRef,
  name: text,
  signerName: text,
  hostName: text,
  email: text,
  signerEmail: text,
  hostEmail: text,
  routingOrder: text,
  status: text,
  sentDateTime: text,
  deliveredDateTime: text,
  signedDateTime: text,
  declinedDateTime: text,
  declinedReason: text,
  autoRespondedReason: text,
  tabs,
});
export type RecipientPayload = z.output<typeof recipient>;

const group = z.array(recipient).nullish();
const groups = Object.keys(RECIPIENT_GROUPS) as (keyof typeof RECIPIENT_GROUPS)[];
const recipients = z.object({
  signers: group,
  inPersonSigners: group,
  witnesses: group,
  notaries: group,
  participants: group,
  carbonCopies: group,
  certifiedDeliveries: group,
  agents: group,
  editors: group,
  intermediaries: group,
} satisfies Record<(typeof groups)[number], typeof group>);
export type RecipientsPayload = z.output<typeof recipients>;

export const envelope = z.object({
  envelopeId: z.string(),
  status: text,
  createdDateTime: text,
  initialSentDateTime: text,
  sentDateTime: text,
  deliveredDateTime: text,
  completedDateTime: text,
  declinedDateTime: text,
  voidedDateTime: text,
  voidedReason: text,
  statusChangedDateTime: text,
  expireDateTime: text,
  lastModifiedDateTime: text,
  sender: z.object({ accountId: text }).nullish().catch(null),
  customFields: z
    .object({ textCustomFields: z.array(z.object({ name: text, value: text })).nullish() })
    .nullish()
    .catch(null),
  recipients: recipients.nullish(),
});
export type EnvelopePayload = z.output<typeof envelope>;

/** A page of a list. An empty one may have no `envelopes` at all; numbers are text. */
export const envelopesInformation = z.object({
  envelopes: z.array(envelope).nullish(),
  envelopeTransactionStatuses: z.array(z.object({ transactionId: text, envelopeId: text, status: text })).nullish(),
  endPosition: text,
  totalSetSize: text,
});
