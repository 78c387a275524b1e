import type { Objective } from '../model/model.ts';

/** What XGBoost adds to a sigmoid's denominator. Source: common/math.h, Sigmoid. */
const SINGLE_EPSILON = Math.fround(1e-16);

/**
 * Turns raw scores into predictions, in place. `exp` is the platform's own, so that a result may differ from
 * the library's in the last places (4 ulp is the bound that the tests hold, of single precision for XGBoost).
 * @param scores `rowCount × outputCount`, row-major
 */
export function transformInPlace(
  objective: Objective,
  scores: Float64Array,
  rowCount: number,
  outputCount: number,
): void {
  if (objective.kind === 'identity') return;
  const count = rowCount * outputCount;
  if (objective.kind === 'softmax') {
    const round = objective.single === true ? Math.fround : (value: number): number => value;
    for (let row = 0; row < rowCount; row++) {
      softmax(scores.subarray(row * outputCount, (row + 1) * outputCount), round);
    }
    return;
  }
  const transform = objective.single === true ? singleTransform(objective) : doubleTransform(objective);
  for (let at = 0; at < count; at++) {
    scores[at] = transform(scores[at]!);
  }
}

function doubleTransform(objective: Objective): (score: number) => number {
  switch (objective.kind) {
    case 'signed_square':
      return (score) => (score > 0 ? 1 : score < 0 ? -1 : 0) * score * score;
    case 'exp':
      return Math.exp;
    case 'sigmoid': {
      const { sigmoid } = objective;
      return (score) => 1 / (1 + Math.exp(-sigmoid * score));
    }
    case 'log1p_exp':
      return (score) => Math.log1p(Math.exp(score));
    case 'sign':
    case 'softmax':
    case 'identity':
      return (score) => score;
  }
}

function singleTransform(objective: Objective): (score: number) => number {
  const { fround } = Math;
  switch (objective.kind) {
    case 'exp':
      return (score) => fround(Math.exp(score));
    case 'sigmoid':
      return (score) =>
        fround(1 / fround(fround(fround(Math.exp(Math.min(-score, 88.7))) + 1) + SINGLE_EPSILON));
    case 'sign':
      return (score) => (score > 0 ? 1 : 0);
    case 'signed_square':
    case 'log1p_exp':
    case 'softmax':
    case 'identity':
      return (score) => score;
  }
}

function softmax(scores: Float64Array, round: (value: number) => number): void {
  let highest = scores[0]!;
  for (const score of scores) {
    highest = highest < score ? score : highest;
  }
  let sum = 0;
  for (let at = 0; at < scores.length; at++) {
    scores[at] = round(Math.exp(round(scores[at]! - highest)));
    sum += scores[at]!;
  }
  for (let at = 0; at < scores.length; at++) {
    scores[at] = round(scores[at]! / round(sum));
  }
}
