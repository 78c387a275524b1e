import type { Logger } from '#shared/log/logger.ts';

/** Runs a task again and again, never twice at once; a failure is logged and the next round tries again. */
export type IntervalTask = AsyncDisposable & {
  readonly start: () => void;
  /** One round now, or the one under way. Never throws. */
  readonly runNow: () => Promise<void>;
  /** Starts no new round and waits for the one under way, which its signal has told. Idempotent. */
  readonly stop: () => Promise<void>;
};

export type IntervalTaskOptions = {
  name: string;
  /** From the end of a round to the start of the next. */
  intervalMs: number;
  log: Logger;
  run: (signal: AbortSignal) => Promise<unknown>;
};

export function createIntervalTask(options: IntervalTaskOptions): IntervalTask {
  const { name, intervalMs, log, run } = options;
  const abort = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> | undefined;
  let started = false;

  const round = async () => {
    try {
      await run(abort.signal);
    } catch (error) {
      if (!abort.signal.aborted) log.warn({ err: error, task: name }, 'a round failed; the next tries again');
    }
  };
  const runNow = () => (running ??= round().finally(() => (running = undefined)));
  const next = () => {
    timer = setTimeout(() => void roundThenNext(), intervalMs);
  };
  const roundThenNext = async () => {
    await runNow();
    if (!abort.signal.aborted) next();
  };
  const stop = async () => {
    abort.abort();
    clearTimeout(timer);
    await running;
  };
  return {
    start: () => {
      if (started) return;
      started = true;
      next();
    },
    runNow,
    stop,
    [Symbol.asyncDispose]: stop,
  };
}
