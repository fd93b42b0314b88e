/**
 * Arguments that several mutations take, and how they are judged.
 * @module
 */
import { uuidOf } from '../model/ids.ts';
import { MAX_WAIT_MS } from '../model/limits.ts';
import { NotFound } from '../model/problems.ts';

export const idempotencyKey =
  'At most 255 characters. The same key with the same input answers the same again; kept for 30 days.';
export const waitMs = `Milliseconds to wait for the provider's word, 0 to ${MAX_WAIT_MS}.`;

export function uuidOrNotFound(kind: 'Account' | 'Envelope' | 'Recipient', id: string): string {
  const uuid = uuidOf(kind, id);
  if (uuid === null) throw new NotFound(kind.toLowerCase());
  return uuid;
}
