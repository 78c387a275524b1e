import type { LightGbmModel } from '#engine/index.ts';
import { type ChunkRows, decodeChunkSync } from '#shared/chunks/payload.ts';
import { type Binning, countsToBytes, type DriftBaseline } from '#shared/drift/binning.ts';
import { countChunk, countedToBytes, sumCounted } from '#shared/drift/facility-counts.ts';
import type { Allocate } from '#shared/db/copy/binary-copy.ts';
import { ServiceError } from '#shared/errors/errors.ts';
import { infer, type Inferred } from '#shared/models/infer.ts';
import type { ModelManifest, Prediction } from '#shared/models/manifest.ts';
import { tierPolicy } from '#shared/tiers/tier-policy.ts';
import {
  type ChunkScores,
  encodeChunkScores,
  type ScoreContext,
} from '#shared/scores/encode-chunk-scores.ts';
import type { ScoredRows } from '#shared/scores/score-block.ts';

export type ScoreTask = {
  payload: Uint8Array<ArrayBuffer>;
  payloadSha256: Uint8Array;
  rowCount: number;
  /** Reasons a row; 0 for none. */
  explain: number;
  tiers: ModelManifest['tiers'];
  /** Of a model of another table than patients'. */
  prediction?: Prediction | undefined;
  /** What drift is measured against; without it nothing is counted. */
  baseline?: DriftBaseline;
  context: ScoreContext;
};

/** Cut-offs that nothing reaches: every row is in the lowest tier, and nobody is shown it. */
const NO_TIERS: ModelManifest['tiers'] = { medium: Infinity, high: Infinity };

/** Of all rows together, and by facility. */
export type Histograms = { counts: Uint8Array; facilities: Uint8Array };

export type ScoredChunk = {
  rowCount: number;
  rowNumbers: Int32Array;
  scores: ChunkScores;
  /** Counts by the model's bins, as chunk_histograms keeps them. */
  histograms: Histograms | undefined;
  /** Rows by tier: low, medium, high. */
  tiers: [number, number, number];
  /** Probabilities by row and class, of a model of several classes. */
  outputs: Float64Array | undefined;
  /** Time in the engine alone. */
  inferenceMs: number;
};

/**
 * Decodes, scores, explains and encodes one chunk: all of a chunk's computing, with no I/O.
 * Throws `payload_corrupt`; `feature_mismatch` when the payload was cut for another model; `scoring_failed`.
 */
export function scoreChunk(
  task: ScoreTask,
  model: LightGbmModel,
  binning?: Binning,
  allocate?: Allocate,
): ScoredChunk {
  const rows = decodeChunkSync(task.payload, task.payloadSha256);
  if (rows.rowCount !== task.rowCount) {
    throw new ServiceError('payload_corrupt', 'The stored chunk has another number of rows than it says.');
  }
  if (rows.features.length !== model.featureCount) {
    throw new ServiceError(
      'feature_mismatch',
      `The chunk has ${rows.features.length} features, the model ${model.featureCount}.`,
    );
  }
  const startedMs = performance.now();
  const { rawScores, risks, reasons, outputs } = inferred(rows, model, task);
  const inferenceMs = performance.now() - startedMs;
  const hasTiers = task.prediction?.has_tiers ?? true;
  const { tiers, counts } = tiersOf(rows, risks, hasTiers ? task.tiers : NO_TIERS);
  const { context } = task;
  const scored: ScoredRows = { rows, rawScores, risks, tiers, reasons };
  return {
    rowCount: rows.rowCount,
    rowNumbers: rows.rowNumbers,
    scores: encodeChunkScores(context, scored, allocate),
    histograms: binning === undefined ? undefined : histogramsOf(binning, rows, risks),
    tiers: counts,
    outputs,
    inferenceMs,
  };
}

function histogramsOf(binning: Binning, rows: ChunkRows, risks: Float64Array): Histograms {
  const facilities = countChunk(binning, rows, risks);
  const { counts } = sumCounted(facilities, binning.size);
  return { counts: countsToBytes(Int32Array.from(counts)), facilities: countedToBytes(facilities) };
}

function inferred(rows: ChunkRows, model: LightGbmModel, task: ScoreTask): Inferred {
  try {
    return infer(model, rows.features, task.explain, task.prediction);
  } catch (error) {
    throw new ServiceError('scoring_failed', 'The engine refused the chunk.', { cause: error });
  }
}

function tiersOf(
  rows: ChunkRows,
  risks: Float64Array,
  cutoffs: ModelManifest['tiers'],
): { tiers: Uint8Array; counts: [number, number, number] } {
  const tierOf = tierPolicy(cutoffs);
  const { names, indices } = rows.facilities;
  const tiers = new Uint8Array(rows.rowCount);
  const counts: [number, number, number] = [0, 0, 0];
  for (let row = 0; row < rows.rowCount; row++) {
    const tier = tierOf(risks[row] as number, names[indices[row] as number]);
    tiers[row] = tier;
    counts[tier as 0 | 1 | 2]++;
  }
  return { tiers, counts };
}
