/**
 * Dates of HTTP headers (RFC 9110 section 5.6.7), in the one form that senders may use.
 * @module
 */
import { dateOf, parseInstant } from '../model/time.ts';

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** Milliseconds since 1970, or null for what is no such date. */
export function httpDate(text: string): number | null {
  const match = /^[A-Z][a-z]{2}, (\d\d) ([A-Z][a-z]{2}) (\d{4}) (\d\d:\d\d:\d\d) GMT$/.exec(text);
  const month = MONTHS.indexOf(match?.[2] ?? '') + 1;
  if (!match || month === 0) return null;
  const instant = parseInstant(`${match[3]}-${String(month).padStart(2, '0')}-${match[1]}T${match[4]}Z`);
  return instant === null ? null : dateOf(instant).getTime();
}
