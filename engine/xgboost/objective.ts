import { EngineError } from '../errors.ts';
import type { Objective } from '../model/model.ts';

const { fround } = Math;

/** XGBoost's objectives by how scores become predictions, and which base scores are probabilities or means. */
const IDENTITY = [
  'reg:squarederror',
  'reg:linear',
  'reg:squaredlogerror',
  'reg:pseudohubererror',
  'reg:absoluteerror',
  'reg:quantileerror',
  'rank:pairwise',
  'rank:ndcg',
  'rank:map',
];
const SIGMOID = ['binary:logistic', 'reg:logistic'];
const EXPONENT = ['count:poisson', 'reg:gamma', 'reg:tweedie', 'survival:cox', 'survival:aft'];
const SOFTMAX = ['multi:softprob', 'multi:softmax'];

/** @throws EngineError unsupported_objective */
export function readXgboostObjective(name: string): Objective {
  if (IDENTITY.includes(name) || name === 'binary:logitraw') return { kind: 'identity', name, single: true };
  if (SIGMOID.includes(name)) return { kind: 'sigmoid', name, single: true, sigmoid: 1 };
  if (EXPONENT.includes(name)) return { kind: 'exp', name, single: true };
  if (SOFTMAX.includes(name)) return { kind: 'softmax', name, single: true };
  if (name === 'binary:hinge') return { kind: 'sign', name, single: true };
  throw new EngineError('unsupported_objective', `objective "${name.slice(0, 40)}" is not known`);
}

/**
 * Where sums start: the base score in the units of scores.
 * Source: ProbToMargin of XGBoost's src/objective.
 */
export function marginOf(objective: Objective, baseScore: number): number {
  const base = fround(baseScore);
  if (objective.kind === 'sigmoid') {
    return -fround(Math.log(fround(fround(1 / base) - 1)));
  }
  return objective.kind === 'exp' ? fround(Math.log(base)) : base;
}
