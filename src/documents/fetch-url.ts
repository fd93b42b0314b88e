/**
 * Fetches a document from an address that a caller gave: from the public internet alone. A name is resolved once and the
 * connection goes to the address that was judged, at each hop anew. What the other side says is never repeated.
 * @module
 */
import { isIP } from 'node:net';
import { oddCharacter } from '../model/characters.ts';
import type { Outside, World } from '../world.ts';
import { isPublicAddress } from './public-address.ts';

export type Fetched =
  | { readonly bytes: Buffer }
  | { readonly code: 'URL_REFUSED' | 'URL_FAILED' | 'FILE_TOO_LARGE'; readonly message: string };

/**
 * Answers the bytes, at most `maxBytes`, or why there are none. Never throws for what the address or the other side is.
 * `timeMs` is for the whole: names, hops, and the body to its end.
 */
export type FetchUrl = (url: string, maxBytes: number, timeMs?: number) => Promise<Fetched>;

export const MAX_FETCH_MS = 20_000;
const MAX_REDIRECTS = 3;
const MAX_URL = 2_048;
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

class Refused extends Error {
  readonly code: Extract<Fetched, { code: string }>['code'];

  constructor(code: Refused['code'], message: string) {
    super(message);
    this.code = code;
  }
}

export function createFetchUrl(world: World, outside: Outside): FetchUrl {
  return async (url, maxBytes, timeMs = MAX_FETCH_MS) => {
    const late = new AbortController();
    const timer = world.timer(timeMs, () => late.abort());
    try {
      return { bytes: await follow(outside, url, maxBytes, late.signal) };
    } catch (error) {
      if (error instanceof Refused) return { code: error.code, message: error.message };
      if (late.signal.aborted)
        return { code: 'URL_FAILED', message: `It took longer than ${Math.round(timeMs / 100) / 10} seconds.` };
      return { code: 'URL_FAILED', message: 'The server could not be reached, or broke off.' };
    } finally {
      timer.cancel();
    }
  };
}

async function follow(outside: Outside, first: string, maxBytes: number, signal: AbortSignal): Promise<Buffer> {
  let url = judge(first, null);
  for (let redirects = 0; ; redirects += 1) {
    const address = await addressOf(outside, url, signal);
    const response = await outside.fetchAt(url.href, address, signal);
    if (!REDIRECTS.has(response.status)) {
      if (response.status === 200) return readBody(response.body, maxBytes);
      await response.body?.cancel();
      throw new Refused('URL_FAILED', `The server answered with the status ${response.status}.`);
    }
    await response.body?.cancel();
    if (redirects === MAX_REDIRECTS) {
      throw new Refused('URL_REFUSED', `The server redirected more than ${MAX_REDIRECTS} times.`);
    }
    url = judge(response.headers.get('location') ?? '', url);
  }
}

/** The URL, if its form alone doesn't speak against it. The parser has turned every spelling of an IPv4 address into one. */
function judge(text: string, base: URL | null): URL {
  const whose = base ? 'The server redirected to an address that' : 'This address';
  const refuse = (why: string): never => {
    throw new Refused('URL_REFUSED', `${whose} ${why}`);
  };
  if (text.length > MAX_URL) return refuse(`is longer than ${MAX_URL} characters.`);
  const odd = base === null ? oddCharacter(text, 'ADDRESS') : null;
  if (odd) return refuse(`has ${odd.name} at position ${odd.position}.`);
  const url = URL.parse(text, base ?? undefined);
  if (!url) return refuse('is not a URL.');
  if (url.protocol !== 'https:') return refuse('is not https.');
  if (url.username !== '' || url.password !== '') return refuse('holds a user or password.');
  if (url.port !== '') return refuse('names a port; only 443 is asked.');
  url.hash = '';
  return url;
}

/** One sentence for names that aren't there and names of inner machines: which is which is nobody's to learn. */
async function addressOf(outside: Outside, { hostname }: URL, signal: AbortSignal): Promise<string> {
  const host = hostname.replace(/^\[|\]$/g, '');
  const addresses = isIP(host) === 0 ? await addressList(outside, host, signal) : [host];
  const [first] = addresses;
  if (first !== undefined && addresses.every(isPublicAddress)) return first;
  throw new Refused('URL_REFUSED', `The host ${hostname} is not on the public internet.`);
}

/** None for a name that isn't there. Rejects when the signal aborts before. */
async function addressList(outside: Outside, hostname: string, signal: AbortSignal): Promise<readonly string[]> {
  const aborted = Promise.withResolvers<never>();
  const abort = (): void => aborted.reject(signal.reason);
  signal.addEventListener('abort', abort, { once: true });
  try {
    return await Promise.race([outside.resolve(hostname).catch(() => []), aborted.promise]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

async function readBody(body: AsyncIterable<Uint8Array> | null, maxBytes: number): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  // Leaving the loop cancels what has not come yet.
  for await (const chunk of body ?? []) {
    bytes += chunk.length;
    if (bytes > maxBytes)
      throw new Refused('FILE_TOO_LARGE', `The file has more than the ${maxBytes} bytes that are taken here.`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
