/**
 * What is undone when a test file ends, last first. Registered as the file is loaded: a hook that is added from within
 * another one may never run, and processes would be left behind.
 */
import { afterAll } from 'vitest';

const works: (() => unknown)[] = [];

export function atEnd(work: () => unknown): void {
  works.push(work);
}

afterAll(async () => {
  for (const work of works.splice(0).toReversed()) await work();
});
