import { EngineError } from '../errors.ts';
import { checkLimit, type ParseOptions } from './limits.ts';
import { decodeText, Lines, type Field } from './lines.ts';
import type { FeatureText, Model } from './model.ts';
import { clip, countWords, readInteger } from './numbers.ts';
import { parseObjective } from './parse-objective.ts';
import { parseTree, type TreeBlock } from './parse-tree.ts';
import type { Tree } from './tree.ts';

const LIMIT = 2 ** 31 - 1;
/** Outputs that are believed without being asked for. */
const MOST_OUTPUTS = 1 << 20;
const VERSIONS = ['v2', 'v3', 'v4'];
/** What may follow the trees; files from before July 2018 do not say that they end. */
const ENDS = ['end of trees', 'feature importances:', 'feature_importances:', 'parameters:'];
const PANDAS = 'pandas_categorical:';

/**
 * Parses a LightGBM text model (`Booster.save_model`, versions v2 to v4, or none said). What follows the trees is
 * read for pandas' categories only.
 * @throws EngineError naming the code and the 1-based line of what cannot be scored
 */
export function parseModel(source: string | Uint8Array, options: ParseOptions = {}): Model {
  const bytes = typeof source === 'string' ? new TextEncoder().encode(source) : source;
  const { limits } = options;
  checkLimit(limits, 'maxBytes', bytes.length);
  const lines = new Lines(bytes);
  const header = readHeader(lines);
  const versionField = header.get('version');
  const version = versionField === undefined ? 'none' : textOf(bytes, versionField);
  if (versionField !== undefined && !VERSIONS.includes(version)) {
    throw new EngineError(
      'unsupported_version',
      `version ${clip(version)} is none of v2, v3, v4`,
      versionField.line,
    );
  }
  const integer = (key: string, low: number, high: number): number =>
    readInteger(bytes, requireField(header, key), low, high, key);
  const outputCount = integer('num_class', 1, MOST_OUTPUTS);
  checkLimit(limits, 'maxOutputs', outputCount, header.get('num_class')?.line);
  const treesPerIteration = header.has('num_tree_per_iteration')
    ? integer('num_tree_per_iteration', 1, LIMIT)
    : outputCount;
  if (treesPerIteration !== outputCount) {
    throw new EngineError(
      'unsupported_output_count',
      `${treesPerIteration} trees an iteration for ${outputCount} outputs`,
      header.get('num_tree_per_iteration')?.line,
    );
  }
  const featureCount = integer('max_feature_idx', 0, LIMIT - 1) + 1;
  checkLimit(limits, 'maxFeatures', featureCount, header.get('max_feature_idx')?.line);
  const featureText = readFeatures(bytes, header, featureCount);
  const objectiveField = header.get('objective');
  const objective = parseObjective(
    objectiveField && { text: textOf(bytes, objectiveField), line: objectiveField.line },
    outputCount,
  );
  const trees = readTrees(lines, featureCount, options);
  const announced = header.get('tree_sizes');
  const count = announced === undefined ? trees.length : countWords(bytes, announced);
  if (count !== trees.length) {
    throw new EngineError(
      'truncated',
      `tree_sizes announces ${count} trees, ${trees.length} follow`,
      lines.number,
    );
  }
  if (trees.length % treesPerIteration !== 0) {
    throw new EngineError(
      'truncated',
      `${trees.length} trees do not fill iterations of ${treesPerIteration}`,
      lines.number,
    );
  }
  return {
    library: 'lightgbm',
    version,
    trees,
    featureCount,
    used: undefined,
    inputCount: featureCount,
    featureText,
    outputCount,
    treesPerIteration,
    iterationCount: trees.length / treesPerIteration,
    iterationSpan: 1,
    averageOutput: header.has('average_output'),
    baseScores: Array.from({ length: outputCount }, () => 0),
    singleSums: false,
    objective,
    pandasText: readPandas(lines),
  };
}

function textOf(bytes: Uint8Array, field: Field): string {
  return decodeText(bytes.subarray(field.start, field.end));
}

