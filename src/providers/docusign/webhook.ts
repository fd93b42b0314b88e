/**
 * Connect messages, signed by HMAC over the raw bytes: JSON SIM, and the legacy XML of `xml-message.ts`.
 * Source: developer documentation, "How to validate an HMAC signature"; specification of the Connect message v2.1.
 * @module
 */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { Observation, RecipientFact, Sighting } from '../../model/observation.ts';
import { type Instant, parseInstant } from '../../model/time.ts';
import { type ParsedWebhook, Unparsable, type WebhookDialect, type WebhookRequest } from '../provider.ts';
import { type Aggregate, aggregateIn, readJson } from './json-shape.ts';
import { envelope, type EnvelopePayload, recipientRef } from './payload.ts';
import { sightingOf, wordOf } from './read.ts';
import { verifySignatures } from './signature.ts';
import { END_WORDS, EVENT_NEWS, type EventNews } from './words.ts';
import { parseXmlMessage } from './xml-message.ts';

export const webhook: WebhookDialect = {
  verify: verifySignatures,
  parse,
  accepted: { status: 200, headers: { 'content-type': 'text/plain; charset=utf-8' }, body: 'stored' },
};

const simMessage = z.object({
  event: z.string(),
  uri: z.string().nullish().catch(null),
  generatedDateTime: z.string().nullish(),
  data: z.object({
    accountId: z.string().nullish(),
    envelopeId: z.string().nullish(),
    recipientId: recipientRef,
    envelopeSummary: z.looseObject({}).nullish(),
  }),
});
type SimMessage = z.output<typeof simMessage>;

/** What the body is, it shows by its first character: a Content-Type may be wrong, or changed on the way. */
function parse({ headers, body: raw }: WebhookRequest, providerAccountId: string): ParsedWebhook {
  const [contentType = ''] = [headers['content-type'] ?? ''].flat();
  if (isXml(raw)) return parseXmlMessage(raw, providerAccountId, contentType);
  const body = readJson(raw);
  const aggregate = aggregateIn(body);
  if (aggregate) return parseAggregate(aggregate, raw, providerAccountId);
  const message = simMessage.safeParse(body);
  if (!message.success) throw new Unparsable(`not a Connect message: ${z.prettifyError(message.error)}`);
  const { event, uri, generatedDateTime, data } = message.data;
  const named = idsOf(uri ?? '');
  const accountId = data.accountId ?? named?.accountId ?? providerAccountId;
  mustBe(providerAccountId, accountId);
  const { recipientId } = data;
  const envelopeId = data.envelopeId ?? named?.envelopeId;
  const identity = [accountId, envelopeId ?? null, event, recipientId ?? null].map((part) => lower(part));
  const dedupeKey = JSON.stringify([...identity, generatedDateTime ?? sha256(raw)]);
  return { dedupeKey, sightings: envelopeId ? sightingsOf(message.data, envelopeId) : [] };
}

/** What the address of the envelope names, where no member does. */
function idsOf(uri: string): Readonly<Record<string, string>> | undefined {
  return /\/accounts\/(?<accountId>[^/]+)\/envelopes\/(?<envelopeId>[^/?]+)/i.exec(uri)?.groups;
}

function sightingsOf(message: SimMessage, envelopeId: string): Sighting[] {
  const generatedAt = message.generatedDateTime ? parseInstant(message.generatedDateTime) : null;
  const { envelopeSummary } = message.data;
  if (!envelopeSummary) return eventAlone(message, envelopeId, generatedAt);
  const payload = envelope.safeParse({ ...envelopeSummary, envelopeId });
  if (!payload.success) throw new Unparsable(`not an envelope: ${z.prettifyError(payload.error)}`);
  const { observation, incomplete, ...whose } = sightingOf(payload.data, { source: 'WEBHOOK', generatedAt });
  const recipients = [...observation.recipients, ...unwrittenFact(message, generatedAt)];
  return [
    {
      ...whose,
      observation: { ...observation, recipients },
      // Every draft of ours carries our id; a configuration of the whole account tells of everybody's envelopes.
      ...(payload.data.customFields && whose.envelopeId === null && { foreign: true }),
      incomplete: incomplete || isBehind(message, payload.data),
    },
  ];
}

/**
 * Whether the summary shows the state at the event or at the sending of the message is unconfirmed: when it doesn't
 * show what the event says, or leaves the recipient of the event out, only a read knows.
 */
