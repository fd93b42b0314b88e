import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createFetchUrl, type Fetched } from '../../src/documents/fetch-url.ts';
import { isPublicAddress } from '../../src/documents/public-address.ts';
import { type Outside, systemOutside, systemWorld } from '../../src/world.ts';
import { manualWorld } from '../kit/manual-world.ts';

const PUBLIC = '93.184.215.14';

interface Asked {
  readonly url: string;
  readonly address: string;
}

/** An internet with these names, whose servers are one local server; what it was asked is kept. */
let origin = '';
let answer: (req: IncomingMessage, res: ServerResponse) => void = (_req, res) => void res.end('%PDF-1.7 of the server');
const server = createServer((req, res) => answer(req, res));
beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  origin = `http://files.example:${(server.address() as AddressInfo).port}`;
});
afterAll(() => new Promise((resolve) => server.close(resolve)));

function internet(names: Record<string, readonly string[] | (() => readonly string[])>): Outside & { asked: Asked[] } {
  const asked: Asked[] = [];
  return {
    asked,
    resolve: async (hostname) => {
      const found = names[hostname];
      if (!found) throw new Error(`ENOTFOUND ${hostname}`);
      return typeof found === 'function' ? found() : found;
    },
    fetchAt: (url, address, signal) => {
      asked.push({ url, address });
      const { pathname, search } = new URL(url);
      return systemOutside().fetchAt(`${origin}${pathname}${search}`, '127.0.0.1', signal);
    },
  };
}

const files = (): Outside & { asked: Asked[] } => internet({ 'files.example': [PUBLIC], 'other.example': ['1.1.1.1'] });

function get(outside: Outside, url: string, maxBytes = 1_000): Promise<Fetched> {
  return createFetchUrl(systemWorld(), outside)(url, maxBytes);
}

const BLOCKED_V4 = [
  ['this network', '0.0.0.0'],
  ['this network', '0.1.2.3'],
  ['loopback', '127.0.0.1'],
  ['loopback', '127.255.255.254'],
  ['private', '10.0.0.1'],
  ['private', '172.16.0.1'],
  ['private', '172.31.255.255'],
  ['private', '192.168.1.1'],
  ['carrier-grade NAT', '100.64.0.1'],
  ['link-local', '169.254.1.1'],
  ['metadata of clouds', '169.254.169.254'],
  ['IETF protocols', '192.0.0.1'],
  ['documentation', '192.0.2.1'],
  ['documentation', '198.51.100.1'],
  ['documentation', '203.0.113.1'],
  ['6to4 relays', '192.88.99.1'],
  ['benchmarks', '198.18.0.1'],
  ['benchmarks', '198.19.255.255'],
  ['multicast', '224.0.0.1'],
  ['reserved', '240.0.0.1'],
  ['broadcast', '255.255.255.255'],
] as const;
const BLOCKED_V6 = [
  ['unspecified', '::'],
  ['loopback', '::1'],
  ['IPv4-compatible', '::127.0.0.1'],
  ['IPv4-mapped', '::ffff:127.0.0.1'],
  ['IPv4-mapped, in hex', '::ffff:a9fe:a9fe'],
  ['IPv4-mapped of a public one', '::ffff:8.8.8.8'],
  ['IPv4-translated', '::ffff:0:10.0.0.1'],
  ['NAT64', '64:ff9b::169.254.169.254'],
  ['local NAT64', '64:ff9b:1::10.0.0.1'],
  ['discard', '100::1'],
  ['Teredo', '2001:0:4136:e378:8000:63bf:3fff:fdd2'],
  ['ORCHID', '2001:20::1'],
  ['documentation', '2001:db8::1'],
  ['documentation', '3fff::1'],
  ['6to4 of a private one', '2002:a00:1::1'],
  ['6to4 of metadata', '2002:a9fe:a9fe::1'],
  ['unique local', 'fd00:ec2::254'],
  ['unique local', 'fc00::1'],
  ['link-local', 'fe80::1'],
  ['site-local', 'fec0::1'],
  ['multicast', 'ff02::1'],
  ['not given out', '4000::1'],
] as const;
const SPELLINGS = [
  ['decimal', '2130706433'],
  ['octal', '0177.0.0.1'],
  ['hex', '0x7f.0.0.1'],
  ['one hex number', '0x7f000001'],
  ['short', '127.1'],
  ['metadata in decimal', '2852039166'],
  ['metadata in mixed bases', '0xa9.254.0251.254'],
  ['wide digits', '１２７.０.０.１'],
  ['percent-encoded', '%31%32%37.0.0.1'],
  ['a dot at the end', '127.0.0.1.'],
] as const;

