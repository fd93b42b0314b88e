/**
 * Processes of a bench, each of which says one line of JSON when it is ready or done.
 * @module
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

export interface Child {
  /** Its next line that is JSON, parsed. */
  next(): Promise<unknown>;
  /** A line of JSON to its stdin. */
  tell(line: object): void;
  /** User and system time so far, in microseconds. */
  cpuMicros(): number;
  stop(): Promise<void>;
}

const running = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

export function start(
  file: URL,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  speaksOn: 'stdout' | 'stderr' = 'stdout',
): Child {
  const child = spawn(process.execPath, [file.pathname, ...args], {
    env: {
      PATH: process.env['PATH'] ?? '',
      ...(process.env['NODE_OPTIONS'] && { NODE_OPTIONS: process.env['NODE_OPTIONS'] }),
      ...env,
    },
    stdio: ['pipe', speaksOn === 'stdout' ? 'pipe' : 'inherit', speaksOn === 'stderr' ? 'pipe' : 'inherit'],
  });
  const said = child[speaksOn];
  if (!said) throw new Error('it has nothing to speak on');
  running.add(child);
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve(void running.delete(child))));
  const lines = createInterface({ input: said })[Symbol.asyncIterator]();
  return {
    next: async () => {
      const { value, done } = await lines.next();
      if (done) throw new Error(`${file.pathname} ended before it said anything`);
      return JSON.parse(value);
    },
    tell: (line) => void child.stdin?.write(`${JSON.stringify(line)}\n`),
    cpuMicros: () => cpuOf(child.pid ?? 0),
    stop: async () => {
      child.kill('SIGTERM');
      const late = setTimeout(() => child.kill('SIGKILL'), 10_000);
      await ended;
      clearTimeout(late);
    },
  };
}

/** Fields 14 and 15 of /proc/<pid>/stat, in clock ticks of 10 ms (proc(5)). */
function cpuOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) * 10_000;
}
