import type { TreeConditions } from './tree-conditions.ts';

/** Table offsets are 16 bits of 16-byte steps. */
export const MAX_CELLS = 4096;
/** Path patterns of one leaf are enumerated while its table is filled. */
const MAX_TABLE_FEATURES = 16;

/**
 * Cost in cycles a row, roughly, measured on 100 × 31 and 500 × 63 (bench/results/engine-explain.md): only their
 * ratios matter.
 */
const COST = { pair: 1.1, test: 0.12, run: 1, quadratureLeaf: 12 } as const;

/** Neighbouring leaves that share one table. */
export type LeafRun = {
  /** Leaf positions, ascending. */
  readonly leaves: readonly number[];
  readonly cells: number;
};

/** A tree's leaves in order, and every run of them that could have a table. */
export type RunChoices = {
  /** Positions of the leaves that may have tables. */
  readonly sequence: readonly number[];
  /** Runs from sequence[i] on: choices first[i] … first[i + 1] − 1, of 1, 2, 3 … leaves. */
  readonly first: Int32Array;
  readonly cells: Int32Array;
  readonly costs: Float64Array;
  readonly bytes: Float64Array;
  /** Leaves that no table may hold. */
  readonly tooDeep: readonly number[];
};

/** All runs of neighbouring leaves whose table has at most MAX_CELLS cells. */
export function runChoices(
  tree: TreeConditions,
  pairOf: ArrayLike<number>,
  without: ReadonlySet<number> = new Set(),
): RunChoices {
  const walker = new RunWalker(tree, pairOf);
  const tooDeep: number[] = [];
  const sequence: number[] = [];
  for (let leaf = 0; leaf < tree.leafCount; leaf++) {
    if (without.has(leaf)) continue;
    walker.reset();
    if (tree.distinct[leaf]! <= MAX_TABLE_FEATURES && walker.add(leaf)) sequence.push(leaf);
    else tooDeep.push(leaf);
  }
  const first = new Int32Array(sequence.length + 1);
  const cells: number[] = [];
  const costs: number[] = [];
  const bytes: number[] = [];
  for (let from = 0; from < sequence.length; from++) {
    walker.reset();
    for (let end = from; end < sequence.length && walker.add(sequence[end]!); end++) {
      cells.push(walker.cells);
      costs.push(COST.run + COST.pair * walker.pairs + COST.test * walker.tests);
      bytes.push(walker.cells * walker.pairs * 16);
    }
    first[from + 1] = cells.length;
  }
  return {
    sequence,
    first,
    cells: Int32Array.from(cells),
    costs: Float64Array.from(costs),
    bytes: Float64Array.from(bytes),
    tooDeep,
  };
}

/** Bytes of the tables that `chooseRuns` would choose. */
export function bytesOfRuns(choices: RunChoices, bytePrice: number): number {
  const lengths = cheapestLengths(choices, bytePrice);
  let sum = 0;
  for (let end = choices.sequence.length; end > 0;) {
    const length = lengths[end]!;
    end -= Math.max(1, length);
    if (length > 0) sum += choices.bytes[choices.first[end]! + length - 1]!;
  }
  return sum;
}

/** The cheapest cover of a tree's leaves by runs and quadrature, where a table byte costs `bytePrice`. */
export function chooseRuns(
  choices: RunChoices,
  bytePrice: number,
): { runs: LeafRun[]; quadrature: number[]; bytes: number } {
  const { sequence, first, cells, tooDeep } = choices;
  const lengths = cheapestLengths(choices, bytePrice);
  const runs: LeafRun[] = [];
  const quadrature = [...tooDeep];
  for (let end = sequence.length; end > 0;) {
    const length = lengths[end]!;
    end -= Math.max(1, length);
    if (length === 0) quadrature.push(sequence[end]!);
    else runs.push({ leaves: sequence.slice(end, end + length), cells: cells[first[end]! + length - 1]! });
  }
  return {
    runs: runs.reverse(),
    quadrature: quadrature.sort((a, b) => a - b),
    bytes: bytesOfRuns(choices, bytePrice),
  };
}

