/**
 * Staying until told to go.
 * @module
 */

/** Resolves with the first SIGINT or SIGTERM; a second one ends the process at once, as impatience should. */
export function untilStopped(): Promise<'SIGINT' | 'SIGTERM'> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve(signal));
  });
}
