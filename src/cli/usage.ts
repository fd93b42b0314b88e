/**
 * Reading what was typed.
 * @module
 */

import { isWebOrigin, originOf } from '../model/origins.ts';

/** Something was typed that can't be done; the message says what would. */
export class UsageError extends Error {}

export function portFrom(text: string, option: string): number {
  const port = Number(text);
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    throw new UsageError(`${option} is a number from 0 to 65535.`);
  return port;
}

export function originsFrom(texts: readonly string[], option: string): readonly string[] {
  for (const text of texts) {
    if (isWebOrigin(text)) continue;
    const meant = originOf(text);
    const remedy = meant === null ? 'such as https://app.example.com' : `here ${meant}`;
    throw new UsageError(
      `${option} is a web origin as browsers send it, ${remedy}: http or https, no path, no *; give it again for each.`,
    );
  }
  return texts;
}

/** No slash at the end; null when it wasn't given. */
export function publicUrlFrom(text: string | undefined): string | null {
  if (text === undefined) return null;
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url?.protocol !== 'https:' || url.search !== '' || url.hash !== '')
    throw new UsageError('--public-url is an https address that leads here, such as that of a tunnel.');
  return url.href.replace(/\/+$/, '');
}

export function wholeFrom(text: string, option: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new UsageError(`${option} is a whole number.`);
  return Number(text);
}
