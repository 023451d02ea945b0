import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['**/*.test.ts'],
          exclude: ['**/node_modules/**', '**/*.lab.test.ts'],
        },
      },
      {
        test: {
          // Real namespaces and switches: one file at a time, so that they do not disturb each other's timing.
          name: 'lab',
          include: ['**/*.lab.test.ts'],
          exclude: ['**/node_modules/**'],
          fileParallelism: false,
          // They measure and kill real programs: one that failed has to fail twice, and the first failure is printed.
          retry: 1,
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
    ],
  },
});
