import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isWebOrigin, loopbackOrigins, originOf } from '../../src/model/origins.ts';

const port = fc.integer({ min: 1, max: 65_535 }).filter((number) => number !== 80 && number !== 443);
const scheme = fc.constantFrom('http', 'https');

describe('the origins of this machine', () => {
  const local = loopbackOrigins(['https://app.example.com']);

  it('are those of its own names, on every port and without one', () => {
    const host = fc.oneof(
      fc.constantFrom('localhost', '127.0.0.1', '[::1]'),
      fc.domain().map((domain) => `${domain}.localhost`),
    );
    fc.assert(
      fc.property(scheme, host, port, (protocol, name, number) => {
        expect(local.includes(`${protocol}://${name}:${number}`)).toBe(true);
        expect(local.includes(`${protocol}://${name}`)).toBe(true);
      }),
    );
  });

  it('are none of another name, whatever it begins or ends with', () => {
    const trick = fc.constantFrom('', 'localhost.', '127.0.0.1.', 'localhost-', 'my-localhost.', 'app.localhost.');
    fc.assert(
      fc.property(scheme, trick, fc.domain(), port, (protocol, prefix, domain, number) => {
        expect(local.includes(`${protocol}://${prefix}${domain}`)).toBe(false);
        expect(local.includes(`${protocol}://${prefix}${domain}:${number}`)).toBe(false);
      }),
    );
  });

  it.each([
    'null',
    '*',
    '',
    'localhost',
    'localhost:3000',
    'notlocalhost',
    'http://notlocalhost',
    'http://localhost.',
    'http://localhost/',
    'http://localhost:3000/app',
    'http://localhost:3000@evil.example',
    'http://user@localhost:3000',
    'HTTP://LOCALHOST:3000',
    'http://127.1:3000',
    'http://0.0.0.0:3000',
    'http://192.168.0.2:3000',
    'http://[::ffff:127.0.0.1]:3000',
    'ws://localhost:3000',
    'file://localhost',
    'http://localhost:3000, http://localhost:3001',
  ])('are not %j, which no page of this machine sends', (origin) => {
    expect(local.includes(origin)).toBe(false);
  });

  it('come with those that were added, each by its whole text', () => {
    expect(local.includes('https://app.example.com')).toBe(true);
    for (const other of ['http://app.example.com', 'https://app.example.com:8443', 'https://x.app.example.com'])
      expect(local.includes(other)).toBe(false);
  });
});

describe('a web origin', () => {
  it.each(['http://localhost:3000', 'https://app.example.com', 'http://[::1]', 'https://xn--bcher-kva.example:8443'])(
    'is %s',
    (text) => {
      expect(isWebOrigin(text)).toBe(true);
    },
  );

  it.each([
    ['https://app.example.com/login?next=1', 'https://app.example.com'],
    ['https://app.example.com/', 'https://app.example.com'],
    ['HTTPS://App.Example.Com', 'https://app.example.com'],
    ['https://app.example.com:443', 'https://app.example.com'],
    ['wss://app.example.com', null],
    ['app.example.com', null],
    ['*', null],
    ['null', null],
  ])('is not %s, which means %s', (text, meant) => {
    expect(isWebOrigin(text)).toBe(false);
    expect(originOf(text)).toBe(meant);
  });
});
