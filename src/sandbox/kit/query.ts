/**
 * Addresses that a caller gave, sent back to with more in their query.
 * @module
 */

/** The address with these parameters behind those it has, byte for byte; what a header can't hold is percent-encoded. */
export function withQuery(address: string, parameters: Readonly<Record<string, string>>): string {
  const fragment = address.indexOf('#');
  const front = fragment === -1 ? address : address.slice(0, fragment);
  const added = new URLSearchParams(parameters).toString();
  const whole = `${front}${front.includes('?') ? '&' : '?'}${added}${address.slice(front.length)}`;
  return whole.toWellFormed().replaceAll(/[^\x21-\x7e]+/g, encodeURIComponent);
}
