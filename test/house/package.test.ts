import { existsSync, globSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import manifest from '../../package.json' with { type: 'json' };

it('has one copy of graphql: two would be of different realms', () => {
  expect(existsSync('node_modules/graphql/package.json')).toBe(true);
  expect(globSync('node_modules/**/node_modules/graphql/package.json')).toEqual([]);
});

it('brings every page that its messages point to', () => {
  const texts = globSync('src/**/*.ts').flatMap(
    (file) => readFileSync(file, 'utf8').match(/(?<!\* .*)docs\/[\w/-]+\.md/g) ?? [],
  );
  expect(texts).toContain('docs/operations.md');
  expect(texts.filter((page) => !manifest.files.includes(page))).toEqual([]);
});
