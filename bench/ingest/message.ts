/**
 * Connect messages (JSON SIM) about the seeded envelopes: each envelope goes from sent to completed in four of them, and
 * every one of the four changes its state. The envelopes are taken in turn, so that none is hot.
 * @module
 */
import { createHmac } from 'node:crypto';

export const ENVELOPES = 10_000;
export const HMAC_KEY = 'a-connect-key-of-the-bench';

/** Of the seeded envelopes' own ids; twelve hexadecimal digits follow. */
export const ENVELOPE_ID_PREFIX = '01900000-0000-7000-8000-';

export function providerIdOf(envelope: number): string {
  return `5eed0000-0000-4000-8000-${envelope.toString(16).padStart(12, '0')}`;
}

const STEPS = [
  { event: 'recipient-delivered', status: 'delivered', people: ['delivered', 'created'] },
  { event: 'recipient-completed', status: 'delivered', people: ['completed', 'sent'] },
  { event: 'recipient-delivered', status: 'delivered', people: ['completed', 'delivered'] },
  { event: 'envelope-completed', status: 'completed', people: ['completed', 'completed'] },
] as const;
export const MESSAGES = ENVELOPES * STEPS.length;

const PEOPLE = [
  { name: 'Bo Tenant', email: 'bo@tenant.example' },
  { name: 'Cy Landlord', email: 'cy@landlord.example' },
];

/** Message `index` of all, padded with what such messages carry: tabs and texts that are never twice the same. */
export function messageOf(index: number, accountId: string, bytes: number): string {
  const envelope = index % ENVELOPES;
  const number = Math.floor(index / ENVELOPES);
  const step = STEPS[number];
  if (!step) throw new RangeError(`there are ${MESSAGES} messages`);
  const time = at(10 + number);
  const signers = PEOPLE.map(({ name, email }, place) => {
    const status = step.people[place] ?? 'created';
    const isOpen = status === 'delivered' || status === 'completed';
    return {
      recipientId: String(place + 1),
      recipientIdGuid: `9c0e${hash(envelope * 2 + place).slice(0, 28)}`,
      name,
      email,
      routingOrder: String(place + 1),
      status,
      userId: hash(place).slice(0, 32),
      deliveryMethod: 'email',
      sentDateTime: status === 'created' ? undefined : at(place * 2),
      deliveredDateTime: isOpen ? at(10 + place * 2) : undefined,
      signedDateTime: status === 'completed' ? at(11 + place * 2) : undefined,
    };
  });
  const summary = {
    status: step.status,
    documentsUri: `/envelopes/${providerIdOf(envelope)}/documents`,
    recipientsUri: `/envelopes/${providerIdOf(envelope)}/recipients`,
    envelopeId: providerIdOf(envelope),
    emailSubject: `Lease ${envelope}`,
    createdDateTime: at(0),
    sentDateTime: at(0),
    deliveredDateTime: at(10),
    ...(step.status === 'completed' && { completedDateTime: time }),
    statusChangedDateTime: time,
    lastModifiedDateTime: time,
    recipients: { signers, carbonCopies: [], recipientCount: '2', currentRoutingOrder: number < 2 ? '1' : '2' },
  };
  const message = {
    event: step.event,
    apiVersion: 'v2.1',
    uri: `/restapi/v2.1/accounts/${accountId}/envelopes/${providerIdOf(envelope)}`,
    retryCount: 0,
    configurationId: 5001,
    generatedDateTime: time,
    data: {
      accountId,
      userId: hash(1).slice(0, 32),
      envelopeId: providerIdOf(envelope),
      ...(step.event.startsWith('recipient') && { recipientId: number === 2 ? '2' : '1' }),
      envelopeSummary: { ...summary, emailBlurb: '' },
    },
  };
  const bare = JSON.stringify(message);
  message.data.envelopeSummary.emailBlurb = filler(index, Math.max(0, bytes - bare.length));
  return JSON.stringify(message);
}

function at(minute: number): string {
  return `2030-01-15T10:${String(minute).padStart(2, '0')}:29.7360000Z`;
}

/** The whole HTTP request. */
export function requestOf(body: string, path: string): Buffer {
  const bytes = Buffer.from(body);
  const head = [
    `POST ${path} HTTP/1.1`,
    'Host: 127.0.0.1',
    'Content-Type: application/json; charset=utf-8',
    'X-Authorization-Digest: HMACSHA256',
    `X-DocuSign-Signature-1: ${createHmac('sha256', HMAC_KEY).update(bytes).digest('base64')}`,
    `Content-Length: ${bytes.length}`,
    '',
    '',
  ].join('\r\n');
  return Buffer.concat([Buffer.from(head), bytes]);
}

/** Half words, half digits that don't repeat: about as compressible as such bodies are. */
function filler(index: number, length: number): string {
  const parts: string[] = [];
  let total = 0;
  for (let n = 0; total < length; n++) {
    const part = `{tabLabel:sig${n},xPosition:406,yPosition:263,pageNumber:1,tabId:${hash(index * 10_007 + n).slice(0, 36)}}`;
    parts.push(part);
    total += part.length;
  }
  return parts.join('').slice(0, length);
}

/** 40 hexadecimal digits from a number, quickly (a mix after "splitmix", good enough to be incompressible). */
function hash(seed: number): string {
  let state = (seed + 0x9e3779b9) >>> 0;
  let text = '';
  for (let n = 0; n < 5; n++) {
    state = (state + 0x9e3779b9) >>> 0;
    let mixed = state;
    mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
    mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
    text += ((mixed ^ (mixed >>> 16)) >>> 0).toString(16).padStart(8, '0');
  }
  return text;
}
