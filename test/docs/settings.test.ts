import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const named = (text: string): Set<string> => new Set(text.match(/\b[A-Z]+(?:_[A-Z]+)*\b/g));

/** Settings that `src/config.ts` reads: nothing else may read the environment. */
const read = [...readFileSync('src/config.ts', 'utf8').matchAll(/\bread\(\s*'([A-Z_]+)'/g)].map(
  ([, name = '']) => name,
);

test('the README names every setting', () => {
  expect(read.length).toBeGreaterThan(15);
  const told = named(readFileSync('README.md', 'utf8'));
  expect(read.filter((name) => !told.has(name))).toEqual([]);
});