function isBehind({ event, data }: SimMessage, payload: EnvelopePayload): boolean {
  const name = wordOf(event);
  if (name.startsWith('envelope-')) {
    const word = name.slice('envelope-'.length);
    return END_WORDS[word] !== undefined && END_WORDS[wordOf(payload.status)] === undefined;
  }
  if (!EVENT_NEWS[name]) return false;
  const told = Object.values(payload.recipients ?? {}).flatMap((group) => group ?? []);
  const recipient = told.find(({ recipientId }) => recipientId === data.recipientId);
  if (!recipient) return true;
  const isDone = name === 'recipient-completed' || name === 'recipient-declined';
  return isDone && !['completed', 'signed', 'declined'].includes(wordOf(recipient.status));
}

/** A failed authentication changes nothing that an envelope shows: the event alone tells it. */
function unwrittenFact({ event, data }: SimMessage, at: Instant | null): RecipientFact[] {
  const news = EVENT_NEWS[wordOf(event)];
  if (news?.about !== 'RECIPIENT' || news.status !== 'FAILED' || !at || !data.recipientId) return [];
  return [{ ref: data.recipientId, at, status: news.status, providerStatus: news.word, reason: null }];
}

/** A message of an account whose configuration includes nothing: the event and its time are all there is. */
function eventAlone({ event, data }: SimMessage, envelopeId: string, at: Instant | null): Sighting[] {
  const news = EVENT_NEWS[wordOf(event)];
  if (!news) return [];
  const facts = at && factsOf(news, data.recipientId ?? null, at);
  const observation = { source: 'WEBHOOK', sawEnd: null, details: [], ...(facts ?? NO_FACTS) } as const;
  return [{ providerId: envelopeId.toLowerCase(), envelopeId: null, observation, incomplete: !facts }];
}

type Facts = Pick<Observation, 'envelope' | 'recipients'>;
const NO_FACTS: Facts = { envelope: [], recipients: [] };

/** Null when only a read can tell. */
function factsOf(news: EventNews, ref: string | null, at: Instant): Facts | null {
  if (news.about === 'READ') return null;
  const { word: providerStatus } = news;
  switch (news.about) {
    case 'ENVELOPE':
      return { ...NO_FACTS, envelope: [{ kind: 'PROGRESS', at, status: news.status, providerStatus }] };
    case 'END':
      return { ...NO_FACTS, envelope: [{ kind: 'END', at, status: news.status, providerStatus, reason: null }] };
    case 'RECIPIENT':
      if (ref === null) return null;
      return { ...NO_FACTS, recipients: [{ ref, at, status: news.status, providerStatus, reason: null }] };
  }
}

function parseAggregate(
  { envelope: told, accountId }: Aggregate,
  raw: Buffer,
  providerAccountId: string,
): ParsedWebhook {
  const payload = envelope.safeParse(told);
  if (!payload.success) throw new Unparsable(`not an envelope: ${z.prettifyError(payload.error)}`);
  for (const account of [accountId, payload.data.sender?.accountId]) {
    if (typeof account === 'string') mustBe(providerAccountId, account);
  }
  const dedupeKey = JSON.stringify([
    providerAccountId,
    payload.data.envelopeId.toLowerCase(),
    'aggregate',
    sha256(raw),
  ]);
  return { dedupeKey, sightings: [sightingOf(payload.data, { source: 'WEBHOOK', generatedAt: null })] };
}

/** The signature proves one account's key; the message must be about that account and no other. */
function mustBe(providerAccountId: string, named: string): void {
  if (named.toLowerCase() === providerAccountId.toLowerCase()) return;
  throw new Unparsable('the message names another account than the one whose address it came to');
}

/** Spaces and byte order marks aside, in encodings of one byte or two: no JSON begins so. */
function isXml(raw: Buffer): boolean {
  return raw.find((byte) => !BEFORE_TEXT.has(byte)) === 0x3c;
}
const BEFORE_TEXT = new Set([0x00, 0x09, 0x0a, 0x0d, 0x20, 0xef, 0xbb, 0xbf, 0xfe, 0xff]);

function lower(part: string | number | null): string | null {
  return part === null ? null : String(part).toLowerCase();
}

function sha256(raw: Buffer): string {
  return createHash('sha256').update(raw).digest('base64url');
}
