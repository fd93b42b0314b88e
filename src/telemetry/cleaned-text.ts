/**
 * Text on its way into a log: cut, and without what looks like a secret or a person's address. The second net; the
 * first is the list of fields that are written at all.
 * @module
 */

const MAX_TEXT = 300;
const SECRETS: readonly RegExp[] = [
  /-----BEGIN [^-]*-----[\s\S]*?(?:-----END [^-]*-----|$)/g,
  // Compact JWS and JWE.
  /\beyJ[\w-]+\.[\w-]*(?:\.[\w-]*){1,3}/g,
  /(?<=\b(?:bearer|basic)\s+)[\w.~+/=-]+/gi,
  // The user part of an address: postgres://user:password@host.
  /(?<=:\/\/)[^\s/@]+(?=@)/g,
  /[^\s@<>"'`,;:/]+@[^\s@<>"'`,;:/]+\.[^\s@<>"'`,;:/]+/g,
  // The unguessable part of a webhook's address.
  /(?<=\/webhooks\/[\w-]+\/)[\w-]+/g,
];

export function cleanedText(text: string): string {
  const head = text.slice(0, 4 * MAX_TEXT);
  const clean = SECRETS.reduce((rest, secret) => rest.replace(secret, '[removed]'), head);
  return clean.length > MAX_TEXT || text.length > head.length ? `${clean.slice(0, MAX_TEXT)}…` : clean;
}
