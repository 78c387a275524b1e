import type { Model } from '../model/model.ts';
import { leafOf } from '../reference/leaf.ts';
import { addTreeByReference } from '../reference/score.ts';
import { asRows, type RowSource } from '../rows.ts';
import type { IterationRange, Scorer } from '../scorer.ts';
import { SCORE_WASM } from '../wasm/score.ts';
import type { TreeForm } from './columns.ts';
import { BLOCK_ROWS, fillConstants, GROUP_ROWS, type ScratchLayout, WALK_TREE } from './layout.ts';
import { listPlace, makePlan, type WalkPlan } from './plan.ts';
import { allocateMemory, compileKernel } from './memory.ts';
import { LEASE_TABLE_BYTES, SharedScratch } from './shared-scratch.ts';

/** Everything below is the kernel's own; its tables start above. */
const FIRST_ADDRESS = 1024;
/** Up to here rows are walked one by one: a block of 128 rows costs as much as a few. */
const WALKED_ROWS = 6;

type Kernel = {
  rankPiece(plan: number, scratch: number, rows: number, featureStride: number, rowStride: number): void;
  sumTrees(plan: number, scratch: number, rows: number, first: number, last: number, sums: number): void;
  leavesOf(plan: number, scratch: number, rows: number, index: number, to: number): void;
  prepareRows(
    recipes: number,
    count: number,
    input: number,
    featureStride: number,
    rowStride: number,
    rows: number,
    slots: number,
  ): void;
  walkTrees(
    list: number,
    first: number,
    last: number,
    rows: number,
    slots: number,
    width: number,
    sums: number,
    single: number,
  ): void;
  walkRow(list: number, first: number, last: number, row: number, start: number, single: number): number;
  walkLeaves(entry: number, rows: number, slots: number, width: number, out: number): void;
  addLinearRow(entry: number, table: number, row: number, sum: number): number;
  sumLinearTrees(
    plan: number,
    scratch: number,
    rows: number,
    first: number,
    last: number,
    list: number,
    slots: number,
    width: number,
    sums: number,
  ): void;
  addLinear(table: number, leaves: number, rows: number, slots: number, width: number, sums: number): void;
};

/** A model's tables in memory that threads share where they can: plain data, to be posted to them. */
export type FastImage = {
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
  readonly header: number;
  readonly leaseTable: number;
  readonly scratch: ScratchLayout;
  readonly forms: readonly TreeForm[];
  readonly leafMaps: Int32Array;
  readonly walk: WalkPlan;
};

let compiled: WebAssembly.Module | undefined;

/** Writes the tables of a model into fresh memory. */
export function prepareFast(model: Model): FastImage {
  compiled ??= compileKernel(SCORE_WASM());
  const leaseTable = FIRST_ADDRESS;
  const { bytes, base, ...plan } = makePlan(model, leaseTable + LEASE_TABLE_BYTES);
  const memory = allocateMemory(base + bytes.length);
  new Uint8Array(memory.buffer).set(bytes, base);
  return { module: compiled, memory, leaseTable, ...plan };
}

/** Attaches to tables that this or another thread prepared. */
export function createFastScorer(model: Model, image: FastImage): Scorer {
  return new FastScorer(model, image);
}

/** Iterations of one output that are summed in one way. */
type Segment = {
  readonly way: 'kernel' | 'walk' | 'linear' | 'reference';
  readonly first: number;
  readonly last: number;
};

/** What a range of iterations asks for, by output. */
type Course = {
  readonly start: number;
  readonly end: number;
  readonly segments: readonly (readonly Segment[])[];
  readonly ranked: boolean;
  readonly prepared: boolean;
  readonly reference: boolean;
};

class FastScorer implements Scorer {
  readonly name: Scorer['name'];
  readonly #model: Model;
  readonly #image: FastImage;
  readonly #kernel: Kernel;
  readonly #scratch: SharedScratch;
  /** The course taken last: most calls take all iterations. */
  #course: Course | undefined;

