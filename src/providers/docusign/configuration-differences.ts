/**
 * How our Connect configuration must be, and what is otherwise in one that was found.
 * Source: specification of `connectCustomConfiguration`.
 * @module
 */
import type { AccountWebhook } from '../provider.ts';
import { ENVELOPE_EVENTS, RECIPIENT_EVENTS } from './words.ts';

const EVENTS = [...ENVELOPE_EVENTS, ...RECIPIENT_EVENTS];
const INCLUDED = ['recipients', 'custom_fields'];

/**
 * Switches, each as text. Everything is said outright: defaults changed over the years. Without acknowledgement a failed
 * delivery isn't repeated; without HMAC no message is believed.
 */
const SWITCHES = {
  configurationType: 'custom',
  allowEnvelopePublish: 'true',
  allUsers: 'true',
  requiresAcknowledgement: 'true',
  enableLog: 'true',
  includeHMAC: 'true',
  deliveryMode: 'SIM',
} as const;
const DATA = { version: 'restv2.1', format: 'json' } as const;

export function wantedConfiguration({ url, name }: AccountWebhook): Readonly<Record<string, unknown>> {
  return { name, urlToPublishTo: url, ...SWITCHES, events: EVENTS, eventData: { ...DATA, includeData: INCLUDED } };
}

/** What differs, a sentence each, without the address: it is a secret. Empty when all is as it must be. */
export function differences(
  found: Readonly<Record<string, unknown>>,
  { url, name }: AccountWebhook,
): readonly string[] {
  const data = recordOf(found['eventData']);
  return [
    ...(found['allowEnvelopePublish'] !== undefined && wordOf(found['allowEnvelopePublish']) !== 'true'
      ? ['it was switched off']
      : []),
    ...(found['urlToPublishTo'] === url ? [] : ['its address was another']),
    ...(found['name'] === name ? [] : ['its name was another']),
    ...unlike(found, SWITCHES),
    ...unlike(data, DATA, 'eventData.'),
    ...unlikeList('events', found['events'], EVENTS),
    ...unlikeList('eventData.includeData', data['includeData'], INCLUDED),
  ];
}

function unlike(
  found: Readonly<Record<string, unknown>>,
  wanted: Readonly<Record<string, string>>,
  path = '',
): readonly string[] {
  return Object.entries(wanted).flatMap(([member, value]) => {
    // Said in words of its own, unless it isn't said at all.
    if (member === 'allowEnvelopePublish' && found[member] !== undefined) return [];
    const is = wordOf(found[member]);
    return is === value.toLowerCase() ? [] : [`${path}${member} was ${is === '' ? 'not set' : is}`];
  });
}

function unlikeList(path: string, found: unknown, wanted: readonly string[]): readonly string[] {
  const has = new Set(Array.isArray(found) ? found.map(wordOf) : []);
  const lacks = wanted.filter((word) => !has.has(word));
  const extra = [...has].filter((word) => !wanted.includes(word));
  return [
    ...(lacks.length > 0 ? [`${path} lacked ${lacks.join(', ')}`] : []),
    ...(extra.length > 0 ? [`${path} had ${extra.join(', ')} besides`] : []),
  ];
}

/** Scalars come as text, in either case; some members are known to come as booleans. Cut: it goes into an answer. */
function wordOf(value: unknown): string {
  return typeof value === 'string' || typeof value === 'boolean' || typeof value === 'number'
    ? String(value).trim().toLowerCase().slice(0, 100)
    : '';
}

function recordOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? Object.fromEntries(Object.entries(value)) : {};
}
