/**
 * Runs the tests again and again, to find the one that fails once in twenty runs: `npm run test:repeat -- 20`. Every second
 * run shares the machine with processes that keep all cores busy. What follows the number is handed to vitest, so
 * `npm run test:repeat -- 20 test/system` repeats one folder.
 * @module
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';

const Report = z.object({
  numTotalTests: z.number(),
  testResults: z.array(
    z.object({
      name: z.string(),
      status: z.string(),
      message: z.string(),
      assertionResults: z.array(
        z.object({ fullName: z.string(), status: z.string(), failureMessages: z.array(z.string()).nullish() }),
      ),
    }),
  ),
});

const [times = '20', ...more] = process.argv.slice(2);
const runs = Number(times);
if (!Number.isInteger(runs) || runs < 1) throw new Error(`How often? A whole number from 1, not ${times}.`);

let failed = 0;
for (let run = 1; run <= runs; run += 1) {
  const isLoaded = run % 2 === 0;
  const began = new Date();
  const { code, failures, tests } = await withLoad(isLoaded, runOnce);
  if (code !== 0) failed += 1;
  const seconds = Math.round((Date.now() - began.getTime()) / 1_000);
  const time = began.toISOString().slice(11, 16);
  console.log(
    `run ${run} of ${runs}, begun at ${time}, cores ${isLoaded ? 'busy' : 'free'}: ${code === 0 ? 'green' : 'RED'}, ${tests} tests, ${seconds} s`,
  );
  for (const failure of failures) console.log(failure);
}
console.log(failed === 0 ? `${runs} of ${runs} runs are green` : `${failed} of ${runs} runs are red`);
process.exitCode = failed === 0 ? 0 : 1;

async function runOnce(): Promise<{ code: number | null; failures: string[]; tests: number }> {
  const file = join(tmpdir(), `countersign-repeat-${process.pid}.json`);
  const reporter = ['--reporter=json', `--outputFile=${file}`];
  const vitest = spawn('vitest', ['run', ...reporter, ...more], { stdio: ['ignore', 'ignore', 'pipe'] });
  let stderr = '';
  vitest.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr = (stderr + text).slice(-4_000);
  });
  const [code] = await once(vitest, 'close');
  try {
    const report = Report.parse(JSON.parse(readFileSync(file, 'utf8')));
    return { code, failures: report.testResults.flatMap(failuresOf), tests: report.numTotalTests };
  } catch {
    return { code: code === 0 ? 1 : code, failures: [`It made no report: ${stderr}`], tests: 0 };
  } finally {
    rmSync(file, { force: true });
  }
}

function failuresOf({ name, status, message, assertionResults }: z.infer<typeof Report>['testResults'][number]) {
  if (status !== 'failed') return [];
  const told = assertionResults
    .filter((result) => result.status === 'failed')
    .map((result) => `  ${name}\n    ${result.fullName}\n    ${result.failureMessages?.[0]?.slice(0, 1_000) ?? ''}`);
  return told.length > 0 ? told : [`  ${name}\n    ${message.slice(0, 1_000)}`];
}

/** With as many busy processes beside it as there are cores, where that is asked for. */
async function withLoad<T>(isLoaded: boolean, work: () => Promise<T>): Promise<T> {
  const busy: ChildProcess[] = [];
  // They end by themselves after an hour, should this process be killed.
  const forever = 'const end = Date.now() + 3_600_000; while (Date.now() < end);';
  const cores = isLoaded ? availableParallelism() : 0;
  for (let core = 0; core < cores; core += 1) {
    busy.push(spawn(process.execPath, ['-e', forever], { stdio: 'ignore' }));
  }
  try {
    return await work();
  } finally {
    for (const child of busy) child.kill('SIGKILL');
  }
}
