import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseInstant } from '../../../src/model/time.ts';
import { Unparsable } from '../../../src/providers/provider.ts';
import { ENVELOPE_EVENTS, RECIPIENT_EVENTS } from '../../../src/providers/docusign/words.ts';
import { webhook } from '../../../src/providers/docusign/webhook.ts';
import { ACCOUNT, ENVELOPE, OUR_ID } from './fixtures.ts';

const GENERATED = '2026-01-15T11:05:29.7360000Z';
const AT = parseInstant(GENERATED);

function message(event: string, data: Record<string, unknown> = {}, more: Record<string, unknown> = {}): unknown {
  return {
    event,
    apiVersion: 'v2.1',
    uri: `/restapi/v2.1/accounts/${ACCOUNT}/envelopes/${ENVELOPE}`,
    retryCount: 0,
    configurationId: 5001,
    generatedDateTime: GENERATED,
    data: { accountId: ACCOUNT, userId: 'u', envelopeId: ENVELOPE, ...data },
    ...more,
  };
}

const parse = (body: unknown): ReturnType<typeof webhook.parse> =>
  webhook.parse({ headers: {}, body: Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)) }, ACCOUNT);

const summary = (more: Record<string, unknown> = {}): Record<string, unknown> => ({
  envelopeSummary: {
    status: 'sent',
    envelopeId: ENVELOPE,
    createdDateTime: '2026-01-15T11:00:00Z',
    sentDateTime: '2026-01-15T11:01:00Z',
    customFields: { textCustomFields: [{ name: 'countersign', value: OUR_ID }] },
    recipients: { signers: [{ recipientId: '1', status: 'sent', sentDateTime: '2026-01-15T11:01:00Z' }] },
    ...more,
  },
});

const keyOf = (body: unknown): string => parse(body).dedupeKey;

const NAMES = ['status', 'recipients', 'customFields', 'sentDateTime', 'voidedReason', 'completedDateTime', 'sender'];

describe('the key that drops repetitions', () => {
  const first = message('recipient-completed', { recipientId: '1' });

  it('survives the retry count that changes inside the body', () => {
    expect(keyOf(message('recipient-completed', { recipientId: '1' }, { retryCount: 3 }))).toBe(keyOf(first));
  });

  it.each([
    ['another recipient', message('recipient-completed', { recipientId: '2' })],
    ['another event', message('recipient-sent', { recipientId: '1' })],
    [
      'another time',
      message('recipient-completed', { recipientId: '1' }, { generatedDateTime: '2026-01-15T11:05:30Z' }),
    ],
    [
      'another envelope',
      message('recipient-completed', { recipientId: '1', envelopeId: ENVELOPE.replace('0f6a', '1f6a') }),
    ],
  ])('tells %s apart', (_what, other) => {
    expect(keyOf(other)).not.toBe(keyOf(first));
  });

  it('of a message without a time is that of its bytes', () => {
    const untimed = message('envelope-sent', {}, { generatedDateTime: null });
    expect(keyOf(untimed)).toBe(keyOf(untimed));
    expect(keyOf(message('envelope-sent', {}, { generatedDateTime: null, retryCount: 1 }))).not.toBe(keyOf(untimed));
  });
});

describe('a message with the envelope in it', () => {
  it('says what the envelope says, and whose it is', () => {
    const [sighting] = parse(message('envelope-sent', summary())).sightings;
    expect(sighting).toMatchObject({ providerId: ENVELOPE, envelopeId: OUR_ID, incomplete: false });
    expect(sighting?.observation).toMatchObject({
      source: 'WEBHOOK',
      sawEnd: null,
      envelope: [{ kind: 'PROGRESS', status: 'SENT' }],
    });
  });

  it('of an unknown event still tells the state', () => {
    const [sighting] = parse(message('envelope-teleported', summary())).sightings;
    expect(sighting?.observation.envelope).toHaveLength(1);
  });

  it.each([
    ['envelope-completed', {}],
    ['envelope-voided', {}],
    ['recipient-completed', { recipientId: '1' }],
    ['recipient-declined', { recipientId: '9' }],
    ['recipient-sent', { recipientId: '9' }],
    ['recipient-delivered', { envelopeSummary: { status: 'sent' } }],
  ])('that does not show its own event (%s) asks for a read', (event, data) => {
    const [sighting] = parse(message(event, { ...summary(), ...data })).sightings;
    expect(sighting?.incomplete).toBe(true);
  });
});

