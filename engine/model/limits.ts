import { EngineError } from '../errors.ts';

/** Bounds on what a model may hold; each defaults to no bound but what a typed array and the text itself can hold. */
export type ModelLimits = {
  /** Bytes of the file. */
  readonly maxBytes?: number;
  readonly maxTrees?: number;
  /** Leaves of one tree. */
  readonly maxLeaves?: number;
  /** Leaves of all trees together. */
  readonly maxTotalLeaves?: number;
  /** Steps from a root to its deepest leaf. */
  readonly maxDepth?: number;
  readonly maxFeatures?: number;
  readonly maxOutputs?: number;
};

export type ParseOptions = {
  readonly limits?: ModelLimits;
  /** Whether a leaf may be NaN or infinite. Default `accept`, as LightGBM does. */
  readonly nonFiniteLeaves?: 'accept' | 'refuse';
};

/** @throws EngineError limit_exceeded, naming the bound */
export function checkLimit(
  limits: ModelLimits | undefined,
  name: keyof ModelLimits,
  found: number,
  line?: number,
): void {
  const limit = limits?.[name];
  if (limit !== undefined && found > limit) {
    throw new EngineError('limit_exceeded', `${found} is more than ${name} allows, ${limit}`, line);
  }
}
