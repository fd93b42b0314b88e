import { globSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { sectionOf } from '../../src/http/routes/errors-page.ts';
import { PROBLEM_CODES } from '../../src/model/problems.ts';

const text = readFileSync('docs/errors.md', 'utf8');
const [problems = '', topLevel = ''] = text.split('\n# Top-level errors\n');

function headings(part: string): string[] {
  return [...part.matchAll(/^## (.+)$/gm)].map(([, code = '']) => code);
}

/** Words in capitals that `src/http` speaks with itself and never answers. */
const INTERNAL_WORDS = new Set(['TOO_LARGE', 'TOO_SLOW', 'GONE']);

function literals(pattern: string, expression: RegExp): string[] {
  return globSync(pattern).flatMap((file) =>
    [...readFileSync(file, 'utf8').matchAll(expression)].map(([, code = '']) => code),
  );
}

/** Codes that stand in the code: every such word of the transports, and what else may be answered as an error's code. */
const thrown = new Set(
  [
    ...literals('src/http/**/*.ts', /'([A-Z]+(?:_[A-Z]+)+|INTERNAL|DRAINING|FORBIDDEN|UNAUTHENTICATED)'/g),
    ...literals('src/server.ts', /sendProblem\(\w+, \d+, '([A-Z_]+)'/g),
    ...literals('src/schema/*.ts', /extensions: \{ code: '([A-Z_]+)'/g),
    ...literals('src/{auth,events}/*.ts', /readonly code = '([A-Z_]+)'/g),
    ...literals('src/events/stream-ended.ts', /^ {2}([A-Z_]+):/gm),
  ].filter((code) => !INTERNAL_WORDS.has(code)),
);

describe('docs/errors.md', () => {
  test('has a section for each code of a problem, and no other among the problems', () => {
    expect(headings(problems).toSorted()).toEqual([...PROBLEM_CODES].toSorted());
  });

  test('has a section for every code that the code throws', () => {
    const documented = new Set([...headings(topLevel), ...headings(problems)]);
    expect(thrown.size).toBeGreaterThan(20);
    expect([...thrown].filter((code) => !documented.has(code))).toEqual([]);
  });

  test('has no section for a code that nothing throws', () => {
    expect(headings(topLevel).filter((code) => !thrown.has(code))).toEqual([]);
  });

  test('says in each section what happened and what to do', () => {
    for (const code of headings(text)) {
      expect(sectionOf(text, code)).toMatch(/^## [A-Z_]+\n\n[A-Z`][^\n]+\n\n\*\*What to do\.\*\* [A-Z`][^\n]+\n/);
    }
  });

  test('says of each problem whether it may be sent again', () => {
    for (const code of PROBLEM_CODES) expect(sectionOf(text, code)).toMatch(/\nRetryable: (yes|no)\.\n/);
  });
});