it('a failed authentication is told by its event, beside what the envelope shows', () => {
  const [sighting] = parse(message('recipient-authenticationfailed', { ...summary(), recipientId: '1' })).sightings;
  expect(sighting).toMatchObject({ incomplete: false, envelopeId: OUR_ID });
  expect(sighting?.observation.recipients.map(({ status }) => status)).toEqual(['WAITING', 'NOTIFIED', 'FAILED']);
});

it.each(['__proto__', 'constructor', '', 'a\0b', {}])('a recipient called %j is none', (recipientId) => {
  const [alone] = parse(message('recipient-sent', { recipientId })).sightings;
  expect(alone?.observation.recipients).toEqual([]);
  const recipients = { signers: [{ recipientId, status: 'sent', sentDateTime: GENERATED }] };
  const [told] = parse(message('envelope-sent', summary({ recipients }))).sightings;
  expect(told?.observation.recipients).toEqual([]);
});

describe('a message with nothing but its event', () => {
  it.each([
    ['envelope-sent', 'PROGRESS', 'SENT'],
    ['envelope-delivered', 'PROGRESS', 'OPENED'],
    ['envelope-completed', 'END', 'COMPLETED'],
  ])('%s is dated by its making', (event, kind, status) => {
    const [sighting] = parse(message(event)).sightings;
    expect(sighting).toMatchObject({ incomplete: false, observation: { envelope: [{ kind, status, at: AT }] } });
  });

  it.each([
    ['recipient-sent', 'NOTIFIED'],
    ['recipient-delivered', 'OPENED'],
    ['recipient-autoresponded', 'BOUNCED'],
    ['recipient-authenticationfailed', 'FAILED'],
  ])('%s tells its recipient', (event, status) => {
    const [sighting] = parse(message(event, { recipientId: '2' })).sightings;
    expect(sighting?.observation.recipients).toMatchObject([{ ref: '2', status, at: AT }]);
  });

  it.each([
    'envelope-voided',
    'envelope-declined',
    'envelope-corrected',
    'recipient-declined',
    'recipient-completed',
    'recipient-reassign',
  ])('%s asks for a read, and changes nothing before', (event) => {
    const [sighting] = parse(message(event, { recipientId: '1' })).sightings;
    expect(sighting).toMatchObject({ incomplete: true, observation: { envelope: [], recipients: [], details: [] } });
  });

  it('and no readable time asks for a read', () => {
    const [sighting] = parse(message('envelope-sent', {}, { generatedDateTime: '2026-01-15T11:05:29' })).sightings;
    expect(sighting).toMatchObject({ incomplete: true, observation: { envelope: [] } });
  });

  it.each(['envelope-resent', 'envelope-purge', 'recipient-finish-later', 'envelope-teleported'])(
    '%s is of no interest',
    (event) => {
      expect(parse(message(event)).sightings).toEqual([]);
    },
  );

  it('about a template is of no interest', () => {
    const body = message('template-created', { envelopeId: undefined, templateId: 't' });
    expect(parse(body).sightings).toEqual([]);
  });
});

describe('an authentic message that cannot be read', () => {
  it.each([
    ['is no JSON', '{"event":', 'neither JSON nor XML'],
    ['is empty', '', 'neither JSON nor XML'],
    ['is no UTF-8', '\xff', 'neither JSON nor XML'],
    ['is a list', [], 'not a Connect message'],
    ['is null', 'null', 'not a Connect message'],
    ['has no data', { event: 'envelope-sent' }, 'not a Connect message'],
    [
      'has recipients of another shape',
      message('envelope-sent', summary({ recipients: { signers: 'many' } })),
      'not an envelope',
    ],
    ['is XML of something else', '<?xml version="1.0"?><DocuSignEnvelopeInformation/>', 'no EnvelopeStatus'],
    ['is about another account', message('envelope-sent', { accountId: ENVELOPE }), 'another account'],
  ])('because it %s is unparsable with that reason', (_what, body, reason) => {
    const raw =
      body === '\xff' ? Buffer.from([0xff]) : Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
    const reading = (): unknown => webhook.parse({ headers: {}, body: raw }, ACCOUNT);
    expect(reading).toThrow(Unparsable);
    expect(reading).toThrow(reason);
  });
});

it('whatever an authentic body is, it is read or unparsable, and nothing else', () => {
  const summaries = fc.record({
    envelopeSummary: fc.oneof(fc.jsonValue(), fc.dictionary(fc.constantFrom(...NAMES), fc.jsonValue())),
  });
  const bodies = fc.oneof(
    fc.jsonValue(),
    fc
      .tuple(fc.constantFrom(...ENVELOPE_EVENTS, ...RECIPIENT_EVENTS, 'x'), summaries)
      .map(([event, data]) => message(event, data)),
    fc.dictionary(fc.constantFrom('event', 'data', 'envelopeId', 'generatedDateTime', 'status'), fc.jsonValue()),
  );
  let read = 0;
  fc.assert(
    fc.property(bodies, (body) => {
      try {
        read += parse(JSON.stringify(body)).sightings.length;
      } catch (error) {
        if (!(error instanceof Unparsable)) throw error;
      }
    }),
    { numRuns: process.env['LONG'] ? 100_000 : 2_000 },
  );
  expect(read).toBeGreaterThan(100);
});

