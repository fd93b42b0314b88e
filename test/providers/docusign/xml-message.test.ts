import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Observation, Sighting } from '../../../src/model/observation.ts';
import { type EnvelopeState, initialState, reduce, standingEnd } from '../../../src/model/reduce.ts';
import { BEGINNING, parseInstant } from '../../../src/model/time.ts';
import { envelope } from '../../../src/providers/docusign/payload.ts';
import { sightingOf } from '../../../src/providers/docusign/read.ts';
import { webhook } from '../../../src/providers/docusign/webhook.ts';
import { Unparsable } from '../../../src/providers/provider.ts';
import { ACCOUNT, ENVELOPE, OUR_ID } from './fixtures.ts';
import { lives } from './history.ts';
import { legacyXml, type Writing } from './legacy-xml.ts';

type Json = Record<string, unknown>;
const XML = { 'content-type': 'text/xml; charset=utf-8' };
const PACIFIC: Writing = { hours: -8, namesZone: true };
const UNZONED: Writing = { hours: -8, namesZone: false };

const SENT: Json = {
  status: 'sent',
  createdDateTime: '2026-01-15T10:29:00Z',
  sentDateTime: '2026-01-15T10:30:00.303Z',
  lastModifiedDateTime: '2026-01-15T10:30:00.5Z',
  recipients: { signers: [{ recipientId: '1', name: 'Bo', email: 'bo@x.example', routingOrder: '1', status: 'sent' }] },
};
const DECLINED: Json = {
  ...SENT,
  status: 'declined',
  declinedDateTime: '2026-01-15T11:00:00Z',
  recipients: { signers: [{ recipientId: '1', status: 'declined', declinedReason: 'Too <dear>' }] },
};
const VOIDED: Json = { ...SENT, status: 'voided', voidedDateTime: '2026-01-15T11:00:00Z' };

function parse(xml: string, headers: Record<string, string> = XML): ReturnType<typeof webhook.parse> {
  return webhook.parse({ headers, body: Buffer.from(xml) }, ACCOUNT);
}

function sighting(xml: string): Sighting {
  const [only, ...more] = parse(xml).sightings;
  if (!only || more.length > 0) throw new Error('not one sighting');
  return only;
}

const factsOf = (snapshot: Json, writing = PACIFIC): Observation['envelope'] =>
  sighting(legacyXml(snapshot, writing)).observation.envelope;

const NAMESPACE = 'http://www.docusign.net/API/3.0';
const prefixed = (xml: string, prefix: string): string =>
  xml
    .replaceAll(/<(\/?)(?=[A-Z])/g, `<$1${prefix}:`)
    .replace(' xmlns="http://www.docusign', ` xmlns:${prefix}="http://www.docusign`);
const inSoap = (xml: string): string =>
  '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Header/><s:Body>' +
  `<DocuSignConnectUpdate xmlns="${NAMESPACE}">${xml.replace(/<\?.*?\?>/, '')}</DocuSignConnectUpdate></s:Body></s:Envelope>`;

