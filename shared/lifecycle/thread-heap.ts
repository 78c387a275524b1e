import { setFlagsFromString } from 'node:v8';
import type { ResourceLimits } from 'node:worker_threads';

let isOpen = false;

/**
 * Limits of a thread's heap, in MiB, that hold. V8 sets `--max-old-space-size` and `--max-semi-space-size`, as a deployment
 * gives them in NODE_OPTIONS, above the limits of every thread that starts; the main thread's heap was sized by them before
 * any script ran, so that taking them back leaves its limit as it is.
 */
export function threadHeap({ oldMb, youngMb }: { oldMb: number; youngMb: number }): ResourceLimits {
  if (!isOpen) {
    setFlagsFromString('--max-old-space-size=0');
    setFlagsFromString('--max-semi-space-size=0');
    isOpen = true;
  }
  return { maxOldGenerationSizeMb: oldMb, maxYoungGenerationSizeMb: youngMb };
}
