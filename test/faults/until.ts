import { setTimeout as pause } from 'node:timers/promises';

/** Asks again and again until the answer is yes. Throws with `what` it waited for when time is up. */
export async function until(
  what: string | (() => string),
  holds: () => Promise<boolean>,
  { timeoutMs, intervalMs }: { timeoutMs: number; intervalMs: number },
): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (!(await holds())) {
    if (performance.now() > deadline) {
      throw new Error(`waited ${timeoutMs} ms in vain until ${typeof what === 'string' ? what : what()}`);
    }
    await pause(intervalMs);
  }
}
