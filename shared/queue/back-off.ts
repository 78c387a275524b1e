export type BackOffOptions = {
  /** Takes no more; resolves or not, nobody waits for it. */
  pause: () => Promise<unknown>;
  resume: () => void;
  /** So many failures in a row, without a success between, are no accident. */
  mostFailures?: number;
  firstMs?: number;
  longestMs?: number;
};

export type BackOff = { failed: () => void; succeeded: () => void; stop: () => void };

/**
 * A consumer whose queue answers nothing but errors asks again after a pause that doubles, from a second to half a minute:
 * by itself BullMQ asks at once, thousands of times a second. A success ends it.
 */
export function createBackOff(options: BackOffOptions): BackOff {
  const { pause, resume, mostFailures = 5, firstMs = 1_000, longestMs = 30_000 } = options;
  let failures = 0;
  let nextMs = firstMs;
  let timer: NodeJS.Timeout | undefined;
  return {
    failed: () => {
      if (timer !== undefined || ++failures < mostFailures) return;
      void pause().catch(() => undefined);
      timer = setTimeout(() => {
        timer = undefined;
        // One more failure pauses again.
        failures = mostFailures - 1;
        resume();
      }, nextMs);
      nextMs = Math.min(nextMs * 2, longestMs);
    },
    succeeded: () => {
      failures = 0;
      nextMs = firstMs;
    },
    stop: () => clearTimeout(timer),
  };
}
