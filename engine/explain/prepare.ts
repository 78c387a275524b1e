import { EngineError } from '../errors.ts';
import type { Model } from '../model/model.ts';
import { CATEGORICAL_BIT, DEFAULT_LEFT_BIT, depthOf, type Tree } from '../model/tree.ts';
import { expectedValue } from '../reference/contributions.ts';
import { allocateMemory } from '../fast/memory.ts';
import { LEASE_TABLE_BYTES } from '../fast/shared-scratch.ts';
import { Arena } from './arena.ts';
import { type Column, Columns } from './columns.ts';
import { explainKernel } from './kernel.ts';
import {
  codeWords,
  placeColumns,
  rankWords,
  type ScratchLayout,
  scratchLayout,
  slotWords,
  workspaceLayout,
} from './plan-layout.ts';
import { bytesOfRuns, chooseRuns, type LeafRun, runChoices } from './leaf-runs.ts';
import { pairFeatures, type Pairing } from './pairing.ts';
import { layOutQuadrature, type QuadratureProgram, sumOffset } from './quadrature-program.ts';
import { layOutRun, type RunTable, TableFiller } from './run-table.ts';
import { prunedSegments } from './segments.ts';
import { treeConditions, type TreeConditions } from './tree-conditions.ts';

/** The header lies behind what WASM keeps for itself. */
const HEADER_ADDRESS = 1024;
const HEADER_WORDS = 19;
/** Larger and deeper trees are explained elsewhere. */
const MAX_LEAVES = 4096;
const MAX_DEPTH = 512;
/** What all trees' leaves ask of values, in bytes (leaves squared): trees beyond are explained elsewhere. */
const MAX_CONDITION_BYTES = 256 * 2 ** 20;
/** Sums of a block are kept below this, so that they stay near the core. */
const BLOCK_SUM_BYTES = 1 << 20;
const MAX_BLOCK_ROWS = 1024;
/** Sums of a span: what the tables are read from main memory for. */
const SPAN_SUM_BYTES = 1 << 22;
const MAX_SPAN_ROWS = 8192;

/** Table memory of one model, unless told otherwise. */
export const DEFAULT_TABLE_BYTES = 64 * 2 ** 20;
/** Memory of one model's quadrature programs; a model that needs more cannot be explained. */
export const MAX_QUADRATURE_BYTES = 512 * 2 ** 20;
/** A table byte's price before the budget asks for more: large tables miss the caches. */
const LEAST_BYTE_PRICE = 1e-4;

export type PrepareOptions = {
  /** Upper bound of the tables' bytes; leaves that find no room are explained by quadrature. */
  readonly tableBytes?: number;
};

/**
 * A model made ready to explain. Structured-cloneable: threads of a process that receive it share its memory.
 * The plan is read-only; every explainer takes a workspace of its own from the same memory.
 */
export type ExplainPlan = {
  readonly memory: WebAssembly.Memory;
  readonly module: WebAssembly.Module;
  readonly header: number;
  readonly featureCount: number;
  readonly outputCount: number;
  readonly treesPerIteration: number;
  readonly iterationCount: number;
  /** By tree: its mean over the training rows. */
  readonly expectedValues: Float64Array;
  /** By output: where sums start. */
  readonly baseScores: readonly number[];
  /** Trees that this plan does not hold, ascending: `contributionsByReference` explains them. */
  readonly others: readonly number[];
  /** Address of the table of scratch leases. */
  readonly leases: number;
  readonly scratch: ScratchLayout;
  readonly figures: PlanFigures;
};

/** What was prepared, in bytes and counts. */
export type PlanFigures = {
  readonly tableBytes: number;
  readonly quadratureBytes: number;
  readonly programBytes: number;
  readonly runs: number;
  readonly quadratureLeaves: number;
};

type TreePlan = {
  readonly tree: Tree;
  readonly conditions: TreeConditions;
  runs: LeafRun[];
  quadrature: number[];
  bytes: number;
};

