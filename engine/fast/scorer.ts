import type { Model } from '../model/model.ts';
import { leafOf } from '../reference/leaf.ts';
import { addTreeByReference } from '../reference/score.ts';
import { asRows, type RowSource } from '../rows.ts';
import type { IterationRange, Scorer } from '../scorer.ts';
import { SCORE_WASM } from '../wasm/score.ts';
import type { TreeForm } from './columns.ts';
import { BLOCK_ROWS, fillConstants, type ScratchLayout } from './layout.ts';
import { listPlace, makePlan } from './plan.ts';
import { LEASE_TABLE_BYTES, SharedScratch } from './shared-scratch.ts';

/** Everything below is the kernel's own; its tables start above. */
const FIRST_ADDRESS = 1024;
const PAGE_BYTES = 65_536;
const MOST_PAGES = 65_536;

type Kernel = {
  rankPiece(plan: number, scratch: number, rows: number, featureStride: number, rowStride: number): void;
  sumTrees(plan: number, scratch: number, rows: number, first: number, last: number, sums: number): void;
  leavesOf(plan: number, scratch: number, rows: number, index: number, to: number): void;
};

/** A model's tables in memory that threads share: plain data, to be posted to them. */
export type FastImage = {
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
  readonly header: number;
  readonly leaseTable: number;
  readonly scratch: ScratchLayout;
  readonly forms: readonly TreeForm[];
  readonly leafMaps: Int32Array;
};

let compiled: WebAssembly.Module | undefined;

/** Writes the tables of a model into fresh shared memory. */
export function prepareFast(model: Model): FastImage {
  compiled ??= new WebAssembly.Module(SCORE_WASM());
  const leaseTable = FIRST_ADDRESS;
  const plan = makePlan(model, leaseTable + LEASE_TABLE_BYTES);
  const memory = new WebAssembly.Memory({
    initial: Math.ceil((plan.base + plan.bytes.length) / PAGE_BYTES),
    maximum: MOST_PAGES,
    shared: true,
  });
  new Uint8Array(memory.buffer).set(plan.bytes, plan.base);
  return {
    module: compiled,
    memory,
    header: plan.header,
    leaseTable,
    scratch: plan.scratch,
    forms: plan.forms,
    leafMaps: plan.leafMaps,
  };
}

/** Attaches to tables that this or another thread prepared. */
export function createFastScorer(model: Model, image: FastImage): Scorer {
  return new FastScorer(model, image);
}

type Segment = { readonly form: 'kernel' | 'reference'; readonly first: number; readonly last: number };

class FastScorer implements Scorer {
  readonly name: Scorer['name'];
  readonly #model: Model;
  readonly #image: FastImage;
  readonly #kernel: Kernel;
  readonly #scratch: SharedScratch;

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
    const { outputCount, featureCount, trees } = this.#model;
    const { header, scratch: layout } = this.#image;
    const segments = Array.from({ length: outputCount }, (_, output) => this.#segments(output, iterations));
    const rows = segments.flat().some((segment) => segment.form === 'reference') ? asRows(source) : undefined;
    this.#eachPiece(source, (scratch, first, count, blockRows) => {
      const sumsAt = scratch + layout.sums;
      const sums = new Float64Array(this.#image.memory.buffer, sumsAt, blockRows);
      for (let output = 0; output < outputCount; output++) {
        sums.fill(0);
        for (const segment of segments[output]!) {
          if (segment.form === 'kernel') {
            const base = listPlace(this.#model, output);
            this.#kernel.sumTrees(
              header,
              scratch,
              blockRows,
              base + segment.first,
              base + segment.last,
              sumsAt,
            );
            continue;
          }
          const piece = rows!.subarray(first * featureCount, (first + count) * featureCount);
          for (let iteration = segment.first; iteration < segment.last; iteration++) {
            const tree = trees[iteration * outputCount + output]!;
            addTreeByReference(tree, piece, count, featureCount, sums, 1, 0);
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
    const { treesPerIteration, featureCount, trees } = this.#model;
    const { header, scratch: layout, forms, leafMaps, memory } = this.#image;
    const firstTree = iterations.start * treesPerIteration;
    const width = (iterations.end - iterations.start) * treesPerIteration;
    const rows = forms.slice(firstTree, firstTree + width).includes('reference') ? asRows(source) : undefined;
    this.#eachPiece(source, (scratch, first, count, blockRows) => {
      const codes = new Uint16Array(memory.buffer, scratch + layout.leaves, blockRows);
      for (let at = 0; at < width; at++) {
        const tree = trees[firstTree + at]!;
        if (forms[tree.index] === 'reference') {
          for (let row = first; row < first + count; row++) {
            out[row * width + at] = leafOf(tree, rows!, row * featureCount);
          }
          continue;
        }
        this.#kernel.leavesOf(
          header,
          scratch,
          blockRows,
          listPlace(this.#model, tree.index),
          scratch + layout.leaves,
        );
        const leafOfCode = new Int32Array(memory.buffer, leafMaps[tree.index], tree.leafCount);
        for (let row = 0; row < count; row++) {
          out[(first + row) * width + at] = leafOfCode[codes[row]!]!;
        }
      }
    });
  }

  /** Runs of iterations of one output that the kernel takes, and those that it leaves to the reference. */
  #segments(output: number, iterations: IterationRange): Segment[] {
    const { treesPerIteration } = this.#model;
    const segments: { form: Segment['form']; first: number; last: number }[] = [];
    for (let iteration = iterations.start; iteration < iterations.end; iteration++) {
      const form =
        this.#image.forms[iteration * treesPerIteration + output] === 'reference' ? 'reference' : 'kernel';
      const open = segments.at(-1);
      if (open?.form === form) {
        open.last = iteration + 1;
      } else {
        segments.push({ form, first: iteration, last: iteration + 1 });
      }
    }
    return segments;
  }

  /** Ranks the source piece by piece and hands each to `work`. */
  #eachPiece(
    source: RowSource,
    work: (scratch: number, first: number, count: number, blockRows: number) => void,
  ): void {
    const { featureCount } = this.#model;
    const { header, scratch: layout, memory } = this.#image;
    if (source.rowCount === 0) {
      return;
    }
    this.#scratch.with((scratch) => {
      const input = new Float64Array(memory.buffer, scratch + layout.input, layout.pieceRows * featureCount);
      for (let first = 0; first < source.rowCount; first += layout.pieceRows) {
        const count = Math.min(layout.pieceRows, source.rowCount - first);
        const blockRows = Math.ceil(count / BLOCK_ROWS) * BLOCK_ROWS;
        if (source.layout === 'rows') {
          input.set(source.values.subarray(first * featureCount, (first + count) * featureCount));
          this.#kernel.rankPiece(header, scratch, blockRows, 8, featureCount * 8);
        } else {
          for (let feature = 0; feature < featureCount; feature++) {
            input.set(source.columns[feature]!.subarray(first, first + count), feature * layout.pieceRows);
          }
          this.#kernel.rankPiece(header, scratch, blockRows, layout.pieceRows * 8, 8);
        }
        work(scratch, first, count, blockRows);
      }
    });
  }
}
