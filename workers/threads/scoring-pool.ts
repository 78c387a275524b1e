import { availableParallelism } from 'node:os';
import { Piscina } from 'piscina';
import type { PreparedModel } from '#engine/index.ts';
import { ServiceError } from '#shared/errors/errors.ts';
import { threadHeap } from '#shared/lifecycle/thread-heap.ts';
import type { Logger } from '#shared/log/logger.ts';
import type { ScoredChunk, ScoreTask } from './score-chunk.ts';
import type { ThreadAnswer, ThreadTask } from './scoring-thread.ts';

/** Scoring threads: computing leaves the main thread free for I/O. */
export type ScoringPool = AsyncDisposable & {
  readonly threads: number;
  /**
   * Scores a chunk on the next free thread. Throws what the thread met, by code; `scoring_failed` when the
   * thread died (out of memory) or took longer than `timeoutMs`.
   */
  score: (task: ScoreTask, model: PreparedModel, signal: AbortSignal) => Promise<ScoredChunk>;
  /** Takes a chunk's buffers back once nobody reads them any more. Optional: what is not taken back is collected. */
  recycle: (scored: ScoredChunk) => void;
  stop: () => Promise<void>;
};

export type ScoringPoolOptions = {
  /** 0: one a core. */
  threads: number;
  /** Tasks at once, waiting ones included. */
  maxTasks: number;
  modelsInMemory: number;
  timeoutMs: number;
  /** Of a thread's JavaScript heap; chunks and models lie outside of it. A thread that needs more dies alone. */
  heapMb: number;
  log: Logger;
};

const THREAD_YOUNG_MB = 24;

export function createScoringPool(options: ScoringPoolOptions): ScoringPool {
  const threads = options.threads === 0 ? availableParallelism() : options.threads;
  let stopping: Promise<void> | undefined;
  let pool: Piscina<ThreadTask, ThreadAnswer> | undefined;
  const open = () => {
    const opened = new Piscina<ThreadTask, ThreadAnswer>({
      filename: new URL('./scoring-thread.ts', import.meta.url).href,
      minThreads: threads,
      maxThreads: threads,
      maxQueue: options.maxTasks,
      concurrentTasksPerWorker: 1,
      idleTimeout: Infinity,
      resourceLimits: threadHeap({ oldMb: options.heapMb, youngMb: THREAD_YOUNG_MB }),
    });
    opened.on('error', (error: Error) => {
      options.log.error({ err: error }, 'a scoring thread failed');
      dropIfDead(opened);
    });
    return opened;
  };
  /** Piscina starts no thread any more once one has died while it started: with the last one, its tasks would wait for ever. */
  const dropIfDead = (used: Piscina<ThreadTask, ThreadAnswer>) => {
    if (used !== pool || used.threads.length > 0) return;
    pool = undefined;
    void used.destroy();
  };
  pool = open();

  const spares: ArrayBuffer[] = [];
  const recycle = (scored: ScoredChunk) => {
    const { buffer } = scored.scores.blocks;
    if (buffer instanceof ArrayBuffer && spares.length < options.maxTasks) spares.push(buffer);
  };

  const score = async (task: ScoreTask, model: PreparedModel, signal: AbortSignal): Promise<ScoredChunk> => {
    const limit = AbortSignal.any([signal, AbortSignal.timeout(options.timeoutMs)]);
    const lent = spares.splice(0, 1);
    if (stopping !== undefined) {
      throw new ServiceError('scoring_failed', 'The scoring threads have stopped.', { retryable: true });
    }
    const used = (pool ??= open());
    let answer: ThreadAnswer;
    try {
      const modelKey = Buffer.from(task.context.modelSha256).toString('hex');
      answer = await used.run(
        { ...task, model, modelKey, modelsInMemory: options.modelsInMemory, spares: lent },
        { signal: limit, transferList: [task.payload.buffer, ...lent] },
      );
    } catch (error) {
      dropIfDead(used);
      signal.throwIfAborted();
      throw new ServiceError('scoring_failed', 'A scoring thread ended before its chunk did.', {
        cause: error,
        retryable: true,
      });
    }
    if ('scored' in answer) return answer.scored;
    const { code, message, detail } = answer.failure;
    throw new ServiceError(code, message, { cause: detail, retryable: true });
  };

  const stop = () => (stopping ??= pool?.destroy() ?? Promise.resolve());
  return { threads, score, recycle, stop, [Symbol.asyncDispose]: stop };
}
