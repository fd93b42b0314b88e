import { defineConfig } from 'vitest/config';
import { LongestFirst } from './test/kit/longest-first.ts';

/**
 * `*.db.test.ts` run twice, on PGlite and on Postgres; the other files once. Modules are loaded by Node itself: through
 * Vite, `graphql` would be there twice.
 */
export default defineConfig({
  test: {
    experimental: { viteModuleRunner: false },
    globalSetup: ['test/kit/global-setup.ts'],
    setupFiles: ['test/kit/each-file.ts'],
    // A worker keeps the modules it has loaded: loading them for each file took a third of the whole time.
    isolate: false,
    sequence: { sequencer: LongestFirst },
    testTimeout: process.env['LONG'] ? 3_600_000 : 30_000,
    hookTimeout: 60_000,
    // Much of what a worker does is waiting for processes and clocks.
    maxWorkers: 3,
    projects: [
      {
        extends: true,
        test: {
          name: 'once',
          include: ['test/**/*.test.ts'],
          exclude: ['test/**/*.db.test.ts'],
          provide: { database: 'pglite' },
        },
      },
      { extends: true, test: { name: 'pglite', include: ['test/**/*.db.test.ts'], provide: { database: 'pglite' } } },
      {
        extends: true,
        test: { name: 'postgres', include: ['test/**/*.db.test.ts'], provide: { database: 'postgres' } },
      },
    ],
  },
});
