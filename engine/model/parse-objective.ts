import { EngineError } from '../errors.ts';
import type { Objective } from './model.ts';
import { clip, readParameter } from './numbers.ts';

type Field = { readonly text: string; readonly line: number };

/** LightGBM's other spellings, as its ParseObjectiveAlias takes them. */
const ALIASES: Readonly<Record<string, string>> = {
  regression_l2: 'regression',
  mean_squared_error: 'regression',
  mse: 'regression',
  l2: 'regression',
  l2_root: 'regression',
  root_mean_squared_error: 'regression',
  rmse: 'regression',
  mean_absolute_error: 'regression_l1',
  l1: 'regression_l1',
  mae: 'regression_l1',
  softmax: 'multiclass',
  multiclass_ova: 'multiclassova',
  ova: 'multiclassova',
  ovr: 'multiclassova',
  xentropy: 'cross_entropy',
  xentlambda: 'cross_entropy_lambda',
  mean_absolute_percentage_error: 'mape',
  xendcg: 'rank_xendcg',
  xe_ndcg: 'rank_xendcg',
  xe_ndcg_mart: 'rank_xendcg',
  xendcg_mart: 'rank_xendcg',
  none: 'custom',
  null: 'custom',
  na: 'custom',
};

/**
 * Reads the objective line into the transform from raw scores to predictions. A model without one predicts
 * its raw scores. Source: ConvertOutput of LightGBM's src/objective.
 * @throws EngineError unsupported_objective, missing_field, out_of_range
 */
export function parseObjective(field: Field | undefined, outputCount: number): Objective {
  if (field === undefined) {
    return { kind: 'identity', name: 'none' };
  }
  const [first = '', ...rest] = field.text.split(' ').filter((word) => word !== '');
  const name = ALIASES[first] ?? first;
  const single = (objective: Objective): Objective => {
    if (outputCount !== 1) {
      throw new EngineError(
        'unsupported_output_count',
        `objective ${name} with ${outputCount} outputs`,
        field.line,
      );
    }
    return objective;
  };
  switch (name) {
    case 'custom':
      return { kind: 'identity', name };
    case 'regression':
    case 'regression_l1':
    case 'quantile':
    case 'fair':
    case 'mape':
      return single({ kind: rest.includes('sqrt') ? 'signed_square' : 'identity', name });
    case 'huber':
    case 'lambdarank':
    case 'rank_xendcg':
      return single({ kind: 'identity', name });
    case 'poisson':
    case 'gamma':
    case 'tweedie':
      return single({ kind: 'exp', name });
    case 'cross_entropy':
      return single({ kind: 'sigmoid', name, sigmoid: 1 });
    case 'cross_entropy_lambda':
      return single({ kind: 'log1p_exp', name });
    case 'binary':
      return single({ kind: 'sigmoid', name, sigmoid: sigmoidOf(rest, field.line) });
    case 'multiclass':
      checkClasses(rest, outputCount, field.line);
      return { kind: 'softmax', name };
    case 'multiclassova':
      checkClasses(rest, outputCount, field.line);
      return { kind: 'sigmoid', name, sigmoid: sigmoidOf(rest, field.line) };
    default:
      throw new EngineError('unsupported_objective', `objective "${clip(first)}" is not known`, field.line);
  }
}

function sigmoidOf(parameters: readonly string[], line: number): number {
  const text = valueOf(parameters, 'sigmoid');
  if (text === undefined) {
    throw new EngineError('missing_field', 'the objective does not say its sigmoid', line);
  }
  const sigmoid = readParameter(text, 'sigmoid', line);
  if (!(sigmoid > 0)) {
    throw new EngineError('out_of_range', `sigmoid ${sigmoid} is not above zero`, line);
  }
  return sigmoid;
}

function checkClasses(parameters: readonly string[], outputCount: number, line: number): void {
  const text = valueOf(parameters, 'num_class');
  if (text === undefined) {
    throw new EngineError('missing_field', 'the objective does not say its num_class', line);
  }
  if (Number(text) !== outputCount) {
    throw new EngineError(
      'unsupported_output_count',
      `the objective has ${clip(text)} classes, the model ${outputCount}`,
      line,
    );
  }
}

function valueOf(parameters: readonly string[], key: string): string | undefined {
  return parameters.find((parameter) => parameter.startsWith(`${key}:`))?.slice(key.length + 1);
}