describe('nothing is asked of', () => {
  const literals = [
    ...BLOCKED_V4,
    ...BLOCKED_V6.map(([what, address]) => [what, `[${address}]`] as const),
    ...SPELLINGS,
  ];
  test.each(literals)('%s: %s', async (_what, host) => {
    const outside = files();
    expect(await get(outside, `https://${host}/a.pdf`)).toEqual({
      code: 'URL_REFUSED',
      message: expect.stringMatching(/^The host \S+ is not on the public internet\.$/),
    });
    expect(outside.asked).toEqual([]);
  });

  test.each([...BLOCKED_V4, ...BLOCKED_V6])('a name of %s: %s', async (_what, address) => {
    const outside = internet({ 'inner.example': [address] });
    expect(await get(outside, 'https://inner.example/a.pdf')).toEqual({
      code: 'URL_REFUSED',
      message: 'The host inner.example is not on the public internet.',
    });
    expect(outside.asked).toEqual([]);
  });

  test('a name with one public and one private address', async () => {
    const outside = internet({ 'both.example': [PUBLIC, '10.0.0.1'] });
    expect(await get(outside, 'https://both.example/')).toMatchObject({ code: 'URL_REFUSED' });
    expect(outside.asked).toEqual([]);
  });

  test('a name that is not there, told like a private one', async () => {
    expect(await get(files(), 'https://nowhere.example/')).toEqual({
      code: 'URL_REFUSED',
      message: 'The host nowhere.example is not on the public internet.',
    });
  });

  test.each([
    ['http', 'http://files.example/a.pdf', 'This address is not https.'],
    ['a file', 'file:///etc/passwd', 'This address is not https.'],
    ['bytes in the address', 'data:application/pdf,%25PDF-', 'This address is not https.'],
    ['a user', 'https://user@files.example/', 'This address holds a user or password.'],
    ['a password', 'https://:secret@files.example/', 'This address holds a user or password.'],
    ['a port', 'https://files.example:8443/', 'This address names a port; only 443 is asked.'],
    ['port 22', 'https://files.example:22/', 'This address names a port; only 443 is asked.'],
    ['what is no URL', 'files.example/a.pdf', 'This address is not a URL.'],
    ['a long one', `https://files.example/${'a'.repeat(2_048)}`, 'This address is longer than 2048 characters.'],
  ])('%s', async (_what, url, message) => {
    const outside = files();
    expect(await get(outside, url)).toEqual({ code: 'URL_REFUSED', message });
    expect(outside.asked).toEqual([]);
  });

  test.each([
    ['a public address with a zone', '2606:4700:4700::1111%eth0'],
    ['a name', 'files.example'],
    ['a number', '134744072'],
    ['nothing', ''],
  ])('%s: it is no public address', (_what, text) => {
    expect(isPublicAddress(text)).toBe(false);
  });

  test('any private IPv4 address, in whatever spelling or wherever embedded', () => {
    const byte = fc.nat(255);
    const privates = fc.oneof(
      fc.tuple(fc.constantFrom(10, 127, 0), byte, byte, byte),
      fc.tuple(fc.constant(172), fc.integer({ min: 16, max: 31 }), byte, byte),
      fc.tuple(fc.constant(192), fc.constant(168), byte, byte),
      fc.tuple(fc.constant(169), fc.constant(254), byte, byte),
      fc.tuple(fc.constant(100), fc.integer({ min: 64, max: 127 }), byte, byte),
    );
    const radix = fc.constantFrom(
      (part: number) => String(part),
      (part: number) => `0${part.toString(8)}`,
      (part: number) => `0x${part.toString(16)}`,
    );
    fc.assert(
      fc.property(privates, fc.array(radix, { minLength: 4, maxLength: 4 }), (parts, spelled) => {
        const number = parts.reduce((sum, part) => sum * 256 + part, 0);
        const hex = `${Math.floor(number / 65_536).toString(16)}:${(number % 65_536).toString(16)}`;
        const hosts = [
          parts.map((part, index) => spelled[index]?.(part)).join('.'),
          ...spelled.slice(0, 1).map((spell) => spell(number)),
          ...['::', '::ffff:', '::ffff:0:', '64:ff9b::', '64:ff9b:1::'].map((prefix) => `[${prefix}${hex}]`),
          `[2002:${hex}::1]`,
        ];
        for (const host of hosts) {
          const { hostname } = new URL(`https://${host}/`);
          expect([host, isPublicAddress(hostname.replace(/^\[|\]$/g, ''))]).toEqual([host, false]);
        }
      }),
    );
  });
});

