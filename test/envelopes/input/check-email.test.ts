import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkEmail } from '../../../src/envelopes/input/check-email.ts';
import { Issues } from '../../../src/envelopes/input/issues.ts';
import type { InputIssue } from '../../../src/model/problems.ts';

function faultsOf(email: string): readonly InputIssue[] {
  const issues = new Issues();
  checkEmail(email, null, issues);
  return issues.list;
}

describe('an e-mail address', () => {
  it.each([
    'bo@tenant.example',
    "siobhan.o'brien+lease@tenant.co.example",
    'BO@TENANT.EXAMPLE',
    'bo_tenant-2/x=y@a-b.example',
    '1@1.example',
    'bo@bücher.example',
    'bo@xn--bcher-kva.example',
    'почта@пример.рф',
    'bo@xn--e1afmkfd.xn--p1ai',
    'संपर्क@डाटामेल.भारत',
    'josé@tenant.example',
  ])('is taken: %s', (email) => {
    expect(faultsOf(email)).toEqual([]);
  });

  it.each([
    ['mailto:bo@tenant.example', 'This is a link: give the address behind `mailto:` alone.', 'bo@tenant.example'],
    [
      'MAILTO:bo@tenant.example?subject=x',
      'This is a link: give the address behind `mailto:` alone.',
      'bo@tenant.example',
    ],
    [
      'Bo Tenant <bo@tenant.example>',
      'This has a name beside the address: give the address alone.',
      'bo@tenant.example',
    ],
    ['bo..tenant@tenant.example', 'Two dots follow each other at position 3.', 'bo.tenant@tenant.example'],
    ['bo@tenant...example', 'Two dots follow each other at position 10.', 'bo@tenant.example'],
    [' bo@tenant.example', 'U+0020 SPACE at position 1 is not taken here.', 'bo@tenant.example'],
    ['bo@tenant.example\n', 'U+000A LINE FEED at position 18 is not taken here.', 'bo@tenant.example'],
    ['bo@ten\u200bant.example', 'U+200B ZERO WIDTH SPACE at position 7 is not taken here.', 'bo@tenant.example'],
    ['\u202ebo@tenant.example', 'U+202E RIGHT-TO-LEFT OVERRIDE at position 1 is not taken here.', 'bo@tenant.example'],
    ['mailto:', 'This is a link: give the address behind `mailto:` alone.', null],
    ['', 'This is not an e-mail address.', null],
    ['bo', 'This is not an e-mail address.', null],
    ['bo@tenant', 'This is not an e-mail address.', null],
    ['.bo@tenant.example', 'This is not an e-mail address.', null],
    ['bo.@tenant.example', 'This is not an e-mail address.', null],
    ['bo@-tenant.example', 'This is not an e-mail address.', null],
    ['bo@tenant.example.', 'This is not an e-mail address.', null],
    ['bo@@tenant.example', 'This is not an e-mail address.', null],
    ['a@x.example,b@x.example', 'One address is taken here: add a recipient for each other one.', null],
    ['a@x.example; b@x.example', 'One address is taken here: add a recipient for each other one.', null],
    ['bo tenant@x.example', 'U+0020 SPACE at position 3 is not taken here.', null],
    [' bo@x.example ', 'U+0020 SPACE at position 1 is not taken here.', 'bo@x.example'],
    ['bo\u200b@x.example', 'U+200B ZERO WIDTH SPACE at position 3 is not taken here.', 'bo@x.example'],
    ['bo@[127.0.0.1]', 'This is not an e-mail address.', null],
    [`${'x'.repeat(65)}@x.example`, 'This is not an e-mail address.', null],
  ])('is refused with what to do: %j', (email, message, suggestion) => {
    expect(faultsOf(email)).toEqual([{ code: 'INVALID_FORMAT', path: ['email'], message, suggestion }]);
  });

  it('is taken as it was suggested', () => {
    const pieces = fc.constantFrom(
      'bo',
      '.',
      '..',
      ' ',
      '@',
      'tenant.example',
      'mailto:',
      '<',
      '>',
      '\u200b',
      '?',
      'ü',
    );
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 9 }), (given) => {
        const suggestions = faultsOf(given.join('')).flatMap(({ suggestion }) => suggestion ?? []);
        expect(suggestions.flatMap((suggestion) => faultsOf(suggestion))).toEqual([]);
      }),
      { numRuns: 2_000 },
    );
  });

  it('that is too long is said to be, by the rule of the provider', () => {
    expect(faultsOf(`bo@${'x'.repeat(60)}.${'y'.repeat(60)}.example`).map(({ code }) => code)).toEqual(['TOO_LONG']);
  });

  it.each(['@', '<', '<>', ' ', ','])('that is too long by far is not looked at any further: %j', (piece) => {
    expect(faultsOf(piece.repeat(1_000_000)).map(({ code }) => code)).toEqual(['TOO_LONG']);
  });
});
