export { EngineError, type EngineErrorCode } from './errors.ts';
export {
  LightGbmModel,
  type PredictOptions,
  type SliceOptions,
  type TopReasons,
  type TopReasonsOptions,
} from './lightgbm-model.ts';
export {
  attachModel,
  loadModel,
  prepareModel,
  type Choice,
  type LoadOptions,
  type PreparedModel,
  type PrepareOptions,
} from './load.ts';
export type { ReasonDirection } from './explainer.ts';
export type { ModelFeature } from './model/model.ts';