describe('a public host', () => {
  test.each(['8.8.8.8', '1.1.1.1', '172.32.0.1', '100.128.0.1', '2606:4700:4700::1111', '2a00:1450:4001::1'])(
    'is asked: %s',
    (address) => {
      expect(isPublicAddress(address)).toBe(true);
    },
  );

  test('is asked at the address that was judged, and its bytes are answered', async () => {
    const outside = files();
    expect(await get(outside, 'https://files.example/a.pdf?b=c#d')).toEqual({
      bytes: Buffer.from('%PDF-1.7 of the server'),
    });
    expect(outside.asked).toEqual([{ url: 'https://files.example/a.pdf?b=c', address: PUBLIC }]);
  });

  test('is resolved once: a name that changes its address afterwards gains nothing', async () => {
    let times = 0;
    const outside = internet({ 'rebind.example': () => (times++ === 0 ? [PUBLIC] : ['127.0.0.1']) });
    expect(await get(outside, 'https://rebind.example/a.pdf')).toMatchObject({ bytes: expect.anything() });
    expect(times).toBe(1);
    expect(outside.asked).toEqual([{ url: 'https://rebind.example/a.pdf', address: PUBLIC }]);
  });

  test('is connected to at the address given, whatever its name resolves to', async () => {
    const response = await systemOutside().fetchAt(`${origin}/`, '127.0.0.1', AbortSignal.timeout(5_000));
    expect(await response.text()).toBe('%PDF-1.7 of the server');
  });
});

/** From now on the server redirects to each of these in turn, `step` of the query telling how far it has come. */
function redirecting(...locations: string[]): void {
  answer = (req, res) => {
    const step = Number(new URL(req.url ?? '', origin).searchParams.get('step') ?? 0);
    const location = locations[step];
    if (location === undefined) return void res.end('%PDF-1.7 at last');
    res.writeHead(302, { location }).end();
  };
}

