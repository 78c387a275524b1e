import { EngineError } from '../errors.ts';
import type { Model } from './model.ts';
import { clip, readInteger } from './numbers.ts';
import { parseFeatures } from './parse-features.ts';
import { parseObjective } from './parse-objective.ts';
import { parseTree, type TreeBlock } from './parse-tree.ts';
import type { Tree } from './tree.ts';

const LIMIT = 2 ** 31 - 1;
const VERSIONS = ['v2', 'v3', 'v4'] as const;

type Field = { readonly text: string; readonly line: number };

/**
 * Parses a LightGBM text model (`Booster.save_model`, versions v2 to v4). What follows the trees
 * (importances, parameters, pandas categories) does not bear on scores and is not read.
 * @throws EngineError naming the code and the 1-based line of what cannot be scored
 */
export function parseModel(text: string): Model {
  const lines = new Lines(text.charCodeAt(0) === 0xfeff ? text.slice(1) : text);
  const header = readHeader(lines);
  const version = VERSIONS.find((known) => known === header.get('version')?.text);
  if (version === undefined) {
    const found = header.get('version');
    throw new EngineError(
      'unsupported_version',
      found === undefined
        ? 'the model does not say its version'
        : `version ${clip(found.text)} is none of v2, v3, v4`,
      found?.line ?? 1,
    );
  }
  const outputCount = integerField(header, 'num_class', 1, LIMIT);
  const treesPerIteration = header.has('num_tree_per_iteration')
    ? integerField(header, 'num_tree_per_iteration', 1, LIMIT)
    : outputCount;
  if (treesPerIteration !== outputCount) {
    throw new EngineError(
      'unsupported_output_count',
      `${treesPerIteration} trees an iteration for ${outputCount} outputs`,
      header.get('num_tree_per_iteration')?.line,
    );
  }
  const featureCount = integerField(header, 'max_feature_idx', 0, LIMIT - 1) + 1;
  const features = parseFeatures(
    requireField(header, 'feature_names'),
    header.get('feature_infos'),
    featureCount,
  );
  const objective = parseObjective(header.get('objective'), outputCount);
  const trees = readTrees(lines, featureCount);
  const announced = header.get('tree_sizes');
  if (announced !== undefined) {
    const count = announced.text.split(' ').filter((size) => size !== '').length;
    if (count !== trees.length) {
      throw new EngineError(
        'truncated',
        `tree_sizes announces ${count} trees, ${trees.length} follow`,
        lines.number,
      );
    }
  }
  if (trees.length % treesPerIteration !== 0) {
    throw new EngineError(
      'truncated',
      `${trees.length} trees do not fill iterations of ${treesPerIteration}`,
      lines.number,
    );
  }
  return {
    version,
    trees,
    featureCount,
    features,
    outputCount,
    treesPerIteration,
    iterationCount: trees.length / treesPerIteration,
    averageOutput: header.has('average_output'),
    objective,
  };
}

/** Walks the text line by line without splitting it whole. CR, LF and CRLF all end a line. */
class Lines {
  readonly #text: string;
  #next = 0;
  /** 1-based number of the line handed out last. */
  number = 0;

  constructor(text: string) {
    this.#text = text;
  }

  take(): string | undefined {
    if (this.#next >= this.#text.length) {
      return undefined;
    }
    let end = this.#text.indexOf('\n', this.#next);
    if (end < 0) {
      end = this.#text.length;
    }
    const stop = end > this.#next && this.#text.charCodeAt(end - 1) === 13 ? end - 1 : end;
    const line = this.#text.slice(this.#next, stop);
    this.#next = end + 1;
    this.number += 1;
    return line;
  }

  /** Hands the line that was taken last out again. */
  back(line: string): void {
    this.#next = this.#text.lastIndexOf(line, this.#next - 1);
    this.number -= 1;
  }
}

function readHeader(lines: Lines): Map<string, Field> {
  let line = lines.take();
  while (line === '') {
    line = lines.take();
  }
  if (line !== 'tree') {
    throw new EngineError(
      'not_a_model',
      `a LightGBM text model starts with "tree", not with "${clip(line ?? '')}"`,
      Math.max(1, lines.number),
    );
  }
  const header = new Map<string, Field>();
  for (line = lines.take(); line !== undefined; line = lines.take()) {
    if (line.startsWith('Tree=') || line === 'end of trees') {
      lines.back(line);
      break;
    }
    if (line !== '') {
      const equals = line.indexOf('=');
      const key = equals < 0 ? line : line.slice(0, equals);
      header.set(key, { text: equals < 0 ? '' : line.slice(equals + 1), line: lines.number });
    }
  }
  return header;
}

function readTrees(lines: Lines, featureCount: number): Tree[] {
  const trees: Tree[] = [];
  let ended = false;
  for (let line = lines.take(); line !== undefined; line = lines.take()) {
    if (line === 'end of trees') {
      ended = true;
      break;
    }
    if (line === '') {
      continue;
    }
    if (line !== `Tree=${trees.length}`) {
      throw new EngineError(
        'malformed_line',
        `expected Tree=${trees.length}, found "${clip(line)}"`,
        lines.number,
      );
    }
    trees.push(parseTree(readBlock(lines, trees.length), featureCount));
  }
  if (!ended) {
    throw new EngineError('truncated', 'the text ends before "end of trees"', lines.number);
  }
  return trees;
}

function readBlock(lines: Lines, index: number): TreeBlock {
  const start = lines.number;
  const fields = new Map<string, Field>();
  for (let line = lines.take(); line !== undefined && line !== ''; line = lines.take()) {
    const equals = line.indexOf('=');
    if (equals < 0) {
      throw new EngineError('malformed_line', `"${clip(line)}" is not key=value`, lines.number);
    }
    fields.set(line.slice(0, equals), { text: line.slice(equals + 1), line: lines.number });
  }
  return { index, line: start, fields };
}

function requireField(header: ReadonlyMap<string, Field>, key: string): Field {
  const field = header.get(key);
  if (field === undefined) {
    throw new EngineError('missing_field', `the model has no ${key}`, 1);
  }
  return field;
}

function integerField(header: ReadonlyMap<string, Field>, key: string, low: number, high: number): number {
  const field = requireField(header, key);
  return readInteger(field.text, low, high, key, field.line);
}