function readHeader(lines: Lines): Map<string, Field> {
  let more = lines.take();
  while (more && lines.isEmpty) more = lines.take();
  if (!more || !lines.is('tree')) {
    throw new EngineError(
      'not_a_model',
      `a LightGBM text model starts with "tree", not with "${clip(more ? lines.text() : '')}"`,
      Math.max(1, lines.number),
    );
  }
  const header = new Map<string, Field>();
  while (lines.take()) {
    if (lines.startsWith('Tree=') || ENDS.some((end) => lines.is(end))) {
      lines.back();
      break;
    }
    if (lines.isEmpty) continue;
    const equals = lines.equalsSign();
    const stop = equals < 0 ? lines.end : equals;
    header.set(keyOf(lines, stop), {
      start: Math.min(stop + 1, lines.end),
      end: lines.end,
      line: lines.number,
    });
  }
  return header;
}

/** A line's key; keys that nobody asks for may be cut. */
function keyOf(lines: Lines, stop: number): string {
  return decodeText(lines.bytes.subarray(lines.start, Math.min(stop, lines.start + 64)));
}

function readFeatures(
  bytes: Uint8Array,
  header: ReadonlyMap<string, Field>,
  featureCount: number,
): FeatureText {
  const names = requireField(header, 'feature_names');
  const found = countWords(bytes, names);
  if (found !== featureCount) {
    throw new EngineError(
      'wrong_length',
      `feature_names lists ${found} features, ${featureCount} expected`,
      names.line,
    );
  }
  const infos = header.get('feature_infos');
  return { names: textOf(bytes, names), separator: ' ', infos: infos && textOf(bytes, infos) };
}

function readTrees(lines: Lines, featureCount: number, options: ParseOptions): Tree[] {
  const { limits } = options;
  const trees: Tree[] = [];
  let leaves = 0;
  while (lines.take()) {
    if (lines.isEmpty) continue;
    if (ENDS.some((end) => lines.is(end))) return trees;
    // The number is not looked at: joined files repeat them.
    if (!lines.startsWith('Tree=')) {
      throw new EngineError(
        'malformed_line',
        `expected Tree=${trees.length}, found "${clip(lines.text())}"`,
        lines.number,
      );
    }
    checkLimit(limits, 'maxTrees', trees.length + 1, lines.number);
    const tree = parseTree(readBlock(lines, trees.length), featureCount, options);
    leaves += tree.leafCount;
    checkLimit(limits, 'maxTotalLeaves', leaves, lines.number);
    trees.push(tree);
  }
  throw new EngineError('truncated', 'the text ends before "end of trees"', Math.max(1, lines.number));
}

/** Fields of a tree that are read; others are not remembered. */
const TREE_KEYS = [
  'num_leaves',
  'num_cat',
  'split_feature',
  'threshold',
  'decision_type',
  'left_child',
  'right_child',
  'leaf_value',
  'leaf_count',
  'internal_count',
  'cat_boundaries',
  'cat_threshold',
  'is_linear',
  'leaf_const',
  'num_features',
  'leaf_features',
  'leaf_coeff',
];

function readBlock(lines: Lines, index: number): TreeBlock {
  const { bytes, number: line } = lines;
  const fields = new Map<string, Field>();
  while (lines.take()) {
    if (lines.isEmpty) break;
    const equals = lines.equalsSign();
    if (equals < 0) {
      if (ENDS.some((end) => lines.is(end))) {
        lines.back();
        break;
      }
      throw new EngineError('malformed_line', `"${clip(lines.text())}" is not key=value`, lines.number);
    }
    const length = equals - lines.start;
    const key = TREE_KEYS.find((known) => known.length === length && lines.startsWith(known));
    if (key !== undefined) fields.set(key, { start: equals + 1, end: lines.end, line: lines.number });
    if (lines.startsWith('Tree=')) {
      lines.back();
      break;
    }
  }
  return { bytes, index, line, fields };
}

/** The last line that keeps pandas' categories, of those that are left. */
function readPandas(lines: Lines): string | undefined {
  let found: string | undefined;
  while (lines.take()) {
    if (lines.startsWith(PANDAS)) {
      found = decodeText(lines.bytes.subarray(lines.start + PANDAS.length, lines.end));
    }
  }
  return found === undefined || found === 'null' ? undefined : found;
}

function requireField(header: ReadonlyMap<string, Field>, key: string): Field {
  const field = header.get(key);
  if (field === undefined) {
    throw new EngineError('missing_field', `the model has no ${key}`, 1);
  }
  return field;
}