describe('a legacy message', () => {
  it('says whose it is, and by its envelope’s custom field which of ours', () => {
    expect(sighting(legacyXml(SENT, UNZONED, OUR_ID))).toMatchObject({ providerId: ENVELOPE, envelopeId: OUR_ID });
    expect(sighting(legacyXml(SENT, UNZONED)).envelopeId).toBeNull();
    expect(sighting(legacyXml(SENT, UNZONED, 'env_00123')).envelopeId).toBeNull();
  });

  it('without its zone tells nothing but that the envelope has to be read', () => {
    const { observation, incomplete } = sighting(legacyXml(DECLINED, UNZONED));
    expect(incomplete).toBe(true);
    expect(observation).toEqual({ source: 'WEBHOOK', sawEnd: null, envelope: [], recipients: [], details: [] });
  });

  it.each([
    [-8, '-8'],
    [5.5, '5.5'],
    [0, '0'],
    [5.75, '5.75'],
    [-3.5, '-3:30'],
    [2, '+2'],
    [2, '+02:00'],
    [-8, '-0800'],
    [-8, 'UTC-08:00'],
    [2, 'GMT+2'],
    [0, 'UTC'],
    [0, 'Z'],
  ])('with its zone (%d h, told as %s) dates the envelope as JSON does', (hours, told) => {
    const xml = legacyXml(SENT, { hours, namesZone: true }).replace(/(<TimeZoneOffset>).*?</, `$1${told}<`);
    expect(sighting(xml).observation.envelope).toEqual([
      { kind: 'PROGRESS', status: 'SENT', providerStatus: 'sent', at: parseInstant('2026-01-15T10:30:00.303Z') },
    ]);
  });

  it.each([
    [0, 'UTC'],
    [0, 'Coordinated Universal Time'],
    [-8, 'UTC-08'],
  ])('with the name alone of a zone without summer time (%d h, told as %s) dates it as well', (hours, name) => {
    const xml = legacyXml(SENT, { hours, namesZone: true })
      .replace(/<TimeZoneOffset>.*?<\/TimeZoneOffset>/, '')
      .replace('Somewhere', name);
    expect(sighting(xml).observation.envelope).toMatchObject([{ at: parseInstant('2026-01-15T10:30:00.303Z') }]);
  });

  it.each([
    '',
    'Pacific Standard Time',
    '(UTC-08:00) Pacific Time',
    'America/Los_Angeles',
    '-15',
    '99',
    '5.333',
    '1:75',
    '--8',
    '8h',
    '800',
    '-480',
  ])('with a zone that says nothing (%j) is like one without', (told) => {
    const xml = legacyXml(SENT, PACIFIC).replace(/(<TimeZoneOffset>).*?</, `$1${told}<`);
    expect(sighting(xml)).toMatchObject({ incomplete: true, observation: { envelope: [] } });
  });

  it('leaves recipients to the read: their ids are of another kind', () => {
    const { observation, incomplete } = sighting(legacyXml(DECLINED, PACIFIC));
    expect(incomplete).toBe(true);
    expect(observation).toMatchObject({ recipients: [], details: [] });
  });

  it('tells why someone declined', () => {
    const at = parseInstant('2026-01-15T11:00:00Z');
    expect(factsOf(DECLINED)).toEqual([
      { kind: 'END', at, status: 'DECLINED', providerStatus: 'declined', reason: 'Too <dear>' },
    ]);
  });

  it('tells a void from an expiry by the reason, and without one leaves it to the read', () => {
    expect(factsOf({ ...VOIDED, voidedReason: 'Superseded' })).toMatchObject([
      { status: 'VOIDED', reason: 'Superseded' },
    ]);
    expect(factsOf({ ...VOIDED, voidedReason: 'Envelope has expired.' })).toMatchObject([{ status: 'EXPIRED' }]);
    expect(factsOf(VOIDED)).toEqual([]);
  });

  it('of a decline without its decliner leaves the end to the read', () => {
    expect(factsOf({ ...DECLINED, recipients: {} })).toEqual([]);
  });

  it('is the same delivery as its repetition, and another one when status, time or envelope differ', () => {
    const key = (snapshot: Json, writing = UNZONED): string => parse(legacyXml(snapshot, writing)).dedupeKey;
    expect(key({ ...SENT, sentDateTime: '2026-01-15T10:30:01Z' })).toBe(key(SENT));
    expect(key({ ...SENT, status: 'delivered' })).not.toBe(key(SENT));
    expect(key({ ...SENT, lastModifiedDateTime: '2026-01-15T10:30:00.6Z' })).not.toBe(key(SENT));
    const other = legacyXml(SENT, UNZONED).replace(ENVELOPE, ENVELOPE.replace('0f6a', '1f6a'));
    expect(parse(other).dedupeKey).not.toBe(key(SENT));
  });

  it.each([
    ['with a slash behind it', (xml: string) => xml.replace(NAMESPACE, `${NAMESPACE}/`)],
    ['by https', (xml: string) => xml.replace(NAMESPACE, 'https://www.docusign.net/API/3.0')],
    ['of docusign.com', (xml: string) => xml.replace(NAMESPACE, 'http://www.docusign.com/restapi')],
    ['of another version', (xml: string) => xml.replace(NAMESPACE, 'http://www.docusign.net/API/3.1')],
    ['none', (xml: string) => xml.replace(` xmlns="${NAMESPACE}"`, '')],
    ['none for the envelope alone', (xml: string) => xml.replace('<EnvelopeStatus>', '<EnvelopeStatus xmlns="">')],
    ['another for one part', (xml: string) => xml.replace('<EnvelopeID>', '<EnvelopeID xmlns="urn:u">')],
    ['with a prefix', (xml: string) => prefixed(xml, 'ds')],
    ['of a prefix that nobody declared', (xml: string) => prefixed(xml, 'ds').replace(/ xmlns:ds=".*?"/, '')],
    ['of an xsi that nobody declared', (xml: string) => xml.replace(/ xmlns:xsi=".*?"/, '')],
    ['within SOAP', inSoap],
    ['within another root', (xml: string) => xml.replaceAll('DocuSignEnvelopeInformation', 'Envelope')],
    [
      'and names in the case of JSON',
      (xml: string) => xml.replaceAll(/(<\/?)([A-Z])/g, (_, tag, letter) => tag + letter.toLowerCase()),
    ],
  ])('is known by its local names, whatever the namespace: %s', (_what, change) => {
    for (const snapshot of [SENT, DECLINED]) {
      const xml = legacyXml(snapshot, PACIFIC, OUR_ID);
      expect(change(xml)).not.toBe(xml);
      expect(parse(change(xml))).toEqual(parse(xml));
    }
  });

  it('may be an EnvelopeStatus by itself, which names no zone', () => {
    const [alone = ''] = /<EnvelopeStatus>.*<\/EnvelopeStatus>/s.exec(legacyXml(SENT, PACIFIC, OUR_ID)) ?? [];
    expect(sighting(alone)).toMatchObject({
      providerId: ENVELOPE,
      envelopeId: OUR_ID,
      incomplete: true,
      observation: { envelope: [] },
    });
  });

  it.each(['Application/XML', 'text/xml', 'application/soap+xml; charset=utf-8', 'text/plain', 'application/json', ''])(
    'is taken under the Content-Type %j',
    (contentType) => {
      const xml = legacyXml(SENT, PACIFIC);
      expect(parse(xml, { 'content-type': contentType })).toEqual(parse(xml));
      expect(parse(`\uFEFF\n${xml}`, { 'content-type': contentType }).sightings).toEqual(parse(xml).sightings);
    },
  );

  it('is read in the encoding that it names', () => {
    const xml = legacyXml({ ...VOIDED, voidedReason: 'Überholt' }, PACIFIC).replace('utf-8', 'ISO-8859-1');
    const bodies = [Buffer.from(xml, 'latin1'), Buffer.from(`\uFEFF${xml}`, 'utf16le')];
    const headers = { 'content-type': 'text/xml' };
    for (const body of bodies) {
      expect(webhook.parse({ headers, body }, ACCOUNT).sightings[0]?.observation.envelope).toMatchObject([
        { status: 'VOIDED', reason: 'Überholt' },
      ]);
    }
  });

  it('is verified like any other, by its raw bytes', () => {
    const body = Buffer.from(legacyXml(SENT, UNZONED));
    const signature = createHmac('sha256', 'key').update(body).digest('base64');
    const headers = { ...XML, 'x-docusign-signature-1': signature };
    expect(webhook.verify({ headers, body }, ['key'])).toBeNull();
    expect(webhook.verify({ headers, body: Buffer.concat([body, Buffer.from('\n')]) }, ['key'])).toMatch(
      /no signature/,
    );
  });

  it.each([
    ['without an EnvelopeStatus', (xml: string) => xml.replaceAll('EnvelopeStatus>', 'Status>')],
    ['of two envelopes', (xml: string) => xml.replace('</EnvelopeStatus>', '</EnvelopeStatus><EnvelopeStatus/>')],
    ['of no envelope', (xml: string) => xml.replace(ENVELOPE, '')],
    ['of an envelope that is none', (xml: string) => xml.replace(ENVELOPE, '00123')],
    ['with a DOCTYPE', (xml: string) => xml.replace('?>', '?><!DOCTYPE a>')],
    ['cut off', (xml: string) => xml.slice(0, -10)],
  ])('%s is unparsable', (_what, change) => {
    expect(() => parse(change(legacyXml(SENT, UNZONED)))).toThrow(Unparsable);
  });
});

