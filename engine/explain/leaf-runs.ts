import type { TreeConditions } from './tree-conditions.ts';

/** Table offsets are 16 bits of 16-byte steps. */
export const MAX_CELLS = 4096;
/** Path patterns of one leaf are enumerated while its table is filled. */
const MAX_TABLE_FEATURES = 16;

/**
 * Cost in nanocycles-of-a-kind, measured on 100 × 31 and 500 × 63 (bench/results/engine-explain.md): only their
 * ratios matter.
 */
const COST = { pair: 1.1, test: 0.12, run: 1, quadratureLeaf: 12 } as const;

/** Neighbouring leaves that share one table. */
export type LeafRun = {
  /** Leaf positions, ascending. */
  readonly leaves: readonly number[];
  readonly cells: number;
};

/** What a run over `sequence[from … from + length − 1]` would cost. */
type Candidate = {
  readonly from: number;
  readonly length: number;
  readonly cells: number;
  readonly cost: number;
  readonly bytes: number;
};

/** A tree's leaves in order, the ones that may have tables, and every run that could be made of them. */
export type RunChoices = {
  readonly sequence: readonly number[];
  readonly candidates: readonly Candidate[];
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
  const candidates: Candidate[] = [];
  for (let from = 0; from < sequence.length; from++) {
    walker.reset();
    for (let end = from; end < sequence.length && walker.add(sequence[end]!); end++) {
      const { cells, pairs, tests } = walker;
      candidates.push({
        from,
        length: end - from + 1,
        cells,
        cost: COST.run + COST.pair * pairs + COST.test * tests,
        bytes: cells * pairs * 16,
      });
    }
  }
  return { sequence, candidates, tooDeep };
}

/** The cheapest cover of a tree's leaves by runs and quadrature, where a table byte costs `bytePrice`. */
export function chooseRuns(
  choices: RunChoices,
  bytePrice: number,
): { runs: LeafRun[]; quadrature: number[]; bytes: number } {
  const { sequence, candidates, tooDeep } = choices;
  const best = new Float64Array(sequence.length + 1).fill(Number.POSITIVE_INFINITY);
  const chosen: (Candidate | undefined)[] = Array.from({ length: sequence.length + 1 });
  best[0] = 0;
  let next = 0;
  for (let from = 0; from < sequence.length; from++) {
    const soFar = best[from]!;
    if (soFar + COST.quadratureLeaf < best[from + 1]!) {
      best[from + 1] = soFar + COST.quadratureLeaf;
      chosen[from + 1] = undefined;
    }
    for (let candidate = candidates[next]; candidate?.from === from; candidate = candidates[++next]) {
      const cost = soFar + candidate.cost + bytePrice * candidate.bytes;
      if (cost < best[from + candidate.length]!) {
        best[from + candidate.length] = cost;
        chosen[from + candidate.length] = candidate;
      }
    }
  }
  const runs: LeafRun[] = [];
  const quadrature = [...tooDeep];
  let bytes = 0;
  for (let end = sequence.length; end > 0;) {
    const candidate = chosen[end];
    if (candidate === undefined) {
      quadrature.push(sequence[--end]!);
      continue;
    }
    end -= candidate.length;
    bytes += candidate.bytes;
    runs.push({ leaves: sequence.slice(end, end + candidate.length), cells: candidate.cells });
  }
  return { runs: runs.reverse(), quadrature: quadrature.sort((a, b) => a - b), bytes };
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