  constructor(model: Model, image: FastImage) {
    this.#model = model;
    this.#image = image;
    const instance = new WebAssembly.Instance(image.module, { env: { memory: image.memory } });
    this.#kernel = instance.exports as unknown as Kernel;
    this.#scratch = new SharedScratch(image.memory, image.leaseTable, image.scratch.bytes, (bytes) =>
      fillConstants(bytes, image.scratch),
    );
    this.name = image.forms.includes('reference') ? 'mixed' : 'fast';
  }

  score(source: RowSource, iterations: IterationRange, out: Float64Array): void {
    const course = this.#courseOf(iterations);
    if (source.rowCount <= WALKED_ROWS && !course.reference) {
      this.#scoreFew(source, course, out);
      return;
    }
    const { outputCount, inputCount, trees, baseScores } = this.#model;
    const { header, scratch: layout, memory } = this.#image;
    const rows = course.reference ? asRows(source) : undefined;
    this.#eachPiece(source, course, (scratch, first, count, blockRows) => {
      const sumsAt = scratch + layout.sums;
      const sums = new Float64Array(memory.buffer, sumsAt, blockRows);
      for (let output = 0; output < outputCount; output++) {
        sums.fill(baseScores[output]!);
        const base = listPlace(this.#model, output);
        for (const { way, first: from, last } of course.segments[output]!) {
          if (way === 'kernel') {
            this.#kernel.sumTrees(header, scratch, blockRows, base + from, base + last, sumsAt);
          } else if (way === 'walk') {
            this.#walkTrees(scratch, base + from, base + last, blockRows, sumsAt);
          } else if (way === 'linear') {
            this.#addLinear(scratch, { first: base + from, last: base + last }, blockRows, sumsAt);
          } else {
            const piece = rows!.subarray(first * inputCount, (first + count) * inputCount);
            for (let iteration = from; iteration < last; iteration++) {
              const tree = trees[iteration * outputCount + output]!;
              addTreeByReference(tree, piece, count, inputCount, sums, 1, 0, this.#model.singleSums);
            }
          }
        }
        if (outputCount === 1) {
          out.set(sums.subarray(0, count), first);
        } else {
          for (let row = 0; row < count; row++) {
            out[(first + row) * outputCount + output] = sums[row]!;
          }
        }
      }
    });
  }

  leaves(source: RowSource, iterations: IterationRange, out: Int32Array): void {
    const { treesPerIteration, inputCount, trees } = this.#model;
    const { header, scratch: layout, forms, leafMaps, memory, walk } = this.#image;
    const firstTree = iterations.start * treesPerIteration;
    const width = (iterations.end - iterations.start) * treesPerIteration;
    const taken = new Set(forms.slice(firstTree, firstTree + width));
    const rows = taken.has('reference') ? asRows(source) : undefined;
    const asked = { ranked: taken.has('narrow') || taken.has('wide'), prepared: taken.has('walk') };
    this.#eachPiece(source, asked, (scratch, first, count, blockRows) => {
      const leavesAt = scratch + layout.leaves;
      const codes = new Uint16Array(memory.buffer, leavesAt, blockRows);
      const walked = new Int32Array(memory.buffer, leavesAt, blockRows);
      for (let at = 0; at < width; at++) {
        const tree = trees[firstTree + at]!;
        const form = forms[tree.index]!;
        const place = listPlace(this.#model, tree.index);
        if (form === 'reference') {
          for (let row = first; row < first + count; row++) {
            out[row * width + at] = leafOf(tree, rows!, row * inputCount);
          }
        } else if (form === 'walk') {
          const entry = walk.list + place * WALK_TREE.bytes;
          this.#kernel.walkLeaves(entry, eights(count), scratch + layout.prepared, walk.groupBytes, leavesAt);
          for (let row = 0; row < count; row++) out[(first + row) * width + at] = walked[row]!;
        } else {
          this.#kernel.leavesOf(header, scratch, blockRows, place, leavesAt);
          const leafOfCode = new Int32Array(memory.buffer, leafMaps[tree.index], tree.leafCount);
          for (let row = 0; row < count; row++) {
            out[(first + row) * width + at] = leafOfCode[codes[row]!]!;
          }
        }
      }
    });
  }

  /** Scores a few rows by walking, without ranks and blocks. */
  #scoreFew(source: RowSource, course: Course, out: Float64Array): void {
    const { rowCount } = source;
    if (rowCount === 0) return;
    const { outputCount, inputCount, baseScores } = this.#model;
    const { scratch: layout, memory, walk } = this.#image;
    const single = this.#model.singleSums ? 1 : 0;
    this.#scratch.with((scratch) => {
      const inputAt = scratch + layout.input;
      if (source.layout === 'rows') {
        new Float64Array(memory.buffer, inputAt, rowCount * inputCount).set(source.values);
      } else {
        const input = new Float64Array(memory.buffer, inputAt, rowCount * inputCount);
        for (let feature = 0; feature < inputCount; feature++) {
          const column = source.columns[feature]!;
          for (let row = 0; row < rowCount; row++) input[row * inputCount + feature] = column[row]!;
        }
      }
      const slots = scratch + layout.prepared;
      this.#kernel.prepareRows(walk.recipes, walk.recipeCount, inputAt, 8, inputCount * 8, rowCount, slots);
      for (let output = 0; output < outputCount; output++) {
        const base = listPlace(this.#model, output);
        for (let row = 0; row < rowCount; row++) {
          const at = slots + Math.floor(row / GROUP_ROWS) * walk.groupBytes + (row % GROUP_ROWS) * 8;
          let sum = baseScores[output]!;
          for (const { way, first, last } of course.segments[output]!) {
            sum =
              way === 'linear'
                ? this.#addLinearRow(base + first, base + last, at, sum)
                : this.#kernel.walkRow(walk.list, base + first, base + last, at, sum, single);
          }
          out[row * outputCount + output] = sum;
        }
      }
    });
  }

  #walkTrees(scratch: number, first: number, last: number, rows: number, sumsAt: number): void {
    const { scratch: layout, walk } = this.#image;
    const slots = scratch + layout.prepared;
    const single = this.#model.singleSums ? 1 : 0;
    this.#kernel.walkTrees(walk.list, first, last, rows, slots, walk.groupBytes, sumsAt, single);
  }

  #addLinear(scratch: number, segment: { first: number; last: number }, rows: number, sumsAt: number): void {
    const { header, scratch: layout, walk, forms, memory } = this.#image;
    const slots = scratch + layout.prepared;
    const { list, groupBytes } = walk;
    for (let place = segment.first; place < segment.last;) {
      let end = place;
      while (end < segment.last && forms[this.#treeAt(end)] !== 'walk') end += 1;
      if (end > place) {
        this.#kernel.sumLinearTrees(header, scratch, rows, place, end, list, slots, groupBytes, sumsAt);
        place = end;
        continue;
      }
      const entry = list + place * WALK_TREE.bytes;
      const leaves = scratch + layout.leaves;
      this.#kernel.walkLeaves(entry, rows, slots, groupBytes, leaves);
      const table = new Uint32Array(memory.buffer, entry + WALK_TREE.linear, 1)[0]!;
      this.#kernel.addLinear(table, leaves, rows, slots, groupBytes, sumsAt);
      place += 1;
    }
  }

  /** One row's sum with linear trees `first … last` added. */
  #addLinearRow(first: number, last: number, row: number, start: number): number {
    const { walk, memory } = this.#image;
    let sum = start;
    for (let place = first; place < last; place++) {
      const entry = walk.list + place * WALK_TREE.bytes;
      const table = new Uint32Array(memory.buffer, entry + WALK_TREE.linear, 1)[0]!;
      sum = this.#kernel.addLinearRow(entry, table, row, sum);
    }
    return sum;
  }

  /** The index of the tree at a place of the kernel's list. */
  #treeAt(place: number): number {
    const { treesPerIteration, iterationCount } = this.#model;
    return (place % iterationCount) * treesPerIteration + Math.floor(place / iterationCount);
  }

  #courseOf(iterations: IterationRange): Course {
    const known = this.#course;
    if (known?.start === iterations.start && known.end === iterations.end) return known;
    const { outputCount } = this.#model;
    const segments = Array.from({ length: outputCount }, (_, output) => this.#segments(output, iterations));
    const ways = new Set(segments.flat().map(({ way }) => way));
    const course = {
      start: iterations.start,
      end: iterations.end,
      segments,
      ranked: ways.has('kernel') || ways.has('linear'),
      prepared: ways.has('walk') || ways.has('linear'),
      reference: ways.has('reference'),
    };
    this.#course = course;
    return course;
  }

  /** Runs of iterations of one output that are summed in the same way. */
  #segments(output: number, iterations: IterationRange): Segment[] {
    const { treesPerIteration, trees } = this.#model;
    const segments: { way: Segment['way']; first: number; last: number }[] = [];
    for (let iteration = iterations.start; iteration < iterations.end; iteration++) {
      const index = iteration * treesPerIteration + output;
      const form = this.#image.forms[index]!;
      const way =
        form === 'reference'
          ? form
          : trees[index]!.linear !== undefined
            ? 'linear'
            : form === 'walk'
              ? form
              : 'kernel';
      const open = segments.at(-1);
      if (open?.way === way) {
        open.last = iteration + 1;
      } else {
        segments.push({ way, first: iteration, last: iteration + 1 });
      }
    }
    return segments;
  }

  /** Ranks and prepares the source piece by piece and hands each to `work`. */
  #eachPiece(
    source: RowSource,
    asked: { readonly ranked: boolean; readonly prepared: boolean },
    work: (scratch: number, first: number, count: number, blockRows: number) => void,
  ): void {
    const { inputCount } = this.#model;
    const { header, scratch: layout, memory, walk } = this.#image;
    if (source.rowCount === 0) {
      return;
    }
    this.#scratch.with((scratch) => {
      const inputAt = scratch + layout.input;
      const input = new Float64Array(memory.buffer, inputAt, layout.pieceRows * inputCount);
      for (let first = 0; first < source.rowCount; first += layout.pieceRows) {
        const count = Math.min(layout.pieceRows, source.rowCount - first);
        const blockRows = Math.ceil(count / BLOCK_ROWS) * BLOCK_ROWS;
        let featureStride = 8;
        let rowStride = inputCount * 8;
        if (source.layout === 'rows') {
          input.set(source.values.subarray(first * inputCount, (first + count) * inputCount));
        } else {
          for (let feature = 0; feature < inputCount; feature++) {
            input.set(source.columns[feature]!.subarray(first, first + count), feature * layout.pieceRows);
          }
          featureStride = layout.pieceRows * 8;
          rowStride = 8;
        }
        if (asked.ranked) this.#kernel.rankPiece(header, scratch, blockRows, featureStride, rowStride);
        if (asked.prepared) {
          const slots = scratch + layout.prepared;
          this.#kernel.prepareRows(
            walk.recipes,
            walk.recipeCount,
            inputAt,
            featureStride,
            rowStride,
            blockRows,
            slots,
          );
        }
        work(scratch, first, count, blockRows);
      }
    });
  }
}

function eights(count: number): number {
  return Math.ceil(count / GROUP_ROWS) * GROUP_ROWS;
}
