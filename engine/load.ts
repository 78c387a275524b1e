import { EngineError } from './errors.ts';
import { explainRefusal, prepareExplainer, type ExplainPlan } from './explain/prepare.ts';
import { createFastExplainer } from './explain/explainer.ts';
import type { Explainer } from './explainer.ts';
import { CAN_SHARE } from './fast/memory.ts';
import { createFastScorer, prepareFast, type FastImage } from './fast/scorer.ts';
import { TreeModel } from './tree-model.ts';
import type { Model } from './model/model.ts';
import { packModel, unpackModel, type PackedModel } from './model/pack.ts';
import type { ParseOptions } from './model/limits.ts';
import { type ModelSource, parseAny, readAll } from './model/source.ts';
import { createReferenceExplainer } from './reference/explainer.ts';
import { createReferenceScorer } from './reference/scorer.ts';

/** `auto` takes the fastest that fits the model; the others serve tests and comparisons. */
export type Choice = 'auto' | 'fast' | 'reference';

export type LoadOptions = ParseOptions & {
  /** Default `auto`: the ranked form for every tree that fits it, the reference for the others. */
  readonly scorer?: Choice;
  /** Default `auto`: the fast explainer where the model fits it, the reference otherwise. */
  readonly explainer?: Choice;
};

export type PrepareOptions = LoadOptions & {
  /** Whether contributions are prepared too, which takes longer and more memory. Default true. */
  readonly explain?: boolean;
};

const FORMAT = 'trees-prepared-2';

/**
 * A model ready to be posted to threads of this process (`postMessage`, `workerData`, Piscina tasks): its trees
 * and tables lie in shared memory and are not copied. What is inside belongs to the engine.
 */
export type PreparedModel = {
  readonly format: string;
  readonly model: unknown;
  readonly fast: unknown;
  readonly explain: unknown;
};

type Prepared = {
  readonly format: typeof FORMAT;
  readonly model: PackedModel;
  readonly fast: FastImage | undefined;
  readonly explain: ExplainPlan | undefined;
};

/**
 * Reads a model from its text or bytes. Contributions are prepared when they are first asked for.
 * @throws EngineError with a code, and the line of the text, for anything that cannot be scored exactly
 */
export function loadModel(file: string | Uint8Array, options: LoadOptions = {}): TreeModel {
  const model = parseAny(file, options);
  const fast = options.scorer === 'reference' ? undefined : prepareFast(model);
  return assemble(model, fast, () => chooseExplainer(model, planOrNone(model, options.explainer)));
}

/**
 * Reads a model from a file's bytes as they come: a `Blob`, a `Response`'s body, a Node stream or anything else that hands
 * out `Uint8Array`s. No text is made of them, so that files of more than 512 MB can be read.
 * @throws EngineError as `loadModel` does
 */
export async function loadModelFrom(source: ModelSource, options: LoadOptions = {}): Promise<TreeModel> {
  return loadModel(await readAll(source, options), options);
}

/** `prepareModel` from bytes as they come. */
export async function prepareModelFrom(
  source: ModelSource,
  options: PrepareOptions = {},
): Promise<PreparedModel> {
  return prepareModel(await readAll(source, options), options);
}

/**
 * Reads and prepares a model once, for any number of threads.
 * @throws EngineError as `loadModel` does; a model without contributions is prepared without them
 */
export function prepareModel(file: string | Uint8Array, options: PrepareOptions = {}): PreparedModel {
  if (!CAN_SHARE) {
    throw new EngineError('no_shared_memory', 'threads share no memory here: load the model in each of them');
  }
  const packed = packModel(parseAny(file, options));
  const model = unpackModel(packed);
  return {
    format: FORMAT,
    model: packed,
    fast: options.scorer === 'reference' ? undefined : prepareFast(model),
    explain:
      options.explain !== false && explainRefusal(model) === undefined
        ? planOrNone(model, options.explainer)
        : undefined,
  };
}

/**
 * The model that another thread prepared, over the same memory.
 * @throws EngineError image_invalid for anything that `prepareModel` of this version did not make
 */
export function attachModel(prepared: PreparedModel): TreeModel {
  if (prepared?.format !== FORMAT) {
    throw new EngineError('image_invalid', 'this is no model prepared by this version');
  }
  const { model: packed, fast, explain } = prepared as Prepared;
  const model = unpackModel(packed);
  return assemble(model, fast, () => chooseExplainer(model, explain));
}

function assemble(model: Model, fast: FastImage | undefined, explainer: () => Explainer): TreeModel {
  return new TreeModel({
    model,
    scorer: fast === undefined ? createReferenceScorer(model) : createFastScorer(model, fast),
    explainer,
  });
}

/** @throws EngineError contributions_unavailable */
function chooseExplainer(model: Model, plan: ExplainPlan | undefined): Explainer {
  const refusal = explainRefusal(model);
  if (refusal !== undefined) {
    throw new EngineError('contributions_unavailable', refusal);
  }
  return plan === undefined ? createReferenceExplainer(model) : createFastExplainer(plan, model);
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
