import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { withParameter } from '../../src/model/query.ts';

const piece = fc.oneof(
  fc.webUrl({ withQueryParameters: true, withFragments: true }),
  fc
    .tuple(
      fc.constantFrom(
        'https://app.example',
        'https://app.example/',
        'HTTPS://App.Example/a/../b',
        'https://büro.example/ü',
      ),
      fc.option(
        fc.array(fc.constantFrom('flag', 'a=', '=b', 'x=%20', 'x=a+b', 'x=%2b', '', 'q=?', 'ü=ö', '%zz', 'a=1;b')),
        {
          nil: null,
        },
      ),
      fc.option(fc.constantFrom('', '/route?x=1&y', 'part', 'cs_state=x'), { nil: null }),
    )
    .map(([start, query, fragment]) =>
      [start, query && `?${query.join('&')}`, fragment !== null && `#${fragment}`].filter(Boolean).join(''),
    ),
);
const state = fc.stringMatching(/^[\w.-]{1,80}$/);

describe('an address with a parameter added', () => {
  it('is the address as it was given, once the parameter is taken out of it again', () => {
    fc.assert(
      fc.property(piece, state, (address, value) => {
        fc.pre(URL.canParse(address));
        expect(withParameter(address, 'cs_state', value).replace(/[?&]cs_state=[^&#]*/, '')).toBe(address);
      }),
      { numRuns: 1_000 },
    );
  });

  it('tells the parameter to whoever reads its query, and leads to the same place and fragment', () => {
    fc.assert(
      fc.property(piece, state, (address, value) => {
        fc.pre(URL.canParse(address));
        const [given, made] = [new URL(address), new URL(withParameter(address, 'cs_state', value))];
        expect(made.searchParams.getAll('cs_state')).toEqual([value]);
        expect([made.origin, made.pathname, made.hash]).toEqual([given.origin, given.pathname, given.hash]);
      }),
      { numRuns: 1_000 },
    );
  });

  it.each([
    ['https://app.example/back', 'https://app.example/back?s=1'],
    ['https://app.example/back?', 'https://app.example/back?&s=1'],
    ['https://app.example/back?name=Bo%20Tenant&flag', 'https://app.example/back?name=Bo%20Tenant&flag&s=1'],
    ['https://app.example/back?x=1#/sign?y', 'https://app.example/back?x=1&s=1#/sign?y'],
    ['https://app.example/#/sign?y', 'https://app.example/?s=1#/sign?y'],
  ])('%s is %s', (address, made) => {
    expect(withParameter(address, 's', '1')).toBe(made);
  });

  it.each([
    ['https://app.example/back?s=old', 'https://app.example/back?s=1'],
    ['https://app.example/back?s=old&flag&%73=older#f', 'https://app.example/back?flag&s=1#f'],
  ])('takes the place of one of that name: %s is %s', (address, made) => {
    expect(withParameter(address, 's', '1')).toBe(made);
  });
});
