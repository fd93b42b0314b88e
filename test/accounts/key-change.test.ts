import { describe, expect, it } from 'vitest';
import { type KeyChange, keysAfter } from '../../src/accounts/key-change.ts';
import { InvalidInput } from '../../src/model/problems.ts';

const change = (add: readonly string[], remove: readonly string[]): KeyChange => ({ add, remove, path: ['docusign'] });

function faultsOf(live: readonly string[], given: KeyChange): unknown {
  try {
    keysAfter(live, given);
  } catch (error) {
    if (error instanceof InvalidInput) return error.issues.map(({ code, path }) => [code, path.slice(1).join('.')]);
    throw error;
  }
  return [];
}

const keys = (count: number): string[] => Array.from({ length: count }, (_, index) => `key-${index}`);

describe('the keys of webhooks', () => {
  it('are those that were live, without what is removed and with what is added, each once', () => {
    expect(keysAfter(['a', 'b'], change(['c', 'b'], ['a']))).toEqual(['b', 'c']);
  });

  it('change in no way by a change of nothing', () => {
    expect(keysAfter(['a'], change([], []))).toEqual(['a']);
  });

  it.each([
    ['one was copied with the end of its line', ['a'], change(['b\n'], []), [['INVALID_FORMAT', 'addHmacKeys.0']]],
    ['an empty one is added', ['a'], change([' '], []), [['REQUIRED', 'addHmacKeys.0']]],
    [
      'one of more than 1,000 characters is added',
      ['a'],
      change(['x'.repeat(1_001)], []),
      [['TOO_LONG', 'addHmacKeys.0']],
    ],
    ['one that is not live is removed', ['a'], change([], ['b']), [['UNKNOWN_REFERENCE', 'removeHmacKeys.0']]],
    ['one is added and removed at once', ['a', 'b'], change(['a'], ['a']), [['DUPLICATE', 'removeHmacKeys.0']]],
    ['none would stay', ['a'], change([], ['a']), [['REQUIRED', 'removeHmacKeys']]],
    ['more than a hundred would be live', keys(100), change(['one more'], []), [['TOO_MANY', 'addHmacKeys']]],
  ] as const)('are refused when %s', (_what, live, given, faults) => {
    expect(faultsOf(live, given)).toEqual(faults);
  });

  it('are a hundred at most, and of 1,000 characters at most', () => {
    expect(keysAfter(keys(99), change(['x'.repeat(1_000)], []))).toHaveLength(100);
  });
});
