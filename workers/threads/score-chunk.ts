import type { LightGbmModel } from '#engine/index.ts';
import { type ChunkRows, decodeChunkSync } from '#shared/chunks/payload.ts';
import {
  type Binning,
  countHistograms,
  countingStride,
  countsToBytes,
  type DriftBaseline,
} from '#shared/drift/binning.ts';
import type { Allocate } from '#shared/db/copy/binary-copy.ts';
import { ServiceError } from '#shared/errors/errors.ts';
import type { ModelManifest } from '#shared/models/manifest.ts';
import { tierPolicy } from '#shared/tiers/tier-policy.ts';
import {
  type ChunkScores,
  encodeChunkScores,
  type ScoreContext,
} from '#shared/scores/encode-chunk-scores.ts';
import type { Reasons } from '#shared/scores/reasons.ts';
import type { ScoredRows } from '#shared/scores/score-block.ts';

export type ScoreTask = {
  payload: Uint8Array<ArrayBuffer>;
  payloadSha256: Uint8Array;
  rowCount: number;
  /** Reasons a row; 0 for none. */
  explain: number;
  tiers: ModelManifest['tiers'];
  /** What drift is measured against; without it nothing is counted. */
  baseline?: DriftBaseline;
  context: ScoreContext;
};

export type ScoredChunk = {
  rowCount: number;
  scores: ChunkScores;
  /** Counts by the model's bins, as chunk_histograms keeps them. */
  histograms: Uint8Array | undefined;
  /** Rows by tier: low, medium, high. */
  tiers: [number, number, number];
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
  const { rawScores, risks, reasons } = infer(rows, model, task.explain);
  const inferenceMs = performance.now() - startedMs;
  const { tiers, counts } = tiersOf(rows, risks, task.tiers);
  const { context } = task;
  const scored: ScoredRows = { rows, rawScores, risks, tiers, reasons };
  return {
    rowCount: rows.rowCount,
    scores: encodeChunkScores(context, scored, allocate),
    histograms: binning === undefined ? undefined : histogramsOf(binning, rows, risks),
    tiers: counts,
    inferenceMs,
  };
}

function histogramsOf(binning: Binning, rows: ChunkRows, risks: Float64Array): Uint8Array {
  const stride = countingStride(rows.rowCount);
  return countsToBytes(countHistograms(binning, rows.features, risks, rows.rowCount, stride));
}

function infer(rows: ChunkRows, model: LightGbmModel, explain: number) {
  try {
    const rawScores = model.predictColumns(rows.features, { raw: true });
    const risks = model.transform(rawScores);
    const k = Math.min(explain, model.featureCount);
    const reasons: Reasons | undefined = k === 0 ? undefined : model.topReasonsColumns(rows.features, { k });
    return { rawScores, risks, reasons };
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
