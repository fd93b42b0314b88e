import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addressSet, callerOf, isAddressOrRange, plainAddress } from '../../src/model/addresses.ts';

const OURS = addressSet(['10.0.0.0/8', 'fd00::/8']);
const ourProxy = fc.oneof(
  fc.tuple(fc.nat(255), fc.nat(255), fc.nat(255)).map((rest) => `10.${rest.join('.')}`),
  fc.tuple(fc.nat(255), fc.nat(255)).map(([a, b]) => `::ffff:10.0.${a}.${b}`),
  fc.nat(0xffff).map((group) => `fd00::${group.toString(16)}`),
);
const stranger = fc.oneof(
  fc.ipV4().filter((address) => !OURS.has(address)),
  fc.ipV6().filter((address) => !OURS.has(address)),
);
const rubbish = fc.oneof(
  fc.string({ maxLength: 20 }).map((text) => text.replaceAll(',', '')),
  stranger,
  ourProxy,
  fc.constantFrom('unknown', '', '_hidden', '1.2.3', '::ffff:300.1.1.1'),
);

describe('who called', () => {
  it('is the nearest hop that is no proxy of ours, whatever was written before it', () => {
    fc.assert(
      fc.property(
        fc.array(rubbish, { maxLength: 6 }),
        stranger,
        fc.array(ourProxy, { minLength: 1, maxLength: 5 }),
        (spoofed, caller, proxies) => {
          // Each proxy appends whom it was called by; the last one holds the socket.
          const [peer = '', ...written] = proxies.toReversed();
          const header = [...spoofed, caller, ...written.toReversed()].join(', ');
          expect(callerOf(peer, header, OURS)).toBe(plainAddress(caller));
        },
      ),
    );
  });

  it('is the other end of the socket when that is no proxy of ours, whatever the header says', () => {
    fc.assert(
      fc.property(stranger, fc.array(rubbish, { maxLength: 6 }), (peer, spoofed) => {
        expect(callerOf(peer, spoofed.join(','), OURS)).toBe(plainAddress(peer));
        expect(callerOf(peer, undefined, OURS)).toBe(plainAddress(peer));
      }),
    );
  });

  it('is the proxy itself when nobody else is named', () => {
    expect(callerOf('10.0.0.1', undefined, OURS)).toBe('10.0.0.1');
    expect(callerOf('::ffff:10.0.0.1', '10.0.0.2, 10.0.0.3', OURS)).toBe('10.0.0.2');
  });

  it.each(['unknown', '', '1.2.3', '256.1.1.1', '203.0.113.7:70000x', '203.0.113.7 evil'])(
    'is nobody when the hop that counts is %j',
    (hop) => {
      expect(callerOf('10.0.0.1', `203.0.113.7, ${hop}`, OURS)).toBeNull();
    },
  );

  it.each([
    ['203.0.113.7:4711', '203.0.113.7'],
    ['[2001:db8::1]:4711', '2001:db8::1'],
    ['[2001:db8::1]', '2001:db8::1'],
    ['2001:DB8:0::1', '2001:db8::1'],
  ])('is found in %j', (hop, caller) => {
    expect(callerOf('10.0.0.1', hop, OURS)).toBe(caller);
  });
});

describe('a set of addresses', () => {
  it.each([
    ['203.0.113.0/24', '203.0.113.255', true],
    ['203.0.113.0/24', '203.0.114.0', false],
    ['203.0.113.0/24', '::ffff:203.0.113.9', true],
    ['203.0.113.0/24', '::ffff:cb00:7109', true],
    ['203.0.113.7', '203.0.113.7', true],
    ['203.0.113.7', '203.0.113.8', false],
    ['::ffff:203.0.113.0/120', '203.0.113.9', true],
    ['2001:db8::/32', '2001:db8:1::1', true],
    ['2001:db8::/32', '2001:db9::1', false],
    ['0.0.0.0/0', '2001:db8::1', false],
    ['203.0.113.0/24', 'no address', false],
  ])('%s: %s %j', (range, address, holds) => {
    expect(addressSet([range]).has(address)).toBe(holds);
  });

  it.each([
    '',
    'example.com',
    '203.0.113.0/33',
    '2001:db8::/129',
    '203.0.113',
    '203.0.113.7/',
    '::ffff:1.2.3.4/8',
    '*',
  ])('takes no %j', (text) => {
    expect(isAddressOrRange(text)).toBe(false);
    expect(() => addressSet([text])).toThrow(TypeError);
  });
});
