/**
 * Web origins, as browsers send them in `Origin`.
 * @module
 */

/** A set of them; a list is one. */
export interface Origins {
  includes(origin: string): boolean;
}

/** True for an origin of http or https in the one form that browsers send: no path, no slash at the end, lower case. */
export function isWebOrigin(text: string): boolean {
  const url = urlOf(text);
  return url !== null && url.origin === text;
}

/** The origin of a web address; null for what is none. */
export function originOf(text: string): string | null {
  return urlOf(text)?.origin ?? null;
}

/** Pages of this machine, on any port: `localhost`, what ends with `.localhost`, 127.0.0.1 and [::1]. And `more`. */
export function loopbackOrigins(more: readonly string[] = []): Origins {
  return { includes: (origin) => isLoopback(origin) || more.includes(origin) };
}

function isLoopback(origin: string): boolean {
  if (!isWebOrigin(origin)) return false;
  const { hostname } = new URL(origin);
  return ['localhost', '127.0.0.1', '[::1]'].includes(hostname) || hostname.endsWith('.localhost');
}

function urlOf(text: string): URL | null {
  const url = URL.canParse(text) ? new URL(text) : null;
  return url && /^https?:$/.test(url.protocol) ? url : null;
}
