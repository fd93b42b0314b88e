/**
 * Sets of IP addresses, and who stands at the far end of a chain of proxies.
 * @module
 */
import { BlockList, isIP } from 'node:net';

export interface AddressSet {
  has(address: string): boolean;
}

/** True for an address or a CIDR range, such as `203.0.113.7`, `203.0.113.0/24` or `2001:db8::/32`. */
export function isAddressOrRange(text: string): boolean {
  return rangeOf(text) !== null;
}

/** Of addresses and ranges that `isAddressOrRange` takes; another one is a TypeError. */
export function addressSet(texts: readonly string[]): AddressSet {
  const list = new BlockList();
  for (const text of texts) {
    const range = rangeOf(text);
    if (!range) throw new TypeError(`${text} is no address or CIDR range`);
    list.addSubnet(range.address, range.bits, familyOf(range.address));
  }
  return {
    has: (text) => {
      const address = plainAddress(text);
      return address !== null && list.check(address, familyOf(address));
    },
  };
}

/**
 * The address in one form: an IPv4 address that was mapped into IPv6 (`::ffff:192.0.2.1`) is that IPv4 address, a zone
 * is left out. Null for what is no address.
 */
export function plainAddress(text: string): string | null {
  const [address = ''] = text.trim().split('%');
  if (isIP(address) === 4) return address;
  if (isIP(address) !== 6) return null;
  // The URL parser writes IPv6 in one form, the shortest.
  const short = new URL(`http://[${address}]`).hostname.slice(1, -1);
  const [, high, low] = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(short) ?? [];
  if (high === undefined || low === undefined) return short;
  const [left, right] = [Number.parseInt(high, 16), Number.parseInt(low, 16)];
  return [left >> 8, left & 255, right >> 8, right & 255].join('.');
}

/**
 * Who called: the nearest hop that is no proxy of ours. `peer` is the other end of the socket; each proxy appends to
 * `X-Forwarded-For` whom it was called by, so the header is read from its right end and only as far as every hop
 * before is trusted. What a stranger wrote there is never believed. Null when a hop that counts is no address.
 */
export function callerOf(peer: string, forwardedFor: string | undefined, trusted: AddressSet): string | null {
  const hops = forwardedFor === undefined ? [] : forwardedFor.split(',');
  let here = plainAddress(peer);
  while (here !== null && trusted.has(here) && hops.length > 0) here = plainAddress(withoutPort(hops.pop() ?? ''));
  return here;
}

/** Some proxies write `192.0.2.1:4711` or `[2001:db8::1]:4711`. */
function withoutPort(hop: string): string {
  const text = hop.trim();
  const [, bracketed, plain] = /^(?:\[([^\]]*)\](?::\d{1,5})?|(\d+\.\d+\.\d+\.\d+):\d{1,5})$/.exec(text) ?? [];
  return bracketed ?? plain ?? text;
}

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return isIP(address) === 4 ? 'ipv4' : 'ipv6';
}

/** A range of mapped addresses is written as what it means: IPv4. */
function rangeOf(text: string): { readonly address: string; readonly bits: number } | null {
  const [, base = '', length] = /^([0-9a-f.:]+)(?:\/(\d{1,3}))?$/i.exec(text.trim()) ?? [];
  const address = plainAddress(base);
  if (address === null) return null;
  const most = isIP(address) === 4 ? 32 : 128;
  if (length === undefined) return { address, bits: most };
  const bits = isIP(base) === 6 && most === 32 ? Number(length) - 96 : Number(length);
  return bits >= 0 && bits <= most ? { address, bits } : null;
}
