import { createHash } from 'node:crypto';
import { type ModelManifest, NOT_A_DIAGNOSIS } from '#shared/models/manifest.ts';

export type SampleModel = { text: Buffer; manifest: ModelManifest };

export type SampleModelOptions = {
  version?: string;
  seed?: number;
  features?: number;
  trees?: number;
  /** Levels of splits; a tree has 2^depth leaves. */
  depth?: number;
  tiers?: ModelManifest['tiers'];
};

/** Pseudo-random numbers in [0, 1): the same seed, the same numbers (mulberry32). */
export function randomNumbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** A small, valid LightGBM text model of balanced trees with its manifest, made from a seed. */
export function sampleModel(options: SampleModelOptions = {}): SampleModel {
  const { version = 'test-1', seed = 1, features = 6, trees = 20, depth = 3 } = options;
  const random = randomNumbers(seed);
  const names = Array.from({ length: features }, (_, index) => `feature_${index}`);
  const blocks = Array.from({ length: trees }, (_, index) => treeBlock(index, features, depth, random));
  const text = Buffer.from(
    [
      'tree',
      'version=v4',
      'num_class=1',
      'num_tree_per_iteration=1',
      'label_index=0',
      `max_feature_idx=${features - 1}`,
      'objective=binary sigmoid:1',
      `feature_names=${names.join(' ')}`,
      `feature_infos=${names.map(() => '[0:100]').join(' ')}`,
      `tree_sizes=${blocks.map((block) => block.length + 1).join(' ')}`,
      '',
      ...blocks,
      'end of trees',
      '',
    ].join('\n'),
  );
  return { text, manifest: sampleManifest(text, version, names, trees, 2 ** depth, options.tiers) };
}

function treeBlock(index: number, features: number, depth: number, random: () => number): string {
  const nodes = 2 ** depth - 1;
  const lastLevel = 2 ** (depth - 1) - 1;
  const list = (length: number, value: (at: number) => number | string) =>
    Array.from({ length }, (_, at) => value(at)).join(' ');
  const child = (node: number, side: 0 | 1) =>
    node < lastLevel ? 2 * node + 1 + side : -(2 * (node - lastLevel) + side) - 1;
  const nodeCover = (node: number) => 800 >> Math.floor(Math.log2(node + 1));
  return [
    `Tree=${index}`,
    `num_leaves=${nodes + 1}`,
    'num_cat=0',
    `split_feature=${list(nodes, () => Math.floor(random() * features))}`,
    `split_gain=${list(nodes, () => 1)}`,
    `threshold=${list(nodes, () => random() * 100)}`,
    `decision_type=${list(nodes, () => (random() < 0.5 ? 8 : 10))}`,
    `left_child=${list(nodes, (node) => child(node, 0))}`,
    `right_child=${list(nodes, (node) => child(node, 1))}`,
    `leaf_value=${list(nodes + 1, () => (random() - 0.6) * 0.4)}`,
    `leaf_weight=${list(nodes + 1, () => 10)}`,
    `leaf_count=${list(nodes + 1, () => 800 >> depth)}`,
    `internal_value=${list(nodes, () => 0)}`,
    `internal_weight=${list(nodes, () => 100)}`,
    `internal_count=${list(nodes, nodeCover)}`,
    'is_linear=0',
    'shrinkage=0.1',
    '',
    '',
  ].join('\n');
}

function sampleManifest(
  text: Buffer,
  version: string,
  names: readonly string[],
  trees: number,
  leaves: number,
  tiers: ModelManifest['tiers'] = { medium: 0.3, high: 0.5 },
): ModelManifest {
  const sha256 = createHash('sha256').update(text).digest('hex');
  const metrics = {
    n: 0,
    positives: 0,
    base_rate: 0,
    auc: null,
    pr_auc: null,
    brier: 0,
    log_loss: 0,
    calibration: [],
    calibration_intercept: null,
    calibration_slope: null,
  };
  const split = { as_of: [], everybody: metrics, at_risk: metrics };
  return {
    schema_version: 1,
    name: 'sample',
    version,
    sha256,
    file: 'sample.txt',
    lightgbm_version: '4.7.0',
    objective: 'binary sigmoid:1',
    synthetic: true,
    trained_at: '2026-01-01',
    training: {
      seed: 1,
      source: 'made for tests',
      rows: 0,
      patients: 0,
      trees,
      num_leaves: leaves,
      window_days: 90,
      grace_days: 28,
      parameters: {},
    },
    features: names.map((name, index) => ({
      name,
      index,
      kind: 'numeric',
      unit: '',
      min: -1e9,
      max: 1e9,
      required: true,
      missing: 'unknown',
      description: name,
    })),
    tiers,
    base_rate: 0.04,
    metrics: { train: split, validation: split, test: split },
    subgroups: [],
    subgroup_minimum: 50,
    drift: { features: {}, score: { edges: [], counts: [0], missing: 0 } },
    intended_use: 'tests',
    not_a_diagnosis: NOT_A_DIAGNOSIS,
    golden: { file: 'golden.json', rows: 0, sha256 },
  };
}
