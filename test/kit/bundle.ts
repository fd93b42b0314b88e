/**
 * The command line in a few files: tests start it dozens of times, and most of a start is loading hundreds of modules.
 * @module
 */
import { cp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { rolldown } from 'rolldown';

export interface Bundle {
  /** The file to run with Node. */
  readonly cli: string;
  remove(): Promise<void>;
}

/** Made under `node_modules`, from where packages are found, and as deep as `src/*`, from where `docs` is read. */
export async function bundleCli(): Promise<Bundle> {
  const root = process.cwd();
  const directory = join(root, 'node_modules', `.countersign-test-${process.pid}`);
  const bundle = await rolldown({
    // The thread that reads PDFs is a program of its own, beside the first.
    input: { cli: join(root, 'src/cli.ts'), 'inspect-worker': join(root, 'src/documents/inspect-worker.ts') },
    platform: 'node',
    // With files of its own, or once in the process by its nature.
    external: [/^@electric-sql\//, /^graphql($|\/)/, /^pino($|\/)/, /^pg($|\/)/],
  });
  await bundle.write({ dir: directory, format: 'esm' });
  await bundle.close();
  await cp(join(root, 'src/db/migrations'), join(directory, 'migrations'), { recursive: true });
  return { cli: join(directory, 'cli.js'), remove: () => rm(directory, { recursive: true, force: true }) };
}
