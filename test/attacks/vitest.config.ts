import { defineConfig } from 'vitest/config';

/** Attacks on a real api with the shipped limits, on both queues, one file after the other: `npm run attacks`. */
export default defineConfig({
  test: {
    root: new URL('../..', import.meta.url).pathname,
    include: ['test/attacks/*.attack.test.ts'],
    reporters: ['default', './test/support/count-reporter.ts'],
    fileParallelism: false,
    testTimeout: 60_000,
    hookTimeout: 90_000,
  },
});
