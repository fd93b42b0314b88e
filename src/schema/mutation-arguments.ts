/**
 * Arguments that several mutations take, and how they are judged.
 * @module
 */
import { uuidOf } from '../model/ids.ts';
import { MAX_WAIT_MS } from '../model/limits.ts';
import { NotFound } from '../model/problems.ts';

export const idempotencyKey =
  'At most 255 characters. The same key with the same input answers the same again; kept for 30 days.';
export const waitMs = `Milliseconds to wait for the provider's word, 0 to ${MAX_WAIT_MS}. Whatever the provider does, the answer comes then; the command goes on, and its \`state\` and \`explanation\` say how far it is.`;
export const waitMsOfSend = `${waitMs} Documents given by \`url\` are fetched within this time too, and have at least 5 seconds and at most 20.`;
export const waitMsOfSigning = `Milliseconds to wait for the session, 0 to ${MAX_WAIT_MS}: for an envelope that is still being sent, then for the provider, which has a second in any case.`;

export function uuidOrNotFound(kind: 'Account' | 'Envelope' | 'Recipient', id: string): string {
  const uuid = uuidOf(kind, id);
  if (uuid === null) throw new NotFound(kind.toLowerCase());
  return uuid;
}
