import { defineConfig } from 'vitest/config';

/** Pages in a real browser: `npm run test:web`. One stack for the whole run, one file after the other. */
export default defineConfig({
  test: {
    root: new URL('../..', import.meta.url).pathname,
    reporters: ['verbose', './test/support/count-reporter.ts'],
    include: ['test/web/**/*.web.test.ts'],
    globalSetup: './test/web/web-stack.ts',
    fileParallelism: false,
    testTimeout: 300_000,
    hookTimeout: 300_000,
  },
});