it('JSON that is called XML is read as what it is', () => {
  const data = { accountId: ACCOUNT, envelopeId: ENVELOPE };
  const body = JSON.stringify({ event: 'envelope-sent', generatedDateTime: '2026-01-15T10:30:00Z', data });
  expect(parse(body)).toEqual(parse(body, { 'content-type': 'application/json' }));
});

function ofJson(snapshot: Json): Observation {
  const data = { accountId: ACCOUNT, envelopeId: ENVELOPE, envelopeSummary: snapshot };
  const body = { event: `envelope-${String(snapshot['status'])}`, generatedDateTime: '2026-01-15T23:00:00Z', data };
  const [only] = webhook.parse({ headers: {}, body: Buffer.from(JSON.stringify(body)) }, ACCOUNT).sightings;
  if (!only) throw new Error('no sighting');
  return only.observation;
}

const ofRead = (snapshot: Json): Observation =>
  sightingOf(envelope.parse(snapshot), { source: 'READ', sawEnd: null }).observation;

function end(observations: readonly Observation[]): EnvelopeState {
  return observations.reduce((state, observation) => reduce(state, observation).state, initialState(BEGINNING));
}

const writing = fc.record({ hours: fc.constantFrom(-8, -7, 0, 5.5, 12), namesZone: fc.boolean() });
/** A life told by JSON alone, and the same by JSON or XML with the read that it asks for, in any order and repetition. */
const toldBothWays = lives.chain(({ snapshots }) =>
  fc
    .array(fc.option(writing, { nil: null }), { minLength: snapshots.length, maxLength: snapshots.length })
    .chain((ways) => {
      const mixed = snapshots.flatMap((snapshot, index) => {
        const way = ways[index];
        if (!way) return [ofJson(snapshot)];
        return [sighting(legacyXml(snapshot, way)).observation, ofRead(snapshot)];
      });
      return fc.record({
        json: fc.constant(snapshots.map(ofJson)),
        mixed: fc
          .tuple(fc.subarray(mixed), fc.shuffledSubarray(mixed, { minLength: mixed.length }))
          .map((observations) => observations.flat()),
      });
    }),
);

