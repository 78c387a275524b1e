import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

const exclude = ['node_modules/**', '.data/**', '.venv/**'];
const limits = {
  testTimeout: 30_000,
  hookTimeout: 60_000,
  // A condition that is waited for may take its time on a busy machine.
  expect: { poll: { timeout: 15_000 } },
  setupFiles: ['./test/support/property-seed.ts'],
};

/** Only the `int` project starts PostgreSQL and Redis, and only when one of its files is in the run. */
export default defineConfig({
  test: {
    // Files mostly wait for other processes: one more at a time than Vitest would take on two cores.
    maxWorkers: availableParallelism(),
    reporters: ['default', './test/support/count-reporter.ts'],
    projects: [
      {
        test: {
          name: 'unit',
          include: ['**/*.test.ts'],
          exclude: [
            ...exclude,
            '**/*.int.test.ts',
            '**/*.fault.test.ts',
            '**/*.attack.test.ts',
            '**/*.web.test.ts',
          ],
          ...limits,
        },
      },
      {
        test: {
          name: 'int',
          include: ['**/*.int.test.ts'],
          exclude,
          globalSetup: './test/support/global-setup.ts',
          ...limits,
        },
      },
    ],
  },
});
