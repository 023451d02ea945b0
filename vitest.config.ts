import { defineConfig } from 'vitest/config';
import { patience } from './packages/lab/src/patience.ts';

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['**/*.test.ts'],
          exclude: ['**/node_modules/**', '**/*.lab.test.ts'],
          // Much of it waits for programs. No test of time leans on these limits, so a busy machine does not fail them.
          maxWorkers: '100%',
          testTimeout: 30_000,
          hookTimeout: 30_000,
          expect: { poll: { timeout: 20_000 } },
        },
      },
      {
        test: {
          // Real namespaces and switches: one file at a time, so that they do not disturb each other's timing.
          name: 'lab',
          include: ['**/*.lab.test.ts'],
          exclude: ['**/node_modules/**'],
          fileParallelism: false,
          testTimeout: 60_000 * patience,
          hookTimeout: 60_000 * patience,
        },
      },
    ],
  },
});
