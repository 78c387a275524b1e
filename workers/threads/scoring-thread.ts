import { inspect } from 'node:util';
import { move, transferableSymbol, valueSymbol } from 'piscina';
import { attachModel, type LightGbmModel, type PreparedModel } from '#engine/index.ts';
import { type ErrorCode, ServiceError } from '#shared/errors/errors.ts';
import { scoreChunk, type ScoredChunk, type ScoreTask } from './score-chunk.ts';

export type ThreadTask = ScoreTask & { model: PreparedModel; modelKey: string; modelsInMemory: number };

/** An error as it crosses threads: classes do not. */
export type ThreadFailure = { code: ErrorCode; message: string; detail: string };
export type ThreadAnswer = { scored: ScoredChunk } | { failure: ThreadFailure };

/** Models attached by this thread, the longest unused first. */
const attached = new Map<string, LightGbmModel>();

/** Entry of a scoring thread: answers, and never throws but for bugs of the thread itself. */
export default function score(task: ThreadTask): ThreadAnswer {
  try {
    const scored = scoreChunk(task, modelOf(task));
    return moved({ scored }, [scored.predictions.buffer, scored.audit.buffer]);
  } catch (error) {
    const [code, message] =
      error instanceof ServiceError
        ? [error.code, error.message]
        : (['internal', 'The chunk could not be scored.'] as const);
    return { failure: { code, message, detail: inspect(error, { depth: 3 }) } };
  }
}

/** Hands buffers over to the receiving thread instead of copying them. */
function moved(answer: ThreadAnswer, buffers: ArrayBufferLike[]): ThreadAnswer {
  const value = { [transferableSymbol]: buffers, [valueSymbol]: answer };
  return move(value) as unknown as ThreadAnswer;
}

function modelOf(task: ThreadTask): LightGbmModel {
  const known = attached.get(task.modelKey);
  const model = known ?? attachModel(task.model);
  attached.delete(task.modelKey);
  attached.set(task.modelKey, model);
  for (const oldest of attached.keys()) {
    if (attached.size <= task.modelsInMemory) break;
    attached.delete(oldest);
  }
  return model;
}
