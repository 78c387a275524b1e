import { EngineError } from './errors.ts';
import { createFastScorer, prepareFast } from './fast/scorer.ts';
import { LightGbmModel } from './lightgbm-model.ts';
import type { Model } from './model/model.ts';
import { parseModel } from './model/parse.ts';
import { createReferenceExplainer } from './reference/explainer.ts';
import { createReferenceScorer } from './reference/scorer.ts';

export type LoadOptions = {
  /** `auto` (default) takes the fastest that fits; the others serve tests and comparisons. */
  readonly scorer?: 'auto' | 'fast' | 'reference';
  readonly explainer?: 'auto' | 'fast' | 'reference';
};

/**
 * Reads a LightGBM text model.
 * @throws EngineError with a code, and the line of the text, for anything that cannot be scored exactly
 */
export function loadModel(text: string, options: LoadOptions = {}): LightGbmModel {
  const model = parseModel(text);
  return new LightGbmModel({
    model,
    scorer:
      options.scorer === 'reference'
        ? createReferenceScorer(model)
        : createFastScorer(model, prepareFast(model)),
    explainer: () => {
      checkExplainable(model);
      return createReferenceExplainer(model);
    },
  });
}

/** @throws EngineError contributions_unavailable */
export function checkExplainable(model: Model): void {
  for (const tree of model.trees) {
    if (tree.linear !== undefined) {
      throw new EngineError(
        'contributions_unavailable',
        `tree ${tree.index} is linear: contributions are not defined for it`,
      );
    }
    if (tree.leafCount > 1 && (tree.nodeCover.includes(0) || tree.leafCover.includes(0))) {
      throw new EngineError(
        'contributions_unavailable',
        `tree ${tree.index} does not say how many training rows its leaves held`,
      );
    }
  }
}
