/**
 * What is to happen at a time to come, as data and not as functions: so it can be kept, and goes on after a restart.
 * @module
 */
import type { Alarm, SandboxClock } from './clock.ts';

export interface Planned<Task> {
  /** Virtual time. */
  due: number;
  task: Task;
}

export interface Agenda<Task> {
  add(due: number, task: Task): void;
  /** Takes every task of this key away. */
  cancel(key: string): void;
  /** What is to come, in the order in which it was added. */
  planned(): Planned<Task>[];
  /** Begins; what became due before happens now. */
  begin(): void;
}

export interface AgendaOptions<Task> {
  clock: SandboxClock;
  /** A promise that it returns is awaited by `clock.advance`. */
  run(task: Task): unknown;
  /** What tasks are cancelled by. */
  keyOf(task: Task): string;
}

/** Nothing happens before `begin`. */
export function createAgenda<Task>({ clock, run, keyOf }: AgendaOptions<Task>): Agenda<Task> {
  const entries = new Map<Planned<Task>, Alarm | null>();
  const byKey = new Map<string, Set<Planned<Task>>>();
  let begun = false;

  const remove = (entry: Planned<Task>): void => {
    entries.delete(entry);
    const key = keyOf(entry.task);
    const same = byKey.get(key);
    same?.delete(entry);
    if (same?.size === 0) byKey.delete(key);
  };
  const arm = (entry: Planned<Task>): void => {
    const ring = (): unknown => {
      remove(entry);
      return run(entry.task);
    };
    entries.set(entry, clock.at(entry.due, ring));
  };
  return {
    add(due, task) {
      const entry = { due, task };
      entries.set(entry, null);
      const key = keyOf(task);
      byKey.set(key, (byKey.get(key) ?? new Set()).add(entry));
      if (begun) arm(entry);
    },
    cancel(key) {
      for (const entry of byKey.get(key) ?? []) {
        entries.get(entry)?.cancel();
        remove(entry);
      }
    },
    planned: () => [...entries.keys()],
    begin() {
      if (begun) return;
      begun = true;
      for (const entry of entries.keys()) arm(entry);
    },
  };
}
