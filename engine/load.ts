import { EngineError } from './errors.ts';
import { prepareExplainer, type ExplainPlan } from './explain/prepare.ts';
import { createFastExplainer } from './explain/explainer.ts';
import type { Explainer } from './explainer.ts';
import { createFastScorer, prepareFast, type FastImage } from './fast/scorer.ts';
import { LightGbmModel } from './lightgbm-model.ts';
import type { Model } from './model/model.ts';
import { packModel, unpackModel, type PackedModel } from './model/pack.ts';
import { parseModel } from './model/parse.ts';
import { createReferenceExplainer } from './reference/explainer.ts';
import { createReferenceScorer } from './reference/scorer.ts';

/** `auto` takes the fastest that fits the model; the others serve tests and comparisons. */
export type Choice = 'auto' | 'fast' | 'reference';

export type LoadOptions = {
  /** Default `auto`: the ranked form for every tree that fits it, the reference for the others. */
  readonly scorer?: Choice;
  /** Default `auto`: the fast explainer where the model fits it, the reference otherwise. */
  readonly explainer?: Choice;
};

export type PrepareOptions = LoadOptions & {
  /** Whether contributions are prepared too, which takes longer and more memory. Default true. */
  readonly explain?: boolean;
};

const FORMAT = 'lightgbm-prepared-1';

/**
 * A model ready to be posted to threads of this process (`postMessage`, `workerData`, Piscina tasks): its trees
 * and tables lie in shared memory and are not copied.
 */
export type PreparedModel = {
  readonly format: typeof FORMAT;
  readonly model: PackedModel;
  readonly fast: FastImage | undefined;
  readonly explain: ExplainPlan | undefined;
};

/**
 * Reads a LightGBM text model. Contributions are prepared when they are first asked for.
 * @throws EngineError with a code, and the line of the text, for anything that cannot be scored exactly
 */
export function loadModel(text: string, options: LoadOptions = {}): LightGbmModel {
  const model = parseModel(text);
  const fast = options.scorer === 'reference' ? undefined : prepareFast(model);
  return assemble(model, fast, () => chooseExplainer(model, planOrNone(model, options.explainer)));
}

/**
 * Reads and prepares a model once, for any number of threads.
 * @throws EngineError as `loadModel` does; a model without contributions is prepared without them
 */
export function prepareModel(text: string, options: PrepareOptions = {}): PreparedModel {
  const packed = packModel(parseModel(text));
  const model = unpackModel(packed);
  return {
    format: FORMAT,
    model: packed,
    fast: options.scorer === 'reference' ? undefined : prepareFast(model),
    explain:
      options.explain !== false && whyUnexplainable(model) === undefined
        ? planOrNone(model, options.explainer)
        : undefined,
  };
}

/**
 * The model that another thread prepared, over the same memory.
 * @throws EngineError image_invalid for anything that `prepareModel` of this version did not make
 */
export function attachModel(prepared: PreparedModel): LightGbmModel {
  if (prepared?.format !== FORMAT) {
    throw new EngineError('image_invalid', 'this is no model prepared by this version');
  }
  const model = unpackModel(prepared.model);
  return assemble(model, prepared.fast, () => chooseExplainer(model, prepared.explain));
}

function assemble(model: Model, fast: FastImage | undefined, explainer: () => Explainer): LightGbmModel {
  return new LightGbmModel({
    model,
    scorer: fast === undefined ? createReferenceScorer(model) : createFastScorer(model, fast),
    explainer,
  });
}

/** @throws EngineError contributions_unavailable */
function chooseExplainer(model: Model, plan: ExplainPlan | undefined): Explainer {
  const refusal = whyUnexplainable(model);
  if (refusal !== undefined) {
    throw new EngineError('contributions_unavailable', refusal);
  }
  return plan === undefined ? createReferenceExplainer(model) : createFastExplainer(plan);
}

/** The fast explainer's plan; undefined where the reference is asked for, or is all that fits. */
function planOrNone(model: Model, choice: Choice = 'auto'): ExplainPlan | undefined {
  if (choice === 'reference' || model.trees.length === 0) {
    return undefined;
  }
  try {
    return prepareExplainer(model);
  } catch (error) {
    if (choice === 'auto' && error instanceof EngineError && error.code === 'contributions_unavailable') {
      return undefined;
    }
    throw error;
  }
}

function whyUnexplainable(model: Model): string | undefined {
  for (const tree of model.trees) {
    if (tree.linear !== undefined) {
      return `tree ${tree.index} is linear: LightGBM defines no contributions for it`;
    }
    if (tree.leafCount > 1 && tree.nodeCover.includes(0)) {
      return `tree ${tree.index} does not say how many training rows passed its nodes`;
    }
  }
  return undefined;
}
