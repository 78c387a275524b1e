export { EngineError, type EngineErrorCode } from './errors.ts';
export {
  LightGbmModel,
  type PredictOptions,
  type SliceOptions,
  type TopReasons,
  type TopReasonsOptions,
} from './lightgbm-model.ts';
export { loadModel, type LoadOptions } from './load.ts';
export type { ModelFeature } from './model/model.ts';
