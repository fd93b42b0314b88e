/**
 * The sandbox that `dev` works with: one it starts, which forgets with the process, or one that runs already.
 * @module
 */
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { type DocusignSandbox, startDocusignSandbox } from '../sandbox/docusign/index.ts';
import { UsageError } from './usage.ts';

export interface DemoSandbox extends Pick<DocusignSandbox, 'url' | 'credentials'> {
  /** True for one that goes on when this process ends, and knows what it was sent before. */
  readonly outlives: boolean;
  /** Ends it, unless it runs by itself. */
  close(): Promise<void>;
}

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

/** `file` holds what a running sandbox printed; without it one is started on `port`. */
export async function openSandbox(file: string | undefined, port: number): Promise<DemoSandbox> {
  if (file === undefined) return { ...(await startDocusignSandbox({ port })), outlives: false };
  const { url, ...credentials } = read(file).docusign;
  return { url, credentials, outlives: true, close: async () => undefined };
}

function read(file: string): z.infer<typeof Printed> {
  try {
    return Printed.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch (error) {
    const why = error instanceof z.ZodError ? z.prettifyError(error) : String(error);
    throw new UsageError(`--sandbox-json is a file with what "countersign sandbox --json" printed: ${why}`);
  }
}
