/**
 * The legacy message as DocuSign is seen to write it, from an envelope as JSON tells it. Of its own: it shares nothing with
 * the sandbox's writer or with the reader under test.
 * @module
 */
import * as z from 'zod';
import { ENVELOPE } from './fixtures.ts';

type Json = Record<string, unknown>;

export interface Writing {
  /** Whole or half hours east of UTC in which times are told; told themselves only with `namesZone`. */
  readonly hours: number;
  readonly namesZone: boolean;
}

const DATES = {
  Created: 'createdDateTime',
  Sent: 'sentDateTime',
  Delivered: 'deliveredDateTime',
  Completed: 'completedDateTime',
  Declined: 'declinedDateTime',
  Voided: 'voidedDateTime',
};

export function legacyXml(snapshot: Json, { hours, namesZone }: Writing, ourId?: string): string {
  const time = (value: unknown): string =>
    new Date(Date.parse(String(value)) + hours * 3_600_000).toISOString().replace(/\.?0*Z$/, '');
  const dates = (source: Json, names: Json): string =>
    Object.entries(names)
      .map(([name, member]) => [name, source[String(member)]] as const)
      .map(([name, value]) => (value === undefined ? '' : `<${name}>${time(value)}</${name}>`))
      .join('');
  const recipient = (type: string, one: Json): string =>
    `<RecipientStatus><Type>${type}</Type>${leaf('Email', one['email'])}${leaf('UserName', one['name'])}` +
    `${leaf('RoutingOrder', one['routingOrder'])}` +
    dates(one, {
      Sent: 'sentDateTime',
      Delivered: 'deliveredDateTime',
      Signed: 'signedDateTime',
      Declined: 'declinedDateTime',
    }) +
    (one['declinedReason'] === undefined
      ? '<DeclineReason xsi:nil="true" />'
      : leaf('DeclineReason', one['declinedReason'])) +
    `${leaf('Status', capital(one['status']))}<CustomFields><CustomField><Name>countersign</Name><Value>env_other</Value></CustomField></CustomFields>` +
    `<TabStatuses><TabStatus><TabLabel>zip</TabLabel><TabValue>00123</TabValue></TabStatus></TabStatuses>` +
    `<RecipientId>9c0e0000-0000-4000-8000-00000000000${String(one['recipientId'])}</RecipientId></RecipientStatus>`;
  const field =
    ourId === undefined
      ? ''
      : `<CustomField><Name>AccountId</Name><Value>1234567</Value></CustomField><CustomField><Name>countersign</Name>${leaf('Value', ourId)}</CustomField>`;
  return (
    '<?xml version="1.0" encoding="utf-8"?>\n<DocuSignEnvelopeInformation xmlns:xsd="http://www.w3.org/2001/XMLSchema" ' +
    'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns="http://www.docusign.net/API/3.0">\n  <EnvelopeStatus>' +
    `<RecipientStatuses>${groups(snapshot)
      .map(([type, member]) => recipient(type, member))
      .join('')}</RecipientStatuses>` +
    `<TimeGenerated>${time(snapshot['lastModifiedDateTime'])}</TimeGenerated>${leaf('EnvelopeID', ENVELOPE)}<Subject>Lease &amp; more</Subject>` +
    `${leaf('Status', capital(snapshot['status']))}${dates(snapshot, DATES)}` +
    (snapshot['voidedReason'] === undefined ? '' : leaf('VoidReason', snapshot['voidedReason'])) +
    `<ACStatus>Original</ACStatus><EnvelopePDFHash /><CustomFields>${field}</CustomFields></EnvelopeStatus>` +
    (namesZone ? `<TimeZone>Somewhere</TimeZone>${leaf('TimeZoneOffset', hours)}` : '') +
    '</DocuSignEnvelopeInformation>'
  );
}

const one = z.record(z.string(), z.unknown());
const told = z.object({ signers: z.array(one).optional(), carbonCopies: z.array(one).optional() });

function groups({ recipients }: Json): [type: string, recipient: Json][] {
  const { signers = [], carbonCopies = [] } = told.parse(recipients ?? {});
  return [
    ...signers.map((signer): [string, Json] => ['Signer', signer]),
    ...carbonCopies.map((copy): [string, Json] => ['CarbonCopy', copy]),
  ];
}

function leaf(name: string, value: unknown): string {
  return `<${name}>${String(value).replaceAll('&', '&amp;').replaceAll('<', '&lt;')}</${name}>`;
}

function capital(word: unknown): string {
  return String(word).charAt(0).toUpperCase() + String(word).slice(1);
}
