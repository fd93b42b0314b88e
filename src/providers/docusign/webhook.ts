/**
 * Connect messages: JSON SIM, signed by HMAC over the raw bytes.
 * Source: developer documentation, "How to validate an HMAC signature"; specification of the Connect message v2.1.
 * @module
 */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { Sighting } from '../../model/observation.ts';
import { type Instant, parseInstant } from '../../model/time.ts';
import { type ParsedWebhook, Unparsable, type WebhookDialect, type WebhookRequest } from '../provider.ts';
import { envelope, type EnvelopePayload } from './payload.ts';
import { sightingOf, wordOf } from './read.ts';
import { verifySignatures } from './signature.ts';
import { END_WORDS, EVENT_NEWS } from './words.ts';

export const webhook: WebhookDialect = {
  verify: verifySignatures,
  parse,
  accepted: { status: 200, headers: { 'content-type': 'text/plain; charset=utf-8' }, body: 'stored' },
};

const simMessage = z.object({
  event: z.string(),
  generatedDateTime: z.string().nullish(),
  data: z.object({
    accountId: z.string(),
    envelopeId: z.string().nullish(),
    recipientId: z.union([z.string(), z.number()]).nullish(),
    envelopeSummary: z.looseObject({}).nullish(),
  }),
});
type SimMessage = z.output<typeof simMessage>;

function parse(request: WebhookRequest, providerAccountId: string): ParsedWebhook {
  const body = readJson(request.body);
  if (typeof body === 'object' && body !== null && !('event' in body) && 'envelopeId' in body) {
    return parseAggregate(body, request.body, providerAccountId);
  }
  const message = simMessage.safeParse(body);
  if (!message.success) throw new Unparsable(`not a Connect message: ${z.prettifyError(message.error)}`);
  const { event, generatedDateTime, data } = message.data;
  mustBe(providerAccountId, data.accountId);
  const { envelopeId, recipientId } = data;
  const identity = [data.accountId, envelopeId ?? null, event, recipientId ?? null].map((part) => lower(part));
  const dedupeKey = JSON.stringify([...identity, generatedDateTime ?? sha256(request.body)]);
  return { dedupeKey, sightings: envelopeId ? sightingsOf(message.data, envelopeId) : [] };
}

function sightingsOf(message: SimMessage, envelopeId: string): Sighting[] {
  const generatedAt = message.generatedDateTime ? parseInstant(message.generatedDateTime) : null;
  const { envelopeSummary } = message.data;
  if (!envelopeSummary) return eventAlone(message, envelopeId, generatedAt);
  const payload = envelope.safeParse({ ...envelopeSummary, envelopeId });
  if (!payload.success) throw new Unparsable(`not an envelope: ${z.prettifyError(payload.error)}`);
  const sighting = sightingOf(payload.data, { source: 'WEBHOOK', generatedAt });
  return [{ ...sighting, incomplete: sighting.incomplete || isBehind(message, payload.data) }];
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
  if (name !== 'recipient-completed' && name !== 'recipient-declined') return false;
  const told = Object.values(payload.recipients ?? {}).flatMap((group) => group ?? []);
  const recipient = told.find(({ recipientId }) => recipientId === String(data.recipientId ?? ''));
  return !recipient || !['completed', 'signed', 'declined'].includes(wordOf(recipient.status));
}

/** A message of an account whose configuration includes nothing: the event and its time are all there is. */
function eventAlone({ event, data }: SimMessage, envelopeId: string, at: Instant | null): Sighting[] {
  const news = EVENT_NEWS[wordOf(event)];
  if (!news) return [];
  const ref = data.recipientId === null || data.recipientId === undefined ? null : String(data.recipientId);
  const common = { providerId: envelopeId.toLowerCase(), envelopeId: null };
  const observation = { source: 'WEBHOOK', sawEnd: null, envelope: [], recipients: [], details: [] } as const;
  if (news.about === 'READ' || !at || (news.about === 'RECIPIENT' && ref === null)) {
    return [{ ...common, observation, incomplete: true }];
  }
  if (news.about === 'RECIPIENT' && ref !== null) {
    const fact = { ref, at, status: news.status, providerStatus: news.word, reason: null };
    // Its role isn't told, and a copy that was delivered is "completed" as well.
    if (news.status === 'SIGNED') return [{ ...common, observation, incomplete: true }];
    return [{ ...common, observation: { ...observation, recipients: [fact] }, incomplete: false }];
  }
  if (news.about !== 'ENVELOPE') return [];
  const { status, word: providerStatus } = news;
  const fact =
    status === 'COMPLETED'
      ? ({ kind: 'END', at, status, providerStatus, reason: null } as const)
      : ({ kind: 'PROGRESS', at, status, providerStatus } as const);
  return [{ ...common, observation: { ...observation, envelope: [fact] }, incomplete: false }];
}

/** Aggregate mode sends the envelope as it is, without an event. Known from third-party sources alone. */
function parseAggregate(body: object, raw: Buffer, providerAccountId: string): ParsedWebhook {
  const payload = envelope.safeParse(body);
  if (!payload.success) throw new Unparsable(`not an envelope: ${z.prettifyError(payload.error)}`);
  const account = payload.data.sender?.accountId;
  if (account) mustBe(providerAccountId, account);
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

function readJson(raw: Buffer): unknown {
  if (isXml(raw)) {
    throw new Unparsable(
      'a legacy XML message: set eventData to version restv2.1, format json, and deliveryMode to SIM in the Connect configuration',
    );
  }
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(raw));
  } catch (error) {
    throw new Unparsable('the body is no JSON', { cause: error });
  }
}

/** By its first character: what stands in the header isn't signed. */
function isXml(raw: Buffer): boolean {
  return raw
    .subarray(0, 64)
    .toString('utf8')
    .replace(/^\uFEFF/, '')
    .trimStart()
    .startsWith('<');
}

function lower(part: string | number | null): string | null {
  return part === null ? null : String(part).toLowerCase();
}

function sha256(raw: Buffer): string {
  return createHash('sha256').update(raw).digest('base64url');
}
