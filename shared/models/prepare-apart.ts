import { Worker } from 'node:worker_threads';
import type { PreparedModel } from '#engine/index.ts';
import { threadHeap } from '#shared/lifecycle/thread-heap.ts';

const DEADLINE_MS = 60_000;
const HEAP_MB = 384;
const YOUNG_MB = 24;
const SCRIPT = new URL('prepare-thread.ts', import.meta.url);

/**
 * Prepares a model in a thread of its own: what a model takes to prepare holds up nobody, and one that takes too much ends
 * its thread alone. The prepared model lies in shared memory. @throws Error where it cannot be prepared within the limits
 */
export async function prepareApart(text: string): Promise<PreparedModel> {
  const worker = new Worker(SCRIPT, {
    workerData: text,
    resourceLimits: threadHeap({ oldMb: HEAP_MB, youngMb: YOUNG_MB }),
  });
  let timer: NodeJS.Timeout | undefined;
  try {
    return await new Promise<PreparedModel>((resolve, reject) => {
      timer = setTimeout(() => reject(new Error(`not prepared within ${DEADLINE_MS} ms`)), DEADLINE_MS);
      worker.once('message', resolve);
      worker.once('error', reject);
      worker.once('exit', () => reject(new Error('the thread that prepares a model ended')));
    });
  } finally {
    clearTimeout(timer);
    await worker.terminate();
  }
}
