/**
 * Which accounts' providers a piece of work turns to, however deep inside it that is decided.
 * @module
 */
import { AsyncLocalStorage } from 'node:async_hooks';

const collecting = new AsyncLocalStorage<Set<string>>();

/** Told by whoever asks an account's provider, or would have asked had it been allowed. */
export function noteAsked(accountId: string): void {
  collecting.getStore()?.add(accountId);
}

/** Runs `work`; `asked` grows while it runs. */
export function collectAsked<T>(asked: Set<string>, work: () => Promise<T>): Promise<T> {
  return collecting.run(asked, work);
}
