import { EngineError } from '../errors.ts';
import { checkLimit, type ParseOptions } from '../model/limits.ts';
import { decodeText } from '../model/lines.ts';
import type { Model } from '../model/model.ts';
import type { Tree } from '../model/tree.ts';
import { child, integerOf, listOf, numbersOf, optional, textOf } from './fields.ts';
import { marginOf, readXgboostObjective } from './objective.ts';
import { buildTree } from './tree.ts';
import { parseUbjson, type Json } from './ubjson.ts';

/** Whether a file is XGBoost's: an object, where LightGBM's text starts with a word. */
export function isXgboost(bytes: Uint8Array): boolean {
  let at = 0;
  while (bytes[at] === 32 || bytes[at] === 10 || bytes[at] === 13 || bytes[at] === 9) at += 1;
  return bytes[at] === 123;
}

/**
 * Parses an XGBoost model as `Booster.save_model` writes it, JSON or UBJSON, boosters gbtree and dart.
 * @throws EngineError naming the field that cannot be scored
 */
export function parseXgboost(bytes: Uint8Array, options: ParseOptions = {}): Model {
  const { limits } = options;
  checkLimit(limits, 'maxBytes', bytes.length);
  const document = documentOf(bytes);
  const learner = child(document, 'learner');
  const booster = child(learner, 'gradient_booster');
  const kind = textOf(booster, 'name');
  if (kind !== 'gbtree' && kind !== 'dart') {
    throw new EngineError('not_a_model', `booster "${kind.slice(0, 40)}" is neither gbtree nor dart`);
  }
  const model = child(kind === 'dart' ? child(booster, 'gbtree') : booster, 'model');
  const settings = child(learner, 'learner_model_param');
  const featureCount = integerOf(settings, 'num_feature', 1, 2 ** 31 - 1);
  checkLimit(limits, 'maxFeatures', featureCount);
  const classCount = integerOf(settings, 'num_class', 0, 1 << 20);
  const outputCount = Math.max(1, classCount);
  checkLimit(limits, 'maxOutputs', outputCount);
  if (optional(settings, 'num_target') !== undefined && integerOf(settings, 'num_target', 0, 2 ** 31) > 1) {
    throw new EngineError('unsupported_output_count', 'the model has several targets');
  }
  const objective = readXgboostObjective(textOf(child(learner, 'objective'), 'name'));
  const documents = listOf(model, 'trees');
  checkLimit(limits, 'maxTrees', documents.length);
  const groups = numbersOf(model, 'tree_info', documents.length);
  const weights = kind === 'dart' ? numbersOf(booster, 'weight_drop', documents.length) : undefined;
  const byOutput = Array.from({ length: outputCount }, (): number[] => []);
  for (let index = 0; index < documents.length; index++) {
    const list = byOutput[groups[index]!];
    if (list === undefined) throw new EngineError('out_of_range', `tree_info holds ${groups[index]}`);
    list.push(index);
  }
  const iterationCount = byOutput[0]!.length;
  if (byOutput.some((list) => list.length !== iterationCount)) {
    throw new EngineError('truncated', 'the outputs have different numbers of trees');
  }
  const span = integerOf(child(model, 'gbtree_model_param'), 'num_parallel_tree', 0, 2 ** 31, 1);
  const trees: Tree[] = [];
  let leaves = 0;
  for (let iteration = 0; iteration < iterationCount; iteration++) {
    for (const list of byOutput) {
      const place = list[iteration]!;
      const weight = weights === undefined ? 1 : Math.fround(weights[place]!);
      const tree = buildTree(documents[place]!, trees.length, place, featureCount, weight, options);
      leaves += tree.leafCount;
      checkLimit(limits, 'maxTotalLeaves', leaves);
      trees.push(tree);
    }
  }
  const names = namesOf(learner, featureCount);
  return {
    library: 'xgboost',
    version: versionOf(document),
    trees,
    featureCount,
    used: undefined,
    inputCount: featureCount,
    featureText: { names, separator: '\n', infos: undefined },
    outputCount,
    treesPerIteration: outputCount,
    iterationCount,
    iterationSpan: span > 1 && iterationCount % span === 0 ? span : 1,
    averageOutput: false,
    baseScores: baseScoresOf(settings, outputCount).map((base) => marginOf(objective, base)),
    singleSums: true,
    objective,
    pandasText: undefined,
  };
}

function documentOf(bytes: Uint8Array): Json {
  const at = bytes.indexOf(123) + 1;
  // A key's length, a type or a count follow in the binary form; blanks, a quote or the end in text.
  const binary = 'iUIlL$#N'.includes(String.fromCharCode(bytes[at] ?? 0));
  if (binary) return parseUbjson(bytes);
  const text = decodeText(bytes);
  try {
    return JSON.parse(text.includes('NaN') || text.includes('Infinity') ? plainJson(text) : text) as Json;
  } catch {
    throw new EngineError('malformed_line', 'the file is no JSON');
  }
}

/** Numbers that JSON has no words for, as XGBoost writes them, by what `numbersOf` reads as them. */
const WORDS: readonly (readonly [word: string, json: string])[] = [
  ['NaN', 'null'],
  ['-Infinity', '-1e999'],
  ['Infinity', '1e999'],
];

function plainJson(text: string): string {
  const parts: string[] = [];
  let copied = 0;
  let inText = false;
  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    if (character === '"') inText = !inText;
    else if (inText) at += character === '\\' ? 1 : 0;
    else if (character === 'N' || character === 'I' || character === '-') {
      const word = WORDS.find(([name]) => text.startsWith(name, at));
      if (word === undefined) continue;
      parts.push(text.slice(copied, at), word[1]);
      at += word[0].length - 1;
      copied = at + 1;
    }
  }
  return parts.join('') + text.slice(copied);
}

function namesOf(learner: Json, featureCount: number): string | undefined {
  const names = optional(learner, 'feature_names');
  if (!Array.isArray(names) || names.length !== featureCount) return undefined;
  return names.every((name) => typeof name === 'string' && name !== '' && !name.includes('\n'))
    ? names.join('\n')
    : undefined;
}

/** One for all outputs or one each; text, in brackets where there may be several. */
function baseScoresOf(settings: Json, outputCount: number): number[] {
  const words = textOf(settings, 'base_score')
    .replace(/^\[|\]$/g, '')
    .split(',', outputCount + 1);
  const values = words.map((word) => Number(word.trim() === '' ? Number.NaN : word));
  if (
    values.some((value) => !Number.isFinite(value)) ||
    (values.length !== 1 && values.length !== outputCount)
  ) {
    throw new EngineError('malformed_number', 'base_score is not a number for each output');
  }
  return Array.from({ length: outputCount }, (_, output) => values[output] ?? values[0]!);
}

function versionOf(document: Json): string {
  const version = optional(document, 'version');
  const numbers = typeof version === 'object' && version !== null ? Object.values(version) : [];
  return numbers.length === 0 ? 'none' : numbers.slice(0, 3).map(Number).join('.');
}
