import type { Arena } from './arena.ts';
import {
  categoriesOf,
  missingRuleOf,
  NARROW_THRESHOLDS,
  type CategoricalFeature,
  type FeatureSurvey,
  type MissingRule,
  type NumericalFeature,
} from './columns.ts';
import { CATEGORICAL_BIT, type Tree } from '../model/tree.ts';
import { BLOCK_ROWS, FEATURE, FEATURE_FLAG, VARIANT, VARIANT_FLAG } from './layout.ts';
import { makeRankTable, RANK_METHOD } from './rank-table.ts';

/** What a node compares: a column of the tile, and the rank above which a row goes right. */
export type NodeTest = { readonly column: number; readonly threshold: number };

type Variant = {
  readonly column: number;
  readonly wideOutput: boolean;
  readonly rule: MissingRule | undefined;
  readonly categories: readonly number[] | undefined;
};

/**
 * Hands out the columns that nodes ask for, one a feature, missing rule (or category set) and width, and
 * writes the records from which the kernel fills them.
 */
export class FeatureRecords {
  readonly #survey: FeatureSurvey;
  readonly #variants = new Map<NumericalFeature | CategoricalFeature, Map<string, Variant>>();
  /** The first column is nobody's: trees without a split point at it. */
  #tileBytes = BLOCK_ROWS * 2;

  constructor(survey: FeatureSurvey) {
    this.#survey = survey;
  }

  /** Bytes of a block's columns. */
  get tileBytes(): number {
    return this.#tileBytes;
  }

  testOf(tree: Tree, node: number, wideTree: boolean): NodeTest {
    const index = tree.splitFeature[node]!;
    const type = tree.decisionType[node]!;
    if ((type & CATEGORICAL_BIT) !== 0) {
      const feature = this.#survey.categorical.get(index)!;
      const categories = categoriesOf(tree, tree.threshold[node]!);
      const column = this.#columnOf(feature, categories.join(' '), wideTree, undefined, categories);
      return { column, threshold: -1 };
    }
    const feature = this.#survey.numerical.get(index)!;
    const rule = missingRuleOf(type);
    const column = this.#columnOf(feature, rule, wideTree, rule, undefined);
    const rank = rankBelow(feature.thresholds, tree.threshold[node]!);
    return { column, threshold: rank - biasOf(feature) };
  }

