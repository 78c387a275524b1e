import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const SCRIPT = `
  import { Worker } from 'node:worker_threads';
  import { getHeapStatistics } from 'node:v8';
  import { threadHeap } from '#shared/lifecycle/thread-heap.ts';
  const mb = () => Math.round(getHeapStatistics().heap_size_limit / 2 ** 20);
  const before = mb();
  const worker = new Worker('const held = []; for (;;) held.push({});', {
    eval: true,
    resourceLimits: threadHeap({ oldMb: 24, youngMb: 6 }),
  });
  worker.once('error', ({ code }) => console.log(JSON.stringify({ code, before, after: mb() })));
`;

test('a thread dies alone at its own limit, and the main thread keeps that of NODE_OPTIONS', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', SCRIPT], {
    env: { ...process.env, NODE_OPTIONS: '--max-old-space-size=640 --max-semi-space-size=8' },
  });
  const seen = JSON.parse(stdout) as { code: string; before: number; after: number };
  expect(seen.code).toBe('ERR_WORKER_OUT_OF_MEMORY');
  expect(seen.after).toBe(seen.before);
  expect(seen.before).toBeGreaterThan(640);
});
