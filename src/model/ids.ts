/**
 * Ids as the world sees them: a prefix that tells the kind, and the UUIDv7 of the row. The same text is the GraphQL
 * Node id, the id in logs and on the command line, and what is written into a provider's metadata.
 * @module
 */

export const ID_PREFIXES = {
  Envelope: 'env',
  Account: 'acc',
  Document: 'doc',
  Recipient: 'rcp',
  Field: 'fld',
  Command: 'cmd',
  EnvelopeEvent: 'evt',
  WebhookDelivery: 'dlv',
} as const;
export type IdKind = keyof typeof ID_PREFIXES;

const ID = /^([a-z]{3})_([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})$/;
const KIND_BY_PREFIX = new Map(Object.entries(ID_PREFIXES).map(([kind, prefix]) => [prefix as string, kind as IdKind]));

export function publicId(kind: IdKind, uuid: string): string {
  return `${ID_PREFIXES[kind]}_${uuid}`;
}

/** The kind and UUID that a public id names, or null when it has another form. */
export function parseId(id: string): { kind: IdKind; uuid: string } | null {
  const match = ID.exec(id);
  const kind = KIND_BY_PREFIX.get(match?.[1] ?? '');
  return kind && match?.[2] ? { kind, uuid: match[2] } : null;
}

/** The UUID of a public id of this kind, or null: an id of another kind is as unknown as one that doesn't exist. */
export function uuidOf(kind: IdKind, id: string): string | null {
  const parsed = parseId(id);
  return parsed?.kind === kind ? parsed.uuid : null;
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

export function isUuid(text: string): boolean {
  return UUID.test(text);
}
