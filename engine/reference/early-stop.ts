import type { Model } from '../model/model.ts';
import { asRows, type RowSource } from '../rows.ts';
import type { IterationRange } from '../scorer.ts';
import { leafOf, leafOutput } from './leaf.ts';

export type EarlyStop = { readonly frequency: number; readonly margin: number };

/** Objectives that LightGBM may stop early: only the order or the sign of their scores counts. */
const STOPPABLE = ['binary', 'multiclass', 'multiclassova', 'lambdarank', 'rank_xendcg'];

/** Why a model's sums cannot be stopped early, or not so; undefined where they can. */
export function whyNotEarly(model: Model, stop: EarlyStop): string | undefined {
  if (typeof stop !== 'object' || !Number.isInteger(stop.frequency) || stop.frequency < 1) {
    return 'earlyStop needs a whole frequency of at least 1';
  }
  if (typeof stop.margin !== 'number' || !(stop.margin >= 0)) return 'earlyStop needs a margin of at least 0';
  if (model.library !== 'lightgbm' || model.averageOutput || !STOPPABLE.includes(model.objective.name)) {
    return `objective ${model.objective.name} needs all of its trees`;
  }
  return undefined;
}

/**
 * Sums of each row until its margin is beyond the bound, looked at every `frequency` iterations.
 * Source: LightGBM's src/boosting/prediction_early_stop.cpp and gbdt_prediction.cpp.
 * @param out `rowCount × outputCount`
 */
export function scoreUntilSure(
  model: Model,
  source: RowSource,
  iterations: IterationRange,
  stop: EarlyStop,
  out: Float64Array,
): void {
  const { inputCount: featureCount, outputCount, trees } = model;
  const rows = asRows(source);
  for (let row = 0; row < source.rowCount; row++) {
    const offset = row * featureCount;
    const sums = out.subarray(row * outputCount, (row + 1) * outputCount).fill(0);
    for (let iteration = iterations.start; iteration < iterations.end; iteration++) {
      for (let output = 0; output < outputCount; output++) {
        const tree = trees[iteration * outputCount + output]!;
        sums[output] = sums[output]! + leafOutput(tree, leafOf(tree, rows, offset), rows, offset);
      }
      const done = iteration + 1 - iterations.start;
      if (done % stop.frequency === 0 && marginOf(sums) > stop.margin) break;
    }
  }
}

/** Twice the score of a single output; else how far the highest is above the second. */
function marginOf(sums: Float64Array): number {
  if (sums.length === 1) return 2 * Math.abs(sums[0]!);
  let first = -Infinity;
  let second = -Infinity;
  for (const sum of sums) {
    if (sum > first) {
      second = first;
      first = sum;
    } else if (sum > second) {
      second = sum;
    }
  }
  return first - second;
}