/** Why a model has no contributions, as LightGBM or this explainer sees it; undefined where it has. */
export function explainRefusal(model: Model): string | undefined {
  for (const tree of model.trees) {
    if (tree.linear !== undefined)
      return `tree ${tree.index} is linear; LightGBM defines no contributions for it`;
    const fault = coverFault(tree);
    if (fault !== undefined) return `tree ${tree.index} ${fault}`;
  }
  return undefined;
}

/** What is wrong with a tree's training counts, if anything. */
function coverFault(tree: Tree): string | undefined {
  if (tree.leafCount === 1) return undefined;
  const { nodeCover, leafCover } = tree;
  if (leafCover[0] !== leafCover[0]) return 'has leaf counts that are no counts';
  if (nodeCover[0] !== nodeCover[0]) return 'has internal counts that are no counts';
  if (nodeCover.every((cover) => cover === 0)) {
    return 'does not say how many training rows passed its nodes';
  }
  for (let node = 0; node < nodeCover.length; node++) {
    if (nodeCover[node]! > 0) continue;
    for (const child of [tree.leftChild[node]!, tree.rightChild[node]!]) {
      if (node === 0 || (child >= 0 ? nodeCover[child]! : leafCover[~child]!) > 0) {
        return `says that no training row passed node ${node}, against its children's counts`;
      }
    }
  }
  return undefined;
}

/** A leaf of nothing in the place of a tree that is explained elsewhere. */
function withoutNodes(tree: Tree): Tree {
  return {
    ...tree,
    leafCount: 1,
    splitFeature: new Int32Array(0),
    threshold: new Float64Array(0),
    decisionType: new Uint8Array(0),
    leafValue: new Float64Array(1),
  };
}

/** Each tree's conditions; a leaf of nothing for trees that do not fit this form. */
function takeTrees(
  model: Model,
  columns: Columns,
): { trees: Tree[]; conditions: TreeConditions[]; others: number[] } {
  const trees: Tree[] = [];
  const conditions: TreeConditions[] = [];
  const others: number[] = [];
  let bytes = 0;
  for (const tree of model.trees) {
    bytes += tree.leafCount ** 2;
    const taken = bytes <= MAX_CONDITION_BYTES && takes(tree, columns) ? tree : withoutNodes(tree);
    let found: TreeConditions;
    try {
      found = treeConditions(taken, columns);
      trees.push(taken);
    } catch (error) {
      if (!(error instanceof EngineError) || error.code !== 'contributions_unavailable') throw error;
      const nothing = withoutNodes(tree);
      trees.push(nothing);
      found = treeConditions(nothing, columns);
    }
    conditions.push(found);
    if (trees.at(-1) !== tree) {
      others.push(tree.index);
      bytes -= tree.leafCount ** 2;
    }
  }
  return { trees, conditions, others };
}

function takes(tree: Tree, columns: Columns): boolean {
  if (tree.leafCount > MAX_LEAVES || tree.singleCategories) return false;
  if (!tree.splitFeature.every((feature) => columns.fits(feature))) return false;
  const nanLeft = CATEGORICAL_BIT | DEFAULT_LEFT_BIT;
  if (tree.decisionType.some((type) => (type & nanLeft) === nanLeft)) return false;
  return tree.leafCount <= MAX_DEPTH || depthOf(tree) <= MAX_DEPTH;
}

/**
 * Prepares a model for explanation. Throws `contributions_unavailable`, naming the reason, for linear trees,
 * models without covers and models of which no tree fits; single trees that do not fit are listed in `others`.
 */
