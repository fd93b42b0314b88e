/**
 * The sandbox that `dev` works with: one it starts, which keeps what it knows in the data directory, or one that runs
 * already.
 * @module
 */
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { type DocusignSandbox, startDocusignSandbox } from '../sandbox/docusign/index.ts';
import { UsageError } from './usage.ts';

/** `resume` and `close` do nothing to one that runs by itself. */
export type DemoSandbox = Pick<DocusignSandbox, 'url' | 'credentials' | 'run' | 'resume' | 'close'>;

/** What `countersign sandbox --json` prints. */
const Printed = z.object({
  docusign: z.object({
    url: z.url(),
    integrationKey: z.string(),
    userId: z.string(),
    accountId: z.string(),
    privateKey: z.string(),
    hmacKeys: z.array(z.string()),
  }),
});

/** `file` holds what a running sandbox printed; without it one is started on `port`, with what it knew before. */
export async function openSandbox(file: string | undefined, port: number, directory: string): Promise<DemoSandbox> {
  if (file === undefined) return startDocusignSandbox({ port, directory });
  const { url, ...credentials } = read(file).docusign;
  return { url, credentials, run: url, resume: () => undefined, close: async () => undefined };
}

function read(file: string): z.infer<typeof Printed> {
  try {
    return Printed.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch (error) {
    const why = error instanceof z.ZodError ? z.prettifyError(error) : String(error);
    throw new UsageError(`--sandbox-json is a file with what "countersign sandbox --json" printed: ${why}`);
  }
}
