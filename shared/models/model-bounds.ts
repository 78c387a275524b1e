/** Most that a model's text may hold; ten times what the literature's models of this kind have. */
export const MODEL_BOUNDS = {
  trees: 5_000,
  leavesPerTree: 4_096,
  leaves: 400_000,
  depth: 256,
} as const;

/** A split of a tree as the text has it. */
export type BoundedTree = {
  splitFeature: readonly number[];
  threshold: readonly number[];
  decisionType: readonly number[];
  left: readonly number[];
  right: readonly number[];
};

export type BoundedModel = { problems: string[]; trees: BoundedTree[] };

const MOST_PROBLEMS = 20;
/** Lines whose every number enters a score. */
const SCORE_LINES = new Set(['leaf_value', 'leaf_const', 'leaf_coeff']);

/**
 * Looks through a LightGBM text before the engine does: how many trees and leaves, how deep, and whether a leaf is no
 * number. Linear in the text, and no more of it is kept than the bounds allow. What the text says falsely of itself is for
 * the engine to refuse.
 */
export function boundModel(text: string): BoundedModel {
  const problems: string[] = [];
  const note = (problem: string) => {
    if (problems.length < MOST_PROBLEMS) problems.push(problem);
  };
  const trees: BoundedTree[] = [];
  let fields = new Map<string, string>();
  let treeNo = -1;
  let leaves = 0;
  const close = () => {
    if (treeNo >= 0 && problems.length === 0) {
      const tree = treeOf(fields);
      trees.push(tree);
      if (depthOf(tree) > MODEL_BOUNDS.depth)
        note(`tree ${treeNo} is deeper than ${MODEL_BOUNDS.depth} levels`);
    }
    fields = new Map();
  };
  for (let start = 0; start < text.length;) {
    const newline = text.indexOf('\n', start);
    const end = newline < 0 ? text.length : newline;
    const equals = text.indexOf('=', start);
    if (equals > start && equals < end) {
      const name = text.slice(start, equals);
      const value = text.slice(equals + 1, end).trim();
      if (name === 'Tree') {
        close();
        if (++treeNo >= MODEL_BOUNDS.trees) {
          note(`the model has more than ${MODEL_BOUNDS.trees} trees`);
          break;
        }
      } else if (treeNo >= 0) {
        if (name === 'num_leaves') {
          const count = Number(value);
          if (!(count <= MODEL_BOUNDS.leavesPerTree)) {
            note(`tree ${treeNo} has more than ${MODEL_BOUNDS.leavesPerTree} leaves`);
          }
          leaves += count;
          if (!(leaves <= MODEL_BOUNDS.leaves)) {
            note(`the model has more than ${MODEL_BOUNDS.leaves} leaves`);
            break;
          }
        }
        if (SCORE_LINES.has(name) && numbersOf(value).some((number) => !Number.isFinite(number))) {
          note(`tree ${treeNo} has a ${name} that is no finite number`);
        }
        if (problems.length === 0) fields.set(name, value);
      }
    }
    if (newline < 0 || text.startsWith('end of trees', start)) break;
    start = end + 1;
  }
  close();
  return { problems, trees: problems.length === 0 ? trees : [] };
}

function treeOf(fields: ReadonlyMap<string, string>): BoundedTree {
  const list = (name: string) => numbersOf(fields.get(name) ?? '');
  return {
    splitFeature: list('split_feature'),
    threshold: list('threshold'),
    decisionType: list('decision_type'),
    left: list('left_child'),
    right: list('right_child'),
  };
}

function numbersOf(value: string): number[] {
  return value === '' ? [] : value.split(' ').map(Number);
}

/** Levels of splits; Infinity where the children form no tree. */
export function depthOf({ left, right }: BoundedTree): number {
  let deepest = 0;
  let visited = 0;
  const open: [node: number, depth: number][] = left.length === 0 ? [] : [[0, 1]];
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    const [node, depth] = at;
    if (++visited > left.length || !(node < left.length)) return Infinity;
    deepest = Math.max(deepest, depth);
    for (const child of [left[node]!, right[node] ?? -1]) if (child >= 0) open.push([child, depth + 1]);
  }
  return deepest;
}