export function prepareExplainer(model: Model, options: PrepareOptions = {}): ExplainPlan {
  const refusal = explainRefusal(model);
  if (refusal !== undefined) throw new EngineError('contributions_unavailable', refusal);
  const columns = new Columns(model.trees);
  const { trees: taken, conditions, others } = takeTrees(model, columns);
  if (others.length === model.trees.length) {
    throw new EngineError('contributions_unavailable', 'no tree fits the form that is prepared');
  }
  const pairing = pairFeatures(conditions, model.inputCount);
  const plans = chooseWithinBudget(taken, conditions, pairing, options.tableBytes ?? DEFAULT_TABLE_BYTES);

  const pairBytes = Math.max(1, pairing.pairCount) * model.outputCount * 16;
  const blockRows = Math.max(64, Math.min(MAX_BLOCK_ROWS, Math.floor(BLOCK_SUM_BYTES / pairBytes / 64) * 64));
  const spanRows = Math.min(MAX_SPAN_ROWS, Math.ceil(SPAN_SUM_BYTES / pairBytes / blockRows) * blockRows);
  const { columnOffsets, columnBytes } = placeColumns(columns.list, blockRows);
  const arena = new Arena(HEADER_ADDRESS + HEADER_WORDS * 4);

  const filler = new TableFiller(arena);
  const laidOut = plans.map((plan) =>
    layOutTree(plan, pairing, columns, columnOffsets, blockRows, arena, filler),
  );
  const tableBytes = plans.reduce((sum, plan) => sum + plan.bytes, 0);
  const quadratureBytes = arena.end - HEADER_ADDRESS - tableBytes;
  if (quadratureBytes > MAX_QUADRATURE_BYTES) {
    throw new EngineError(
      'contributions_unavailable',
      `its quadrature takes ${quadratureBytes} bytes, more than ${MAX_QUADRATURE_BYTES}`,
    );
  }
  const programStart = arena.end;
  const treePrograms = laidOut.map((tree, i) =>
    arena.words(
      treeProgram(tree, columns.list, columnOffsets, blockRows, arena, i % model.treesPerIteration),
    ),
  );
  const trees = arena.words(treePrograms);
  const ranks = rankWords(columns, columnOffsets, arena);
  const rankAddress = arena.words(ranks.words);
  const codes = codeWords(columns, columnOffsets);
  const codeAddress = arena.words(codes.words);
  const slots = slotWords(pairing, blockRows);
  const slotAddress = arena.words(slots.words);

  const leases = arena.reserve(LEASE_TABLE_BYTES, () => undefined);
  const workspace = workspaceLayout(laidOut, pairBytes, blockRows, spanRows, columnBytes);
  const header = [
    model.inputCount,
    blockRows,
    ranks.count,
    rankAddress,
    codes.count,
    codeAddress,
    trees,
    model.outputCount,
    pairing.pairCount,
    slots.count,
    slotAddress,
    ...workspace.offsets,
    columnBytes,
    spanRows,
  ];
  const memory = allocateMemory(arena.end);
  filler.open(memory, explainKernel());
  arena.fill(memory.buffer);
  new Uint32Array(memory.buffer, HEADER_ADDRESS, HEADER_WORDS).set(header);
  return {
    memory,
    module: explainKernel(),
    header: HEADER_ADDRESS,
    featureCount: model.inputCount,
    outputCount: model.outputCount,
    treesPerIteration: model.treesPerIteration,
    iterationCount: model.iterationCount,
    expectedValues: Float64Array.from(model.trees, expectedValue),
    baseScores: model.baseScores,
    others,
    leases,
    scratch: scratchLayout(model, workspace.bytes, spanRows),
    figures: {
      tableBytes,
      quadratureBytes,
      programBytes: arena.end - programStart,
      runs: plans.reduce((sum, plan) => sum + plan.runs.length, 0),
      quadratureLeaves: plans.reduce((sum, plan) => sum + plan.quadrature.length, 0),
    },
  };
}

