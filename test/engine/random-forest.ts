/** Random LightGBM models as text, and rows chosen to be awkward for them. */

export type ForestShape = {
  readonly seed: number;
  readonly features: number;
  readonly iterations: number;
  readonly outputs: number;
  readonly mostLeaves: number;
  /** Distinct thresholds that splits of one feature draw from. */
  readonly thresholds: number;
  /** Features whose splits are category sets. */
  readonly categorical: number;
  /** Whether some trees carry linear models. */
  readonly linear: boolean;
};

export type Forest = { readonly text: string; readonly pool: readonly (readonly number[])[] };

/** A repeatable stream of numbers in 0 … 1 (mulberry32). */
function randomStream(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d_2b_79_f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const ODD_THRESHOLDS = [
  0,
  -0,
  1e-35,
  -1e-35,
  1.0000000180025095e-35,
  -1.0000000180025095e-35,
  5e-36,
  -5e-36,
  1e-300,
  5e-324,
  1e300,
  -1e300,
  Infinity,
];
const HIGHEST_CATEGORY = 120;

export function randomForest(shape: ForestShape): Forest {
  const random = randomStream(shape.seed);
  const below = (count: number): number => Math.floor(random() * count);
  const pool = Array.from({ length: shape.features }, (_, feature) =>
    feature < shape.categorical
      ? []
      : Array.from({ length: 1 + below(shape.thresholds) }, () =>
          random() < 0.08
            ? ODD_THRESHOLDS[below(ODD_THRESHOLDS.length)]!
            : (random() - 0.3) * 10 ** (below(9) - 4),
        ),
  );
  const treeCount = shape.iterations * shape.outputs;
  const trees = Array.from({ length: treeCount }, (_, index) => randomTree(shape, pool, index, random));
  const header = [
    'tree',
    'version=v4',
    `num_class=${shape.outputs}`,
    `num_tree_per_iteration=${shape.outputs}`,
    'label_index=0',
    `max_feature_idx=${shape.features - 1}`,
    `feature_names=${pool.map((_, feature) => `f${feature}`).join(' ')}`,
    `feature_infos=${pool.map(() => '[-1:1]').join(' ')}`,
  ];
  return { text: `${header.join('\n')}\n\n${trees.join('\n\n\n')}\n\n\nend of trees\n`, pool };
}

function randomTree(
  shape: ForestShape,
  pool: readonly (readonly number[])[],
  index: number,
  random: () => number,
): string {
  const below = (count: number): number => Math.floor(random() * count);
  const leafCount = 1 + below(shape.mostLeaves);
  const left: number[] = [];
  const right: number[] = [];
  // As LightGBM grows a tree: each split turns a leaf into a node over itself and a new leaf.
  const parentOf: { node: number; side: number[] }[] = [{ node: -1, side: left }];
  for (let node = 0; node < leafCount - 1; node++) {
    const leaf = random() < 0.5 ? below(node + 1) : node;
    const parent = parentOf[leaf]!;
    if (parent.node >= 0) {
      parent.side[parent.node] = node;
    }
    left[node] = ~leaf;
    right[node] = ~(node + 1);
    parentOf[leaf] = { node, side: left };
    parentOf[node + 1] = { node, side: right };
  }
  const feature = left.map(() => below(shape.features));
  const boundaries = [0];
  const words: number[] = [];
  const decision: number[] = [];
  const threshold = feature.map((one) => {
    if (one < shape.categorical) {
      decision.push(1 | (below(2) * 8));
      const wordCount = 1 + below(Math.ceil(HIGHEST_CATEGORY / 32));
      for (let word = 0; word < wordCount; word++) {
        words.push(below(2 ** 32));
      }
      boundaries.push(words.length);
      return boundaries.length - 2;
    }
    decision.push(below(2) * 2 + below(3) * 4);
    return pool[one]![below(pool[one]!.length)]!;
  });
  const cover = left.map(() => 0);
  const leafCover = Array.from({ length: leafCount }, () => 1 + below(500));
  const fill = (child: number): number => {
    if (child < 0) {
      return leafCover[~child]!;
    }
    cover[child] = fill(left[child]!) + fill(right[child]!);
    return cover[child];
  };
  if (leafCount > 1) {
    fill(0);
  }
  const lines = [
    `Tree=${index}`,
    `num_leaves=${leafCount}`,
    `num_cat=${boundaries.length - 1}`,
    `split_feature=${feature.join(' ')}`,
    `threshold=${threshold.map(numberText).join(' ')}`,
    `decision_type=${decision.join(' ')}`,
    `left_child=${left.join(' ')}`,
    `right_child=${right.join(' ')}`,
    `leaf_value=${Array.from({ length: leafCount }, () => numberText(random() - 0.5)).join(' ')}`,
    `leaf_count=${leafCover.join(' ')}`,
    `internal_count=${cover.join(' ')}`,
  ];
  if (boundaries.length > 1) {
    lines.push(`cat_boundaries=${boundaries.join(' ')}`, `cat_threshold=${words.join(' ')}`);
  }
  if (shape.linear && random() < 0.3) {
    const counts = Array.from({ length: leafCount }, () => below(3));
    const total = counts.reduce((sum, count) => sum + count, 0);
    lines.push(
      'is_linear=1',
      `leaf_const=${counts.map(() => numberText(random())).join(' ')}`,
      `num_features=${counts.join(' ')}`,
      `leaf_features=${Array.from({ length: total }, () => below(shape.features)).join(' ')}`,
      `leaf_coeff=${Array.from({ length: total }, () => numberText(random() - 0.5)).join(' ')}`,
    );
  }
  lines.push('shrinkage=1');
  return lines.join('\n');
}

function numberText(value: number): string {
  if (Object.is(value, -0)) {
    return '-0';
  }
  return value === Infinity ? 'inf' : String(value);
}

const ODD_VALUES = [
  0,
  -0,
  Number.NaN,
  Infinity,
  -Infinity,
  5e-324,
  -5e-324,
  1e-35,
  -1e-35,
  1.0000000180025095e-35,
  -1.0000000180025095e-35,
  1.000000018002511e-35,
  -1.000000018002511e-35,
  1e308,
  -1e308,
];
const ODD_CATEGORIES = [
  -1, -0.5, 0.5, 3.999, 31, 32, 63.5, 119, 120, 128, 1e6, 2_147_483_647, 2_147_483_648, 4e9, -4e9,
];

/** Rows on and beside the forest's thresholds, and at every kind of odd value; row-major. */
export function awkwardRows(
  forest: Forest,
  shape: ForestShape,
  rowCount: number,
  seed: number,
): Float64Array {
  const random = randomStream(seed);
  const below = (count: number): number => Math.floor(random() * count);
  const rows = new Float64Array(rowCount * shape.features);
  for (let at = 0; at < rows.length; at++) {
    const feature = at % shape.features;
    const thresholds = forest.pool[feature]!;
    const pick = random();
    if (pick < 0.15) {
      rows[at] = ODD_VALUES[below(ODD_VALUES.length)]!;
    } else if (feature < shape.categorical) {
      rows[at] = pick < 0.3 ? ODD_CATEGORIES[below(ODD_CATEGORIES.length)]! : below(HIGHEST_CATEGORY + 8);
    } else if (pick < 0.75) {
      rows[at] = beside(thresholds[below(thresholds.length)]!, below(3) - 1);
    } else {
      rows[at] = (random() - 0.3) * 10 ** (below(9) - 4);
    }
  }
  return rows;
}

/** The double `steps` places up or down. */
function beside(value: number, steps: number): number {
  if (steps === 0 || !Number.isFinite(value)) {
    return value;
  }
  if (value === 0) {
    return steps * 5e-324;
  }
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  view.setBigInt64(0, view.getBigInt64(0) + BigInt(value > 0 ? steps : -steps));
  return view.getFloat64(0);
}
