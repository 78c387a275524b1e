import type { Objective } from '../model/model.ts';

/**
 * Turns raw scores into predictions, in place. `exp` is the platform's own, so that a result may differ from
 * LightGBM's in the last places (4 ulp is the bound that the tests hold).
 * @param scores `rowCount × outputCount`, row-major
 */
export function transformInPlace(
  objective: Objective,
  scores: Float64Array,
  rowCount: number,
  outputCount: number,
): void {
  const count = rowCount * outputCount;
  switch (objective.kind) {
    case 'identity':
      return;
    case 'signed_square':
      for (let at = 0; at < count; at++) {
        const score = scores[at]!;
        scores[at] = (score > 0 ? 1 : score < 0 ? -1 : 0) * score * score;
      }
      return;
    case 'exp':
      for (let at = 0; at < count; at++) {
        scores[at] = Math.exp(scores[at]!);
      }
      return;
    case 'sigmoid':
      for (let at = 0; at < count; at++) {
        scores[at] = 1 / (1 + Math.exp(-objective.sigmoid * scores[at]!));
      }
      return;
    case 'log1p_exp':
      for (let at = 0; at < count; at++) {
        scores[at] = Math.log1p(Math.exp(scores[at]!));
      }
      return;
    case 'softmax':
      for (let row = 0; row < rowCount; row++) {
        softmax(scores.subarray(row * outputCount, (row + 1) * outputCount));
      }
      return;
  }
}

function softmax(scores: Float64Array): void {
  let highest = scores[0]!;
  for (const score of scores) {
    highest = highest < score ? score : highest;
  }
  let sum = 0;
  for (let at = 0; at < scores.length; at++) {
    scores[at] = Math.exp(scores[at]! - highest);
    sum += scores[at]!;
  }
  for (let at = 0; at < scores.length; at++) {
    scores[at] = scores[at]! / sum;
  }
}