/** The cheapest runs whose tables fit the budget: the price of a byte rises until they do. */
function chooseWithinBudget(
  trees: readonly Tree[],
  conditions: readonly TreeConditions[],
  pairing: Pairing,
  budget: number,
): TreePlan[] {
  const explained = conditions.map((tree, i) => ({ tree, source: trees[i]! }));
  const choices = explained.map(({ tree }) =>
    runChoices(tree, pairing.pairOf, tree.leafCount > 1 ? undefined : new Set([0])),
  );
  const bytesAt = (price: number): number => choices.reduce((sum, tree) => sum + bytesOfRuns(tree, price), 0);
  let price = LEAST_BYTE_PRICE;
  if (bytesAt(price) > budget) {
    let low = price;
    let high = price * 4;
    while (bytesAt(high) > budget) {
      low = high;
      high *= 4;
      if (high > 1e6) break;
    }
    for (let round = 0; round < 6; round++) {
      const middle = Math.sqrt(low * high);
      if (bytesAt(middle) > budget) low = middle;
      else high = middle;
    }
    price = high;
  }
  const chosen = choices.map((tree) => chooseRuns(tree, price));
  let slack = budget - chosen.reduce((sum, tree) => sum + tree.bytes, 0);
  return explained.map(({ tree, source }, i) => {
    let choice = chosen[i] as (typeof chosen)[number];
    const { sequence } = choices[i]!;
    // Runs may reach across leaves that go to quadrature anyway.
    if (
      choice.quadrature.length > 0 &&
      choice.runs.length > 0 &&
      choice.quadrature.length < sequence.length
    ) {
      const set = new Set(choice.quadrature);
      const again = chooseRuns(runChoices(tree, pairing.pairOf, set), price);
      if (again.bytes - choice.bytes <= slack) {
        slack -= again.bytes - choice.bytes;
        choice = { ...again, quadrature: [...choice.quadrature, ...again.quadrature].sort((a, b) => a - b) };
      }
    }
    return { tree: source, conditions: tree, ...choice };
  });
}

type LaidOutTree = {
  readonly plan: TreePlan;
  /** Where its tables begin. */
  readonly tables: number;
  readonly runs: readonly RunTable[];
  readonly quadrature: QuadratureProgram | undefined;
};

function layOutTree(
  plan: TreePlan,
  pairing: Pairing,
  columns: Columns,
  columnOffsets: ArrayLike<number>,
  blockRows: number,
  arena: Arena,
  filler: TableFiller,
): LaidOutTree {
  const { tree, conditions } = plan;
  const tables = arena.end;
  const runs = plan.runs.map((run) =>
    layOutRun(run, conditions, tree.leafValue, pairing, columns, columnOffsets, arena, filler),
  );
  if (plan.quadrature.length === 0) return { plan, tables, runs, quadrature: undefined };
  const quadrature = layOutQuadrature(
    prunedSegments(tree, conditions, plan.quadrature),
    Math.max(...plan.quadrature.map((position) => conditions.distinct[position]!)),
    {
      conditions,
      leafValueAt: (position) => tree.leafValue[conditions.leafAt[position]!]!,
      firstRecord: runs.length,
      offsetBytes: blockRows * 2,
      sumOffsetOf: (feature) => sumOffset(pairing, feature, blockRows),
      columns,
      columnOffsets,
      arena,
    },
  );
  return { plan, tables, runs, quadrature };
}

function treeProgram(
  { plan, tables, runs, quadrature }: LaidOutTree,
  columns: readonly Column[],
  columnOffsets: ArrayLike<number>,
  blockRows: number,
  arena: Arena,
  output: number,
): number[] {
  const classWords: number[] = [];
  for (const { column } of plan.conditions.features) {
    const known = columns[column];
    if (known?.kind !== 'class') continue;
    classWords.push(
      columnOffsets[known.code]!,
      arena.bytes(known.classes.map((number) => number ^ 0x80)),
      columnOffsets[column]!,
    );
  }
  const entries = new Map<number, number[]>();
  runs.forEach(({ tables }, i) => {
    for (const { pair, address } of tables) {
      const list = entries.get(pair);
      if (list === undefined) entries.set(pair, [i * blockRows * 2, address]);
      else list.push(i * blockRows * 2, address);
    }
  });
  const records = [...runs.map(({ record }) => record), ...(quadrature?.records ?? [])];
  return [
    plan.bytes,
    tables,
    output,
    classWords.length / 3,
    records.length,
    entries.size,
    quadrature?.vectors ?? 0,
    quadrature?.operationCount ?? 0,
    quadrature?.weights ?? 0,
    ...classWords,
    ...records.flat(),
    ...[...entries].flatMap(([pair, list]) => [pair * blockRows * 16, list.length / 2, ...list]),
    ...(quadrature?.words ?? []),
  ];
}
