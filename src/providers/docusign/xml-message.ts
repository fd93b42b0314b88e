/**
 * The legacy Connect message: the envelope as XML, without an event. Its times name no zone, so they order nothing, and its
 * recipients are called by GUIDs that no other answer orders by: it tells that something changed, and a read tells what.
 * Where the configuration includes the time zone, the envelope's own dates are facts like those of JSON.
 * The signature proves whose message it is, so its names alone count: namespaces, prefixes and what stands around it differ
 * between integrations and samples.
 * Source: a captured message (members); third-party descriptions of the time zone, unconfirmed.
 * @module
 */
import { createHash } from 'node:crypto';
import type { EnvelopeFact, Observation } from '../../model/observation.ts';
import { type ParsedWebhook, Unparsable } from '../provider.ts';
import type { EnvelopePayload } from './payload.ts';
import { ourId, sightingOf, wordOf } from './read.ts';
import { END_WORDS } from './words.ts';
import { readXml, type XmlElement } from './xml.ts';

/** Long, and nothing that is looked at. */
const SKIPPED = new Set(['TabStatuses', 'DocumentStatuses', 'DocumentPDFs', 'FormData', 'RecipientAttachment']);
const GUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const UTC_NAME = /^(?:UTC|GMT|Z|Etc\/UTC|Etc\/GMT|Coordinated Universal Time)$/i;
const HAS_ZONE = /(?:Z|[+-]\d\d:?\d\d)$/i;

/** The account isn't named in a form that could be compared: the key that signed the message stands for it. */
export function parseXmlMessage(raw: Buffer, providerAccountId: string, contentType = ''): ParsedWebhook {
  const { status, around } = findStatus(readXml(raw, SKIPPED, contentType));
  const envelopeId = textOf(status, 'EnvelopeID')?.trim().toLowerCase() ?? '';
  if (!GUID.test(envelopeId)) throw new Unparsable('not a Connect message: it names no envelope');
  const payload = payloadOf(status, envelopeId, zoneOf(around));
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

interface Found {
  readonly status: XmlElement;
  /** What stands beside it: the zone of its times. */
  readonly around: XmlElement;
}

/** The one EnvelopeStatus: under DocuSignEnvelopeInformation, which may be wrapped by SOAP, or by itself. */
function findStatus(root: XmlElement): Found {
  const found = isCalled(root, 'EnvelopeStatus') ? [{ status: root, around: root }] : statusesIn(root);
  const [only, second] = found;
  if (!only) throw new Unparsable('not a Connect message: it has no EnvelopeStatus');
  if (second) throw new Unparsable('not a Connect message: it has more than one EnvelopeStatus');
  return only;
}

function statusesIn(around: XmlElement): Found[] {
  return around.children.flatMap((element) =>
    isCalled(element, 'EnvelopeStatus') ? [{ status: element, around }] : statusesIn(element),
  );
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

/**
 * `+HH:MM` from `TimeZoneOffset`, else from a `TimeZone` that is at one distance from UTC all year; the name of a place's
 * zone is none, since it doesn't say whether it was summer. Null when the message doesn't say, or not so that it can be meant.
 */
function zoneOf(around: XmlElement): string | null {
  return offsetOf(textOf(around, 'TimeZoneOffset')) ?? offsetOf(textOf(around, 'TimeZone'));
}

/** From hours, as `-8`, `5.5`, `05:30`, `-0800` or `UTC-08:00`, or from UTC by one of its names. */
function offsetOf(text: string | null): string | null {
  const said = text?.trim() ?? '';
  if (UTC_NAME.test(said)) return '+00:00';
  const match = /^(?:UTC|GMT)?([+-]?)(\d{1,2})(?:\.(\d{1,2})|:(\d\d)|(?<=[+-]\d\d)(\d\d))?$/i.exec(said);
  if (!match) return null;
  const [, sign, hours = '', fraction = '0', minutes = match[5]] = match;
  const total = Number(hours) * 60 + (minutes === undefined ? Number(`0.${fraction}`) * 60 : Number(minutes));
  if (!Number.isInteger(total) || total > 14 * 60 || Number(minutes ?? 0) > 59) return null;
  return `${sign === '-' ? '-' : '+'}${twoDigits(Math.floor(total / 60))}:${twoDigits(total % 60)}`;
}

function twoDigits(value: number): string {
  return String(value).padStart(2, '0');
}

/** The case of names isn't looked at either: `EnvelopeID` is `envelopeId` elsewhere at DocuSign. */
function isCalled(element: XmlElement, name: string): boolean {
  return element.name === name || element.name.toLowerCase() === name.toLowerCase();
}

function child(parent: XmlElement, name: string): XmlElement | undefined {
  return parent.children.find((element) => isCalled(element, name));
}

/** Null for an element that isn't there and for one that is `xsi:nil`. */
function textOf(parent: XmlElement | undefined, name: string): string | null {
  const element = parent && child(parent, name);
  return element && !element.isNil ? element.text : null;
}

function listOf(parent: XmlElement, list: string, item: string): readonly XmlElement[] {
  return child(parent, list)?.children.filter((element) => isCalled(element, item)) ?? [];
}
