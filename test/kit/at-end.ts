/** What is undone when a test file ends, last first. */
const works: (() => unknown)[] = [];

export function atEnd(work: () => unknown): void {
  works.push(work);
}

export async function undoAll(): Promise<void> {
  for (const work of works.splice(0).toReversed()) await work();
}
