import { existsSync, globSync } from 'node:fs';
import { expect, it } from 'vitest';

it('has one copy of graphql: two would be of different realms', () => {
  expect(existsSync('node_modules/graphql/package.json')).toBe(true);
  expect(globSync('node_modules/**/node_modules/graphql/package.json')).toEqual([]);
});
