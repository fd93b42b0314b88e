/**
 * A webhook that was proven authentic, read as far as it can be read, on its way into the inbox.
 * @module
 */
import { createHash } from 'node:crypto';
import { type Provider, Unparsable, type WebhookRequest } from '../providers/provider.ts';
import type { Sighting } from '../model/observation.ts';
import type { World } from '../world.ts';
import { cleanSighting, cleanText } from './clean-text.ts';

/** Whose webhook a path is; what `accounts` answers for a provider and a secret. */
export interface WebhookRoute {
  readonly tenantId: string;
  readonly accountId: string;
  readonly provider: Pick<Provider, 'webhook'>;
  readonly providerAccountId: string;
  /** Every live key: rotation adds one before it takes one away. */
  readonly keys: readonly string[];
}

export interface Incoming {
  /** Of the delivery's row. */
  readonly id: string;
  readonly tenantId: string;
  readonly accountId: string;
  /** The same for every repetition of one notification. */
  readonly dedupeKey: string;
  readonly contentType: string | null;
  readonly body: Buffer;
  /** Empty when the message says nothing of any envelope. */
  readonly sightings: readonly Sighting[];
  /** Why it can't be used, or null. */
  readonly unparsable: string | null;
}

/** Reads what was verified. Never throws: what can't be read is kept, since the provider would send it again for days. */
export function readIncoming(world: World, route: WebhookRoute, request: WebhookRequest): Incoming {
  const { tenantId, accountId } = route;
  const common = {
    id: world.uuid(),
    tenantId,
    accountId,
    contentType: contentTypeOf(request.headers),
    body: request.body,
  };
  try {
    const parsed = route.provider.webhook.parse(request, route.providerAccountId);
    return {
      ...common,
      dedupeKey: dedupeKey(parsed.dedupeKey),
      sightings: parsed.sightings.map(cleanSighting),
      unparsable: null,
    };
  } catch (error) {
    // An error of another class is a fault of the parser: kept just the same, to be replayed when it is mended.
    const reason = error instanceof Unparsable ? error.message : `the parser failed: ${String(error)}`;
    return unusable({ ...common, dedupeKey: bodyKey(request.body), sightings: [], unparsable: null }, reason);
  }
}

/** The same delivery, kept for its body alone. */
export function unusable(incoming: Incoming, reason: string): Incoming {
  return { ...incoming, sightings: [], unparsable: cleanText(reason).slice(0, MAX_REASON) };
}

const MAX_REASON = 500;
/** Longer ones are hashed: a row of a B-tree has an end. */
const MAX_KEY = 200;

function dedupeKey(key: string): string {
  const clean = cleanText(key);
  return clean.length <= MAX_KEY ? clean : `sha256:${createHash('sha256').update(clean).digest('hex')}`;
}

function bodyKey(body: Buffer): string {
  return `body:${createHash('sha256').update(body).digest('hex')}`;
}

/** As it was given, as far as it can be stored. */
export function contentTypeOf(headers: WebhookRequest['headers']): string | null {
  const value = headers['content-type'];
  return typeof value === 'string' ? cleanText(value).slice(0, 200) : null;
}
