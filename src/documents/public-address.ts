/**
 * Addresses of the public internet, and nothing else.
 * @module
 */
import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';

/** What of IPv6 is given out (IANA: 2000::/3); all else is special, and so is what ipaddr.js names within it. */
const GLOBAL_UNICAST = ipaddr.IPv6.parseCIDR('2000::/3');

/**
 * False for loopback, private, link-local, shared, reserved, multicast, documentation … of both families, and for IPv6
 * that carries an IPv4 address inside (mapped, translated, 6to4, Teredo), whichever that is. False for what is no address.
 */
export function isPublicAddress(text: string): boolean {
  if (isIP(text) === 0 || text.includes('%')) return false;
  const address = ipaddr.parse(text);
  if (address.range() !== 'unicast') return false;
  return !(address instanceof ipaddr.IPv6) || address.match(GLOBAL_UNICAST);
}
