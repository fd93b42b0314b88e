/**
 * Instants as the providers write them: 1-7 fractional digits, any offset. Compared as canonical text of fixed
 * width, because a JavaScript Date keeps milliseconds and would make different instants tie.
 * @module
 */

/** `YYYY-MM-DDTHH:MM:SS.nnnnnnnnnZ`, UTC, nine fractional digits: text order is time order. */
export type Instant = string & { readonly instant: unique symbol };

const RFC3339 = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9})\d*)?(Z|[+-]\d\d:?\d\d)$/i;

/** The instant that `text` names, or null when it is no RFC 3339 time with a zone (a time without one can't be ordered). */
export function parseInstant(text: string): Instant | null {
  const match = RFC3339.exec(text.trim());
  if (!match) return null;
  const [, seconds = '', fraction = '', zone = 'Z'] = match;
  // JavaScript takes the 30th of February for the 2nd of March, and 24:00 for the next day.
  const local = new Date(`${seconds}Z`);
  if (Number.isNaN(local.getTime()) || local.getUTCDate() !== Number(seconds.slice(8, 10))) return null;
  // Most are in UTC already, and there are dozens in a message.
  if (zone === 'Z' || zone === 'z') return canonical(seconds, fraction);
  const date = new Date(`${seconds}${zone.replace(/^(...):?(..)$/, '$1:$2')}`);
  if (Number.isNaN(date.getTime())) return null;
  const utc = date.toISOString();
  // Years before 0 and after 9999 have another width, and would be out of order as text.
  if (utc.length !== 24) return null;
  return canonical(utc.slice(0, 19), fraction);
}

function canonical(seconds: string, fraction: string): Instant {
  return brand(`${seconds.toUpperCase()}.${fraction.padEnd(9, '0')}Z`);
}

export function instantOf(date: Date): Instant {
  return brand(date.toISOString().replace('Z', '000000Z'));
}

export function dateOf(instant: Instant): Date {
  return new Date(`${instant.slice(0, 23)}Z`);
}

export const DAY_MS = 86_400_000;

/** Whole days, rounded up. */
export function daysUntil(time: Date, now: Date): number {
  return Math.ceil((time.getTime() - now.getTime()) / DAY_MS);
}

export function addMilliseconds(date: Date, milliseconds: number): Date {
  return new Date(date.getTime() + milliseconds);
}

/** The date that `text` or the number of milliseconds names; throws on anything else (for values we wrote ourselves). */
export function dateFrom(value: string | number | Date): Date {
  const date = new Date(value);
  if (Number.isNaN(date.getTime())) throw new TypeError(`not a time: ${String(value)}`);
  return date;
}

/** Earlier than anything that any provider says. */
export const BEGINNING: Instant = brand('0000-01-01T00:00:00.000000000Z');

/** Only here is text called an instant: after it was brought into the canonical form. */
function brand(text: string): Instant {
  return text as Instant;
}