describe('a redirect', () => {
  test('is followed, its host judged anew', async () => {
    redirecting('https://other.example/?step=1', '/?step=2');
    const outside = files();
    expect(await get(outside, 'https://files.example/')).toEqual({ bytes: Buffer.from('%PDF-1.7 at last') });
    expect(outside.asked.map(({ address }) => address)).toEqual([PUBLIC, '1.1.1.1', '1.1.1.1']);
  });

  test.each([
    ['metadata', 'https://169.254.169.254/latest/', 'The host 169.254.169.254 is not on the public internet.'],
    ['loopback', 'https://[::1]/', 'The host [::1] is not on the public internet.'],
    ['plain http', 'http://files.example/', 'The server redirected to an address that is not https.'],
    [
      'another port',
      'https://files.example:8080/',
      'The server redirected to an address that names a port; only 443 is asked.',
    ],
    [
      'an address with a user',
      'https://a:b@files.example/',
      'The server redirected to an address that holds a user or password.',
    ],
    ['a private name', 'https://inner.example/', 'The host inner.example is not on the public internet.'],
  ])('to %s is refused', async (_where, location, message) => {
    redirecting(location);
    const outside = internet({ 'files.example': [PUBLIC], 'inner.example': ['10.1.2.3'] });
    expect(await get(outside, 'https://files.example/')).toEqual({ code: 'URL_REFUSED', message });
    expect(outside.asked).toHaveLength(1);
  });

  test('to the same name is refused when the name has moved inside meanwhile', async () => {
    redirecting('/?step=1');
    let times = 0;
    const outside = internet({ 'rebind.example': () => (times++ === 0 ? [PUBLIC] : ['127.0.0.1']) });
    expect(await get(outside, 'https://rebind.example/')).toMatchObject({ code: 'URL_REFUSED' });
    expect(outside.asked).toHaveLength(1);
  });

  test('is followed three times and not more', async () => {
    redirecting('/?step=1', '/?step=2', '/?step=3', '/?step=4');
    const outside = files();
    expect(await get(outside, 'https://files.example/')).toEqual({
      code: 'URL_REFUSED',
      message: 'The server redirected more than 3 times.',
    });
    expect(outside.asked).toHaveLength(4);
  });
});

/** From now on the server answers with a body that ends when its reader goes. */
function endless(status: number): { closed: boolean } {
  const says = { closed: false };
  answer = (_req, res) => {
    res.once('close', () => (says.closed = true));
    res.writeHead(status);
    const more = (): void => {
      while (!res.destroyed && res.write(Buffer.alloc(65_536)));
      if (!res.destroyed) res.once('drain', more);
    };
    more();
  };
  return says;
}

describe('what a server says', () => {
  test('is not repeated when it refuses', async () => {
    answer = (_req, res) => void res.writeHead(403, 'Secret Reason').end('secret body');
    expect(await get(files(), 'https://files.example/')).toEqual({
      code: 'URL_FAILED',
      message: 'The server answered with the status 403.',
    });
  });

  test('is not read on when it refuses', async () => {
    const says = endless(403);
    expect(await get(files(), 'https://files.example/')).toMatchObject({ code: 'URL_FAILED' });
    await expect.poll(() => says.closed).toBe(true);
  });

  test('is cut at the most bytes that are taken', async () => {
    const says = endless(200);
    expect(await get(files(), 'https://files.example/')).toEqual({
      code: 'FILE_TOO_LARGE',
      message: 'The file has more than the 1000 bytes that are taken here.',
    });
    await expect.poll(() => says.closed).toBe(true);
  });

  test('is given up when it breaks off', async () => {
    answer = (_req, res) => {
      res.writeHead(200, { 'content-length': '100' });
      res.write('%PDF-', () => res.destroy());
    };
    expect(await get(files(), 'https://files.example/')).toEqual({
      code: 'URL_FAILED',
      message: 'The server could not be reached, or broke off.',
    });
  });

  test.each([
    ['says nothing', false],
    ['never ends', true],
  ])('is given up after 20 seconds when it %s', async (_what, begins) => {
    const world = manualWorld();
    const begun = Promise.withResolvers<void>();
    answer = (_req, res) => {
      if (begins) res.write('%PDF-');
      begun.resolve();
    };
    const fetched = createFetchUrl(world, files())('https://files.example/', 1_000);
    await begun.promise;
    world.advance(20_000);
    expect(await fetched).toEqual({ code: 'URL_FAILED', message: 'It took longer than 20 seconds.' });
  });

  test('is given up after 20 seconds when names are not resolved', async () => {
    const world = manualWorld();
    const outside: Outside = { ...files(), resolve: () => new Promise(() => undefined) };
    const fetched = createFetchUrl(world, outside)('https://files.example/', 1_000);
    world.advance(20_000);
    expect(await fetched).toEqual({ code: 'URL_FAILED', message: 'It took longer than 20 seconds.' });
  });
});
