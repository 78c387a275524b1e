import { defineConfig } from 'vitest/config';

/**
 * Every fault, one file after the other: each starts servers of its own and takes both cores. The quick faults are
 * integration tests of `npm test` as well; they are named here so that `npm run faults` is the whole list.
 */
export default defineConfig({
  test: {
    root: new URL('../..', import.meta.url).pathname,
    include: [
      'test/faults/*.test.ts',
      'workers/worker-on-*.int.test.ts',
      'shared/jobs/*.test.ts',
      'shared/audit/audit.int.test.ts',
      'shared/queue/doorbell.int.test.ts',
      'api/ingest/*.test.ts',
      'api/routes/submit-job/submit-job.int.test.ts',
    ],
    globalSetup: './test/support/global-setup.ts',
    reporters: ['default', './test/support/count-reporter.ts'],
    fileParallelism: false,
    testTimeout: 120_000,
    hookTimeout: 60_000,
  },
});
