import { inspect } from 'node:util';
import { move, transferableSymbol, valueSymbol } from 'piscina';
import { attachModel, type LightGbmModel, type PreparedModel } from '#engine/index.ts';
import { type Binning, binningOf } from '#shared/drift/binning.ts';
import { type ErrorCode, ServiceError } from '#shared/errors/errors.ts';
import { scoreChunk, type ScoredChunk, type ScoreTask } from './score-chunk.ts';

export type ThreadTask = ScoreTask & {
  model: PreparedModel;
  modelKey: string;
  modelsInMemory: number;
  /** Buffers of earlier answers to write into: making new ones is what would keep the garbage collector busy. */
  spares: ArrayBuffer[];
};

/** An error as it crosses threads: classes do not. */
export type ThreadFailure = { code: ErrorCode; message: string; detail: string };
export type ThreadAnswer = { scored: ScoredChunk } | { failure: ThreadFailure };

type Attached = { model: LightGbmModel; binning: Binning | undefined };

/** Models attached by this thread, the longest unused first. */
const attached = new Map<string, Attached>();

/** Entry of a scoring thread: answers, and never throws but for bugs of the thread itself. */
export default function score(task: ThreadTask): ThreadAnswer {
  try {
    const { model, binning } = modelOf(task);
    const scored = scoreChunk(task, model, binning, allocateFrom(task.spares));
    return moved({ scored }, [scored.scores.blocks.buffer]);
  } catch (error) {
    const [code, message] =
      error instanceof ServiceError
        ? [error.code, error.message]
        : (['internal', 'The chunk could not be scored.'] as const);
    return { failure: { code, message, detail: inspect(error, { depth: 3 }) } };
  }
}

/** The smallest spare buffer that is large enough; else a new one, with room for a somewhat larger chunk. */
function allocateFrom(spares: ArrayBuffer[]): (bytes: number) => Buffer {
  const bySize = spares.toSorted((a, b) => a.byteLength - b.byteLength);
  return (bytes) => {
    const fitting = bySize.findIndex((spare) => spare.byteLength >= bytes);
    if (fitting < 0) return Buffer.allocUnsafeSlow(Math.ceil(bytes * 1.1));
    const [spare] = bySize.splice(fitting, 1);
    return Buffer.from(spare as ArrayBuffer);
  };
}

/** Hands buffers over to the receiving thread instead of copying them. */
function moved(answer: ThreadAnswer, buffers: ArrayBufferLike[]): ThreadAnswer {
  const value = { [transferableSymbol]: buffers, [valueSymbol]: answer };
  return move(value) as unknown as ThreadAnswer;
}

function modelOf(task: ThreadTask): Attached {
  const known = attached.get(task.modelKey);
  const model = known ?? {
    model: attachModel(task.model),
    binning: task.baseline === undefined ? undefined : binningOf(task.baseline),
  };
  attached.delete(task.modelKey);
  attached.set(task.modelKey, model);
  for (const oldest of attached.keys()) {
    if (attached.size <= task.modelsInMemory) break;
    attached.delete(oldest);
  }
  return model;
}
