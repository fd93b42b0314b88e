/**
 * Text from a provider on its way into an error: cleaned of what may be secret, of what a database refuses, and cut.
 * @module
 */

const MAX_TEXT = 500;
/** A compact JWS, and anything that follows the word Bearer. */
const TOKENS = /eyJ[\w-]+\.[\w-]+(?:\.[\w-]*)?|(?<=bearer\s)[\w.~+/=-]+/gi;
const PEM = /-----BEGIN [^-]*-----[\s\S]*?(?:-----END [^-]*-----|$)/g;

export function presentable(text: string): string {
  const clean = text.replaceAll('\0', '').replace(PEM, '[removed]').replace(TOKENS, '[removed]').trim();
  return clean.length > MAX_TEXT ? `${clean.slice(0, MAX_TEXT)}…` : clean;
}