it.each([
  ['nested 100,000 deep', '['.repeat(100_000) + ']'.repeat(100_000)],
  [
    'nested inside the envelope',
    JSON.stringify(message('x', { envelopeSummary: { z: 1 } })).replace(
      '1}',
      `${'['.repeat(50_000)}${']'.repeat(50_000)}}`,
    ),
  ],
  ['of a million names', `{${Array.from({ length: 1_000_000 }, (_, n) => `"${n}":0`).join(',')}}`],
  ['with __proto__', JSON.stringify(message('envelope-sent')).replace('"event"', '"__proto__":{"polluted":1},"event"')],
])('a body %s is settled soon and harms nothing', (_what, body) => {
  const began = performance.now();
  try {
    parse(body);
  } catch (error) {
    if (!(error instanceof Unparsable)) throw error;
  }
  expect(performance.now() - began).toBeLessThan(2_000);
  expect(Reflect.get({}, 'polluted')).toBeUndefined();
});

describe('aggregate mode', () => {
  const aggregate = { envelopeId: ENVELOPE, status: 'sent', sentDateTime: GENERATED, sender: { accountId: ACCOUNT } };

  it('is read as the envelope that it is', () => {
    const { sightings } = parse(aggregate);
    expect(sightings).toMatchObject([
      { providerId: ENVELOPE, observation: { envelope: [{ status: 'SENT', at: AT }] } },
    ]);
  });

  it.each([
    ['under its name', (envelopeSummary: object) => ({ envelopeSummary })],
    ['where the other modes have it', (envelopeSummary: object) => ({ data: { accountId: ACCOUNT, envelopeSummary } })],
    [
      'with its id beside it',
      ({ envelopeId, ...envelopeSummary }: typeof aggregate) => ({ data: { envelopeId, envelopeSummary } }),
    ],
  ])('may have the envelope %s', (_what, wrap) => {
    expect(parse(wrap(aggregate)).sightings).toEqual(parse(aggregate).sightings);
  });

  it('is unparsable for another account', () => {
    expect(() => parse({ ...aggregate, sender: { accountId: ENVELOPE } })).toThrow('another account');
    const data = { accountId: ENVELOPE, envelopeSummary: { ...aggregate, sender: null } };
    expect(() => parse({ data })).toThrow('another account');
  });
});

const capital = (name: string): string =>
  name.charAt(0).toUpperCase() + name.slice(1).replace(/^nvelopeId$/, 'nvelopeID');
const capitalised = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(capitalised);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [capital(name), capitalised(member)]));
};

describe('a message of another form', () => {
  it.each([
    ['with the envelope', message('envelope-sent', summary())],
    ['with its event alone', message('recipient-sent', { recipientId: '1' })],
    ['of aggregate mode', { envelopeId: ENVELOPE, status: 'sent', sentDateTime: GENERATED }],
  ])('in which names are capitalised is read: %s', (_what, body) => {
    expect(parse(capitalised(body)).sightings).toEqual(parse(body).sightings);
  });

  it('whose event and status are capitalised is read', () => {
    expect(parse(message('Envelope-Sent', summary({ status: 'Sent' }))).sightings).toEqual(
      parse(message('envelope-sent', summary())).sightings,
    );
  });

  it('with a byte order mark is read', () => {
    const body = message('envelope-sent');
    expect(parse(`\uFEFF${JSON.stringify(body)}`)).toEqual(parse(body));
  });

  it('that names account and envelope by its address alone is about these', () => {
    const body = message('envelope-sent', { accountId: undefined, envelopeId: undefined });
    expect(parse(body)).toEqual(parse(message('envelope-sent')));
    const uri = `/restapi/v2.1/accounts/${ENVELOPE}/envelopes/${ENVELOPE}`;
    expect(() => parse(message('envelope-sent', { accountId: undefined }, { uri }))).toThrow('another account');
  });

  it('that names no account is about the one whose key signed it', () => {
    expect(parse(message('envelope-sent', { accountId: null }, { uri: null }))).toEqual(
      parse(message('envelope-sent')),
    );
  });
});

it('is answered 200, which alone ends the retries', () => {
  expect(webhook.accepted.status).toBe(200);
});