/** By end: leaves of the run that ends there in the cheapest cover up to there; 0 for one leaf by quadrature. */
function cheapestLengths({ sequence, first, costs, bytes }: RunChoices, bytePrice: number): Int32Array {
  const best = new Float64Array(sequence.length + 1).fill(Number.POSITIVE_INFINITY);
  const lengths = new Int32Array(sequence.length + 1);
  best[0] = 0;
  for (let from = 0; from < sequence.length; from++) {
    const soFar = best[from]!;
    if (soFar + COST.quadratureLeaf < best[from + 1]!) {
      best[from + 1] = soFar + COST.quadratureLeaf;
      lengths[from + 1] = 0;
    }
    for (let at = first[from]!, length = 1; at < first[from + 1]!; at++, length++) {
      const cost = soFar + costs[at]! + bytePrice * bytes[at]!;
      if (cost < best[from + length]!) {
        best[from + length] = cost;
        lengths[from + length] = length;
      }
    }
  }
  return lengths;
}

/** Grows a set of leaves one at a time and keeps count of its cells, pairs and tests. */
class RunWalker {
  cells = 1;
  pairs = 0;
  tests = 0;
  readonly #tree: TreeConditions;
  readonly #pairOf: ArrayLike<number>;
  /** Per feature: the cell of each atom, their number, and the tests that they need. */
  readonly #cellOf: Uint16Array[];
  readonly #counts: Int32Array;
  readonly #testCounts: Int32Array;
  readonly #inRun: Uint8Array;
  readonly #pairUses = new Map<number, number>();
  #scratch = new Int32Array(64);

  constructor(tree: TreeConditions, pairOf: ArrayLike<number>) {
    this.#tree = tree;
    this.#pairOf = pairOf;
    this.#cellOf = tree.features.map((feature) => new Uint16Array(feature.atomCount));
    this.#counts = new Int32Array(tree.features.length);
    this.#testCounts = new Int32Array(tree.features.length);
    this.#inRun = new Uint8Array(tree.features.length);
  }

  reset(): void {
    this.cells = 1;
    this.pairs = 0;
    this.tests = 0;
    for (const cells of this.#cellOf) cells.fill(0);
    this.#counts.fill(1);
    this.#testCounts.fill(0);
    this.#inRun.fill(0);
    this.#pairUses.clear();
  }

  /** False where the leaf makes the table too large; the walker is then spent until the next reset. */
  add(leaf: number): boolean {
    const { features } = this.#tree;
    for (let i = 0; i < features.length; i++) {
      const feature = features[i] as (typeof features)[number];
      if (feature.onPath[leaf] === 0) continue;
      if (this.#inRun[i] === 0) {
        this.#inRun[i] = 1;
        const pair = this.#pairOf[feature.feature]!;
        const uses = this.#pairUses.get(pair) ?? 0;
        if (uses === 0) this.pairs++;
        this.#pairUses.set(pair, uses + 1);
      }
      const before = this.#counts[i]!;
      const count = this.#refine(i, leaf);
      if (count > 256) return false;
      if (count !== before) {
        this.cells = (this.cells / before) * count;
        if (this.cells > MAX_CELLS) return false;
      }
    }
    return true;
  }

  #refine(i: number, leaf: number): number {
    const feature = this.#tree.features[i] as TreeConditions['features'][number];
    const cellOf = this.#cellOf[i]!;
    const { atomCount, meets } = feature;
    const start = leaf * atomCount;
    const wanted = this.#counts[i]! * 2;
    if (this.#scratch.length < wanted) this.#scratch = new Int32Array(wanted * 2);
    const renamed = this.#scratch.fill(-1, 0, wanted);
    let count = 0;
    let tests = 0;
    for (let atom = 0; atom < atomCount; atom++) {
      const key = cellOf[atom]! * 2 + meets[start + atom]!;
      let cell = renamed[key]!;
      if (cell < 0) renamed[key] = cell = count++;
      cellOf[atom] = cell;
      if (atom > 0 && cell !== cellOf[atom - 1]) tests++;
    }
    this.tests += tests - this.#testCounts[i]!;
    this.#testCounts[i] = tests;
    this.#counts[i] = count;
    return count;
  }
}
