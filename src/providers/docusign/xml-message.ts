/**
 * The legacy Connect message: the envelope as XML, without an event. Its times name no zone, so they order nothing, and its
 * recipients are called by GUIDs that no other answer orders by: it tells that something changed, and a read tells what.
 * Where the configuration includes the time zone, the envelope's own dates are facts like those of JSON.
 * Source: a captured message (namespace, members); third-party descriptions of the time zone, unconfirmed.
 * @module
 */
import { createHash } from 'node:crypto';
import type { EnvelopeFact, Observation } from '../../model/observation.ts';
import { type ParsedWebhook, Unparsable } from '../provider.ts';
import type { EnvelopePayload } from './payload.ts';
import { ourId, sightingOf, wordOf } from './read.ts';
import { END_WORDS } from './words.ts';
import { readXml, type XmlElement } from './xml.ts';

const NAMESPACE = 'http://www.docusign.net/API/3.0';
/** Long, and nothing that is looked at. */
const SKIPPED = new Set(['TabStatuses', 'DocumentStatuses', 'DocumentPDFs', 'FormData', 'RecipientAttachment']);
const GUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const HAS_ZONE = /(?:Z|[+-]\d\d:?\d\d)$/i;

/** The account isn't named in a form that could be compared: the key that signed the message stands for it. */
export function parseXmlMessage(raw: Buffer, providerAccountId: string): ParsedWebhook {
  const root = readXml(raw, SKIPPED);
  if (root.uri !== NAMESPACE || root.name !== 'DocuSignEnvelopeInformation') {
    throw new Unparsable(`not a Connect message: its root must be DocuSignEnvelopeInformation of ${NAMESPACE}`);
  }
  const status = child(root, 'EnvelopeStatus');
  const envelopeId = textOf(status, 'EnvelopeID')?.trim().toLowerCase() ?? '';
  if (!status || !GUID.test(envelopeId)) throw new Unparsable('not a Connect message: it names no envelope');
  const payload = payloadOf(status, envelopeId, zoneOf(root));
  const { envelope } = sightingOf(payload, { source: 'WEBHOOK', generatedAt: null }).observation;
  const made = textOf(status, 'TimeGenerated') || createHash('sha256').update(raw).digest('base64url');
  return {
    dedupeKey: JSON.stringify([providerAccountId.toLowerCase(), envelopeId, 'xml', wordOf(payload.status), made]),
    sightings: [
      {
        providerId: envelopeId,
        envelopeId: ourId(payload),
        observation: { ...NOTHING, envelope: isSaidWhole(payload) ? trusted(envelope, payload) : [] },
        incomplete: true,
      },
    ],
  };
}

const NOTHING: Observation = { source: 'WEBHOOK', sawEnd: null, envelope: [], recipients: [], details: [] };

/** A void without its reason may be an expiry, and a decline without its decliner has lost its own: a read tells. */
function isSaidWhole({ status, deliveredDateTime, voidedReason, recipients }: EnvelopePayload): boolean {
  switch (wordOf(status)) {
    case 'voided':
      return typeof voidedReason === 'string';
    case 'declined':
      return (recipients?.signers ?? []).some((recipient) => wordOf(recipient.status) === 'declined');
    case 'delivered':
    case 'signed':
      return deliveredDateTime !== null;
    default:
      return true;
  }
}

/**
 * `Sent` is the date of the last mail, and that of the first isn't told: beside an end it would say later than anyone
 * else that the envelope is under way.
 */
function trusted(facts: readonly EnvelopeFact[], { status }: EnvelopePayload): EnvelopeFact[] {
  const isEnd = END_WORDS[wordOf(status)] !== undefined;
  return facts.filter(({ kind }) => (isEnd ? kind === 'END' : kind === 'PROGRESS'));
}

/** As JSON would tell it, as far as XML tells it. Recipients have no id here: only whether one declined, and why. */
function payloadOf(status: XmlElement, envelopeId: string, zone: string | null): EnvelopePayload {
  const time = (name: string): string | null => {
    const local = textOf(status, name)?.trim();
    // A time that nothing can place is as good as none.
    return local && zone !== null ? (HAS_ZONE.test(local) ? local : `${local}${zone}`) : null;
  };
  return {
    envelopeId,
    status: textOf(status, 'Status'),
    createdDateTime: time('Created'),
    initialSentDateTime: null,
    sentDateTime: time('Sent'),
    deliveredDateTime: time('Delivered'),
    completedDateTime: time('Completed'),
    declinedDateTime: time('Declined'),
    voidedDateTime: time('Voided'),
    voidedReason: textOf(status, 'VoidReason'),
    statusChangedDateTime: null,
    lastModifiedDateTime: null,
    customFields: {
      textCustomFields: listOf(status, 'CustomFields', 'CustomField').map((field) => ({
        name: textOf(field, 'Name'),
        value: textOf(field, 'Value'),
      })),
    },
    recipients: { signers: listOf(status, 'RecipientStatuses', 'RecipientStatus').map(decliner) },
  };
}

function decliner(recipient: XmlElement): NonNullable<NonNullable<EnvelopePayload['recipients']>['signers']>[number] {
  return { status: textOf(recipient, 'Status'), declinedReason: textOf(recipient, 'DeclineReason') };
}

/** `+HH:MM` from hours, as `-8`, `5.5` or `05:30`; null when the message doesn't say, or not so that it can be meant. */
function zoneOf(root: XmlElement): string | null {
  const match = /^([+-]?)(\d{1,2})(?:\.(\d{1,2})|:(\d\d))?$/.exec(textOf(root, 'TimeZoneOffset')?.trim() ?? '');
  if (!match) return null;
  const [, sign, hours = '', fraction = '0', minutes] = match;
  const total = Number(hours) * 60 + (minutes === undefined ? Number(`0.${fraction}`) * 60 : Number(minutes));
  if (!Number.isInteger(total) || total > 14 * 60 || Number(minutes ?? 0) > 59) return null;
  return `${sign === '-' ? '-' : '+'}${twoDigits(Math.floor(total / 60))}:${twoDigits(total % 60)}`;
}

function twoDigits(value: number): string {
  return String(value).padStart(2, '0');
}

function child(parent: XmlElement, name: string): XmlElement | undefined {
  return parent.children.find((element) => element.name === name && element.uri === NAMESPACE);
}

/** Null for an element that isn't there and for one that is `xsi:nil`. */
function textOf(parent: XmlElement | undefined, name: string): string | null {
  const element = parent && child(parent, name);
  return element && !element.isNil ? element.text : null;
}

function listOf(parent: XmlElement, list: string, item: string): readonly XmlElement[] {
  return child(parent, list)?.children.filter(({ name, uri }) => name === item && uri === NAMESPACE) ?? [];
}
