/**
 * JSON as Connect sends it, brought into the one shape that is read: names as the specification writes them, and the
 * envelope of a message without an event, wherever it stands. How aggregate mode looks is known from third-party sources
 * alone, so more is taken than was ever seen: the signature proves whose message it is.
 * @module
 */
import { Unparsable } from '../provider.ts';

type Json = Readonly<Record<string, unknown>>;

/** Names are rewritten no deeper: what is read stands higher. */
const MAX_DEPTH = 16;

/** Throws `Unparsable`. */
export function readJson(raw: Buffer): unknown {
  let body: unknown;
  try {
    body = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(raw));
  } catch (error) {
    throw new Unparsable('the body is neither JSON nor XML', { cause: error });
  }
  return isObject(body) && Object.keys(body).some((name) => CAPITALISED.has(name)) ? camelCased(body, 0) : body;
}

const CAPITALISED: ReadonlySet<string> = new Set(['Event', 'Data', 'EnvelopeId', 'EnvelopeID', 'EnvelopeSummary']);

/** `EnvelopeID` and `EnvelopeId` as `envelopeId`. */
function camelCased(value: unknown, depth: number): unknown {
  if (depth > MAX_DEPTH) return value;
  if (Array.isArray(value)) return value.map((item: unknown) => camelCased(item, depth + 1));
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [
      name.charAt(0).toLowerCase() + name.slice(1).replace(/ID$/, 'Id'),
      camelCased(member, depth + 1),
    ]),
  );
}

export interface Aggregate {
  readonly envelope: object;
  /** Where the message names it beside the envelope. */
  readonly accountId: unknown;
}

/** The envelope of a message of aggregate mode: by itself, or where the other modes have it. Null for any other body. */
export function aggregateIn(body: unknown): Aggregate | null {
  if (!isObject(body) || 'event' in body) return null;
  if ('envelopeId' in body && !('envelopeSummary' in body)) return { envelope: body, accountId: null };
  const around = isObject(body['data']) ? body['data'] : body;
  const { envelopeSummary: summary, envelopeId, accountId } = around;
  return isObject(summary) ? { envelope: { envelopeId, ...summary }, accountId } : null;
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
