/**
 * Child processes of the command line, run as users run it but for its being in few files. Every one of them is ended with its test file, by its pid.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { inject } from 'vitest';
import { eventually } from '../kit/answer.ts';
import { atEnd } from '../kit/at-end.ts';

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface Child {
  readonly pid: number;
  /** All that came so far. */
  readonly stdout: string;
  readonly stderr: string;
  /** Null while it runs. */
  readonly exit: Exit | null;
  /** Sends the signal and waits for the end, at most `ms`. */
  end(signal: NodeJS.Signals, ms?: number): Promise<Exit>;
  /** Waits for an end that comes by itself. */
  ended(ms?: number): Promise<Exit>;
}

export interface SpawnOptions {
  /** All of the environment but PATH. */
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** The file to run; the bundle of this checkout when left out. */
  readonly cli?: string;
  /** How long `runCli` waits for its end. */
  readonly ms?: number;
}

const running = new Set<ChildProcess>();

// For a run that is broken off.
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** `countersign <args>`. */
export function spawnCli(args: readonly string[], { env = {}, cwd, cli = inject('cli') }: SpawnOptions = {}): Child {
  const spawned = spawn(process.execPath, [cli, ...args], {
    ...(cwd !== undefined && { cwd }),
    env: { PATH: process.env['PATH'] ?? '', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  running.add(spawned);
  let [stdout, stderr] = ['', ''];
  let exit: Exit | null = null;
  spawned.stdout.setEncoding('utf8').on('data', (chunk: string) => (stdout += chunk));
  spawned.stderr.setEncoding('utf8').on('data', (chunk: string) => (stderr += chunk));
  spawned.on('error', (error) => (stderr += String(error)));
  // 'close' comes once its output has been read to the end.
  spawned.on('close', (code, signal) => {
    exit = { code, signal };
    running.delete(spawned);
  });
  const ended = (ms = 20_000): Promise<Exit> =>
    eventually(() => exit, { ms, what: `the end of countersign ${args.join(' ')}: ${stdout.slice(-500)}${stderr}` });
  atEnd(async () => {
    spawned.kill('SIGKILL');
    await ended();
  });
  return {
    pid: spawned.pid ?? 0,
    get stdout() {
      return stdout;
    },
    get stderr() {
      return stderr;
    },
    get exit() {
      return exit;
    },
    end: (signal, ms) => {
      if (exit === null) spawned.kill(signal);
      return ended(ms);
    },
    ended,
  };
}

/** Runs to the end. */
export async function runCli(args: readonly string[], options: SpawnOptions = {}): Promise<Child & { exit: Exit }> {
  const child = spawnCli(args, options);
  const exit = await child.ended(options.ms ?? 60_000);
  return { ...child, stdout: child.stdout, stderr: child.stderr, exit };
}

/** Waits until `look` finds something; fails at once, with what the process said, when it ends before. */
export function whileRunning<T>(child: Child, look: () => T | Promise<T>, ms = 180_000) {
  return eventually(
    async () => {
      const found = await look();
      if (!found && child.exit) {
        throw new Error(
          `it ended with ${child.exit.code ?? child.exit.signal}: ${child.stdout.slice(-2_000)}${child.stderr}`,
        );
      }
      return found;
    },
    { ms, what: `${look.toString()}: ${child.stdout.slice(-2_000)}${child.stderr}` },
  );
}

/**
 * A free port below those that connections get: a gateway that is killed and started again must find it free still.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = 12_000 + Math.floor(Math.random() * 18_000);
    if (await isFree(port)) return port;
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.on('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
