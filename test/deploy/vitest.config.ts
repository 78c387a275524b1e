import { defineConfig } from 'vitest/config';

/** What `npm run check:mutants` runs: minutes of kustomize, promtool and terraform, and no database. */
export default defineConfig({
  test: { include: ['test/deploy/*.check.ts'], root: process.cwd() },
});