describe('the life of an envelope', () => {
  it('ends in one state, told by JSON or by XML and the reads that it asks for, in any order', () => {
    fc.assert(
      fc.property(toldBothWays, ({ json, mixed }) => {
        expect(end(mixed)).toEqual(end(json));
      }),
      { numRuns: process.env['LONG'] ? 100_000 : 1_000 },
    );
  });

  it('that ended is known to have, by its last XML alone where that names the zone', () => {
    let ended = 0;
    fc.assert(
      fc.property(lives, ({ snapshots }) => {
        const last = snapshots.at(-1) ?? {};
        const wanted = standingEnd(end([ofJson(last)]));
        ended += Number(wanted !== null);
        expect(standingEnd(end([sighting(legacyXml(last, PACIFIC)).observation]))).toEqual(wanted);
        expect(sighting(legacyXml(last, UNZONED)).observation.envelope).toEqual([]);
      }),
      { numRuns: 200 },
    );
    expect(ended).toBeGreaterThan(20);
  });
});

it('whatever is changed in an authentic message, it is read or unparsable, and nothing else', () => {
  const xml = legacyXml(DECLINED, PACIFIC, OUR_ID);
  const cut = fc.record({
    at: fc.nat(xml.length),
    length: fc.nat(40),
    put: fc.oneof(fc.string(), fc.constant('<a/>')),
  });
  let read = 0;
  fc.assert(
    fc.property(fc.array(cut, { minLength: 1, maxLength: 3 }), (cuts) => {
      const changed = cuts.reduce(
        (text, { at, length, put }) => text.slice(0, at) + put + text.slice(at + length),
        xml,
      );
      try {
        read += parse(changed).sightings.length;
      } catch (error) {
        if (!(error instanceof Unparsable)) throw error;
      }
    }),
    { numRuns: process.env['LONG'] ? 20_000 : 1_000 },
  );
  expect(read).toBeGreaterThan(0);
});
