import { EngineError } from '../errors.ts';
import { featuresOf } from '../model/features.ts';
import type { Model } from '../model/model.ts';
import { parseAny } from '../model/source.ts';
import { CATEGORICAL_BIT, DEFAULT_LEFT_BIT, depthOf, type Tree } from '../model/tree.ts';

/** Features that are listed, the most used first. */
const MOST_FEATURES = 30;
/** Nodes and leaves of one drawing. */
const MOST_LINES = 2000;

/**
 * What a model holds, as text.
 * @param drawn the tree to draw after it, by its number
 */
export function inspectModel(file: Uint8Array, drawn: number | undefined): string {
  const model = parseAny(file, {});
  const leaves = model.trees.map(({ leafCount }) => leafCount);
  const depths = model.trees.map(depthOf);
  const lines = [
    `library      ${model.library}, file version ${model.version}`,
    `objective    ${model.objective.name}`,
    `outputs      ${model.outputCount}`,
    `iterations   ${model.iterationCount / model.iterationSpan}`,
    `trees        ${model.trees.length}`,
    `leaves       ${range(leaves)}`,
    `depth        ${range(depths)}`,
    `features     ${model.featureCount}, of which ${usedFeatures(model).size} are asked for`,
    '',
    ...importance(model),
  ];
  if (drawn !== undefined) {
    const tree = model.trees[drawn];
    if (tree === undefined) {
      throw new EngineError(
        'invalid_argument',
        `there is no tree ${drawn}, only 0 … ${model.trees.length - 1}`,
      );
    }
    lines.push('', ...drawTree(model, tree));
  }
  return `${lines.join('\n')}\n`;
}

function range(values: readonly number[]): string {
  if (values.length === 0) return '0';
  const low = values.reduce((least, value) => Math.min(least, value), Infinity);
  const high = values.reduce((most, value) => Math.max(most, value), -Infinity);
  const sum = values.reduce((total, value) => total + value, 0);
  return `${low} … ${high}, ${sum} in all`;
}

type Use = { splits: number; cover: number };

/** Splits by feature, and how many training rows they parted. */
function usedFeatures(model: Model): Map<number, Use> {
  const uses = new Map<number, Use>();
  for (const tree of model.trees) {
    for (let node = 0; node < tree.leafCount - 1; node++) {
      const place = tree.splitFeature[node]!;
      const feature = model.used?.[place] ?? place;
      const use = uses.get(feature) ?? { splits: 0, cover: 0 };
      use.splits += 1;
      use.cover += tree.nodeCover[node]!;
      uses.set(feature, use);
    }
  }
  return uses;
}

function importance(model: Model): string[] {
  const names = featuresOf(model);
  const uses = [...usedFeatures(model)].sort(([, left], [, right]) => right.splits - left.splits);
  const shown = uses.slice(0, MOST_FEATURES);
  const width = shown.reduce((most, [feature]) => Math.max(most, names[feature]!.name.length), 7);
  return [
    `${'feature'.padEnd(width)}  splits  rows parted`,
    ...shown.map(
      ([feature, { splits, cover }]) =>
        `${names[feature]!.name.padEnd(width)}  ${String(splits).padStart(6)}  ${Math.round(cover)}`,
    ),
    ...(uses.length > shown.length ? [`… and ${uses.length - shown.length} more`] : []),
  ];
}

function drawTree(model: Model, tree: Tree): string[] {
  const names = featuresOf(model);
  const lines: string[] = [`tree ${tree.index}, of output ${tree.index % model.outputCount}`];
  const waiting = [{ child: tree.leafCount > 1 ? 0 : -1, indent: '', mark: '' }];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (lines.length >= MOST_LINES) return [...lines, '…'];
    const { child, indent, mark } = next;
    const lead = indent + mark;
    if (child < 0) {
      lines.push(
        `${lead}leaf ${~child}: ${tree.leafValue[~child]} (${Math.round(tree.leafCover[~child]!)} rows)`,
      );
      continue;
    }
    const place = tree.splitFeature[child]!;
    const name = names[model.used?.[place] ?? place]!.name;
    const type = tree.decisionType[child]!;
    const test =
      (type & CATEGORICAL_BIT) === 0
        ? `${name} ≤ ${tree.threshold[child]}${(type & DEFAULT_LEFT_BIT) === 0 ? '' : ' or missing'}`
        : `${name} in set ${tree.threshold[child]}`;
    lines.push(`${lead}${test} (${Math.round(tree.nodeCover[child]!)} rows)`);
    const inner = indent + (mark === '' ? '' : mark.startsWith('├') ? '│  ' : '   ');
    waiting.push(
      { child: tree.rightChild[child]!, indent: inner, mark: '└no ' },
      { child: tree.leftChild[child]!, indent: inner, mark: '├yes ' },
    );
  }
  return lines;
}