  #columnOf(
    feature: NumericalFeature | CategoricalFeature,
    name: string,
    wideOutput: boolean,
    rule: MissingRule | undefined,
    categories: readonly number[] | undefined,
  ): number {
    let variants = this.#variants.get(feature);
    if (variants === undefined) {
      variants = new Map();
      this.#variants.set(feature, variants);
    }
    const key = `${wideOutput ? 'wide' : 'narrow'} ${name}`;
    let variant = variants.get(key);
    if (variant === undefined) {
      variant = { column: this.#tileBytes, wideOutput, rule, categories };
      variants.set(key, variant);
      this.#tileBytes += wideOutput ? BLOCK_ROWS * 2 : BLOCK_ROWS;
    }
    return variant.column;
  }

  /** @returns the address and number of the feature records */
  write(arena: Arena): { readonly address: number; readonly count: number } {
    const features = [...this.#variants.keys()].sort((left, right) => left.feature - right.feature);
    const address = arena.take(features.length * FEATURE.bytes);
    for (const [at, feature] of features.entries()) {
      const record = address + at * FEATURE.bytes;
      const variants = [...this.#variants.get(feature)!.values()];
      arena.u32(record + FEATURE.index, feature.feature);
      if (feature.kind === 'numerical') {
        writeNumerical(arena, record, feature);
      } else {
        writeCategorical(arena, record, feature);
      }
      const variantsAt = arena.take(variants.length * VARIANT.bytes);
      arena.u32(record + FEATURE.variants, variantsAt);
      arena.u32(record + FEATURE.variantCount, variants.length);
      for (const [place, variant] of variants.entries()) {
        writeVariant(arena, variantsAt + place * VARIANT.bytes, feature, variant);
      }
    }
    return { address, count: features.length };
  }
}

function biasOf(feature: NumericalFeature): number {
  return feature.thresholds.length > NARROW_THRESHOLDS ? 32_768 : 128;
}

/** Number of thresholds below a value. */
function rankBelow(thresholds: Float64Array, value: number): number {
  let low = 0;
  let high = thresholds.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (thresholds[middle]! < value) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

function writeNumerical(arena: Arena, record: number, feature: NumericalFeature): void {
  const { thresholds } = feature;
  const wide = thresholds.length > NARROW_THRESHOLDS;
  const plan = makeRankTable(thresholds);
  // A search probes up to twice the largest power of two; the others one beyond the end.
  const padded = new Float64Array(
    plan.method === RANK_METHOD.search ? plan.firstWidth * 2 : thresholds.length + 1,
  ).fill(Infinity);
  padded.set(thresholds);
  let flags = wide ? FEATURE_FLAG.wide : 0;
  arena.u32(record + FEATURE.method, plan.method);
  arena.u32(record + FEATURE.thresholds, arena.put(padded));
  arena.u32(record + FEATURE.count, thresholds.length);
  if (plan.method === RANK_METHOD.search) {
    arena.u32(record + FEATURE.steps, plan.firstWidth);
  } else if (plan.method !== RANK_METHOD.count) {
    arena.u32(record + FEATURE.steps, plan.steps);
    arena.u32(record + FEATURE.table, arena.put(wide ? plan.table : Uint8Array.from(plan.table)));
    arena.u32(record + FEATURE.cap, plan.cap);
    if (plan.method === RANK_METHOD.bits) {
      arena.u32(record + FEATURE.shift, plan.shift);
      arena.u32(record + FEATURE.base, plan.base);
      flags |= plan.signed ? FEATURE_FLAG.signed : 0;
    } else {
      arena.f64(record + FEATURE.low, plan.low);
      arena.f64(record + FEATURE.scale, plan.scale);
      arena.f64(record + FEATURE.capDouble, plan.cap);
    }
  }
  arena.u32(record + FEATURE.flags, flags);
}

const NO_CODE = 255;

function writeCategorical(arena: Arena, record: number, feature: CategoricalFeature): void {
  const limit = (feature.categories.at(-1) ?? -1) + 1;
  const codes = new Uint8Array(limit + 1).fill(NO_CODE);
  for (const [code, category] of feature.categories.entries()) {
    codes[category] = code;
  }
  arena.u32(record + FEATURE.method, RANK_METHOD.category);
  arena.u32(record + FEATURE.table, arena.put(codes));
  arena.u32(record + FEATURE.cap, limit);
  arena.f64(record + FEATURE.capDouble, limit);
}

function writeVariant(
  arena: Arena,
  record: number,
  feature: NumericalFeature | CategoricalFeature,
  variant: Variant,
): void {
  const wideFlag = variant.wideOutput ? VARIANT_FLAG.wide : 0;
  arena.u32(record + VARIANT.column, variant.column);
  if (feature.kind === 'categorical') {
    const members = new Uint8Array(32);
    for (const category of variant.categories ?? []) {
      const code = feature.categories.indexOf(category);
      members[code >> 3] = members[code >> 3]! | (1 << (code & 7));
    }
    arena.u32(record + VARIANT.flags, wideFlag);
    arena.u32(record + VARIANT.set, arena.put(members));
    return;
  }
  const { thresholds } = feature;
  const { rule } = variant;
  const zero = rule === 'zero_left' || rule === 'zero_right';
  const substitute =
    rule === 'nan_is_zero'
      ? rankBelow(thresholds, 0)
      : rule === 'nan_right' || rule === 'zero_right'
        ? thresholds.length
        : 0;
  arena.u32(record + VARIANT.flags, wideFlag | (zero ? VARIANT_FLAG.zero : 0));
  arena.u32(record + VARIANT.substitute, substitute - biasOf(feature));
}
