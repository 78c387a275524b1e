export { EngineError, type EngineErrorCode } from './errors.ts';
export {
  TreeModel,
  TreeModel as LightGbmModel,
  type ContributionOptions,
  type PredictOptions,
  type SliceOptions,
  type TopReasons,
  type TopReasonsOptions,
} from './tree-model.ts';
export {
  attachModel,
  loadModel,
  loadModelFrom,
  prepareModel,
  prepareModelFrom,
  type Choice,
  type LoadOptions,
  type PreparedModel,
  type PrepareOptions,
} from './load.ts';
export type { ReasonDirection } from './explainer.ts';
export type { Cell, Column, ColumnsInput, Rows } from './inputs.ts';
export type { CategoryLabels } from './model/features.ts';
export type { ModelLimits, ParseOptions } from './model/limits.ts';
export type { ModelFeature } from './model/model.ts';
export type { ModelSource } from './model/source.ts';
