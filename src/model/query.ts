/**
 * A parameter for an address that somebody else wrote. The address is their text and stays it: the URL parser would write
 * `%20` as `+` and `flag` as `flag=`, and what signs or compares the address would no longer know it.
 * @module
 */

/**
 * The address with this parameter at the end of its query. Every other byte is as given; only a parameter of the same
 * name that was there before is left out. Removing `[?&]name=value` gives the given text again.
 */
export function withParameter(address: string, name: string, value: string): string {
  const [, path = '', query, fragment = ''] = /^([^?#]*)(?:\?([^#]*))?(#.*)?$/s.exec(address) ?? [];
  const others = query?.split('&').filter((parameter) => !new URLSearchParams(parameter).has(name)) ?? [];
  return `${path}?${[...others, `${name}=${encodeURIComponent(value)}`].join('&')}${fragment}`;
}
