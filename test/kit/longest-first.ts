/**
 * Files that start processes take the longest: begun last, they would run alone at the end.
 * @module
 */
import { BaseSequencer, type TestSpecification } from 'vitest/node';

const startsProcesses = ({ moduleId }: TestSpecification): number =>
  Number(/\/test\/(system|cli|docs)\//.test(moduleId));

export class LongestFirst extends BaseSequencer {
  override sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    return Promise.resolve(files.toSorted((a, b) => startsProcesses(b) - startsProcesses(a)));
  }
}
