/**
 * Reads PDFs apart from everything else: in a few threads with bounded memory, each PDF within its time. A thread that
 * overruns is ended, and the next PDF gets another. What one said is remembered, since the same contract is sent to many.
 * @module
 */
import { createHash } from 'node:crypto';
import { Worker } from 'node:worker_threads';
import { remember } from '../model/remember.ts';
import type { Timer, World } from '../world.ts';
import type { Inspection, InspectionRequest } from './inspection.ts';

export interface Inspector {
  /** Never throws for what a PDF is. */
  inspect(request: InspectionRequest): Promise<Inspection>;
  /** Ends the threads; what waits is answered as not read. */
  close(): Promise<void>;
}

export interface InspectorLimits {
  readonly threads: number;
  /** Milliseconds of a thread for one PDF, the start of the thread included. */
  readonly timeMs: number;
  /** Of one thread's heap. */
  readonly heapMb: number;
  /** PDFs that wait for a thread; more are not read. */
  readonly waiting: number;
  /** PDFs, each with the questions that were asked of it, whose answers are kept. */
  readonly remembered: number;
}

export const INSPECTOR_LIMITS: InspectorLimits = {
  threads: 2,
  timeMs: 10_000,
  heapMb: 256,
  waiting: 64,
  remembered: 256,
};

function keyOf({ bytes, texts, pages }: InspectionRequest): string {
  return createHash('sha256')
    .update(bytes)
    .update(JSON.stringify([texts, pages]))
    .digest('base64');
}

interface Job {
  readonly request: InspectionRequest;
  readonly done: (inspection: Inspection) => void;
}

/** Beside this file, as source or as built. */
const WORKER = new URL(`./inspect-worker${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url);

export function createInspector(world: World, limits: InspectorLimits = INSPECTOR_LIMITS): Inspector {
  const waiting: Job[] = [];
  const remembered = new Map<string, Inspection>();
  const threads = new Set<Thread>();
  let closed = false;

  function next(): void {
    const free = [...threads].find((thread) => thread.isFree());
    const job = free || threads.size < limits.threads ? waiting.shift() : undefined;
    if (!job) return;
    const thread = free ?? startThread(world, limits, (gone) => threads.delete(gone));
    threads.add(thread);
    thread.run(job.request, (inspection) => {
      job.done(inspection);
      next();
    });
  }

  function inThread(request: InspectionRequest): Promise<Inspection> {
    return new Promise((done) => {
      if (closed || waiting.length >= limits.waiting) return done({ kind: 'UNREAD', why: 'BUSY' });
      waiting.push({ request, done });
      next();
    });
  }

  return {
    async inspect(request) {
      const key = keyOf(request);
      const known = remembered.get(key);
      if (known) return known;
      const inspection = await inThread(request);
      // What was not read for want of time may be read another time.
      if (inspection.kind === 'UNREAD') return inspection;
      remember(remembered, key, inspection, limits.remembered);
      return inspection;
    },
    async close() {
      closed = true;
      for (const { done } of waiting.splice(0)) done({ kind: 'UNREAD', why: 'BUSY' });
      await Promise.all([...threads].map((thread) => thread.end()));
    },
  };
}

interface Thread {
  isFree(): boolean;
  run(request: InspectionRequest, done: (inspection: Inspection) => void): void;
  end(): Promise<unknown>;
}

function startThread(world: World, { heapMb, timeMs }: InspectorLimits, onGone: (thread: Thread) => void): Thread {
  const worker = new Worker(WORKER, {
    // Nothing of this process is told to it: no settings, no keys.
    env: {},
    execArgv: [],
    resourceLimits: { maxOldGenerationSizeMb: heapMb, maxYoungGenerationSizeMb: 32 },
  });
  worker.unref();
  let done: ((inspection: Inspection) => void) | null = null;
  let timer: Timer | null = null;

  function settle(inspection: Inspection): void {
    const told = done;
    timer?.cancel();
    done = null;
    told?.(inspection);
  }
  /** Out of time or memory: it is of no more use. */
  function fail(): void {
    onGone(thread);
    void worker.terminate();
    settle({ kind: 'UNREAD', why: 'OVERRUN' });
  }
  worker.on('message', settle);
  worker.on('error', fail);
  worker.on('exit', fail);

  const thread: Thread = {
    isFree: () => done === null,
    run(request, whenDone) {
      done = whenDone;
      timer = world.timer(timeMs, fail);
      // A copy, which is handed over: the bytes that came may be part of a larger buffer.
      const bytes = Uint8Array.from(request.bytes);
      worker.postMessage({ ...request, bytes }, [bytes.buffer]);
    },
    end: () => worker.terminate(),
  };
  return thread;
}
