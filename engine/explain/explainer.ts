import { EngineError } from '../errors.ts';
import type { Explainer, ReasonArrays, ReasonDirection, ReasonRequest } from '../explainer.ts';
import { SharedScratch } from '../fast/shared-scratch.ts';
import type { Model } from '../model/model.ts';
import { contributionsByReference } from '../reference/contributions.ts';
import { asRows, type RowSource } from '../rows.ts';
import type { IterationRange } from '../scorer.ts';
import type { ExplainKernel } from './kernel.ts';
import type { ExplainPlan } from './prepare.ts';

const DIRECTIONS: Record<ReasonDirection, number> = { either: 0, raising: 1, lowering: 2 };

/** Explains with a prepared plan, in this thread; the plan's memory is shared with all others. */
export function createFastExplainer(plan: ExplainPlan, model: Model): Explainer {
  const fast = new FastExplainer(plan);
  if (plan.others.length === 0) return fast;
  const others = new Set(plan.others);
  return {
    name: 'mixed',
    contributions(source, iterations, out) {
      fast.contributions(source, iterations, out);
      contributionsByReference(model, asRows(source), source.rowCount, iterations, out, (index) =>
        others.has(index),
      );
    },
  };
}

class FastExplainer implements Explainer {
  readonly name = 'fast';
  readonly #plan: ExplainPlan;
  readonly #kernel: ExplainKernel;
  readonly #scratch: SharedScratch;

  constructor(plan: ExplainPlan) {
    this.#plan = plan;
    this.#kernel = new WebAssembly.Instance(plan.module, { env: { memory: plan.memory } })
      .exports as unknown as ExplainKernel;
    this.#scratch = new SharedScratch(plan.memory, plan.leases, plan.scratch.bytes, () => undefined);
  }

  contributions(source: RowSource, iterations: IterationRange, out: Float64Array): void {
    const { featureCount, outputCount, header, memory } = this.#plan;
    const [first, end] = this.#trees(iterations);
    const width = outputCount * (featureCount + 1);
    const bias = this.#expected(first, end);
    this.#cross(source, width * 8, (scratch, rows, strides, begin, n) => {
      const biasAt = scratch + this.#plan.scratch.bias;
      const outAt = scratch + this.#plan.scratch.out;
      new Float64Array(memory.buffer, biasAt, outputCount).set(bias);
      this.#kernel.contributions(header, scratch, rows, ...strides, n, first, end, biasAt, outAt);
      out.set(new Float64Array(memory.buffer, outAt, n * width), begin * width);
    });
  }

  topReasons(source: RowSource, request: ReasonRequest, out: ReasonArrays): void {
    const { k, output, direction, iterations } = request;
    const { header, memory } = this.#plan;
    const [first, end] = this.#trees(iterations);
    this.#cross(source, k * 12, (scratch, rows, strides, begin, n) => {
      const valuesAt = scratch + this.#plan.scratch.out;
      const featuresAt = valuesAt + n * k * 8;
      const way = DIRECTIONS[direction];
      this.#kernel.reasons(
        header,
        scratch,
        rows,
        ...strides,
        n,
        first,
        end,
        output,
        k,
        way,
        featuresAt,
        valuesAt,
      );
      out.features.set(new Int32Array(memory.buffer, featuresAt, n * k), begin * k);
      out.contributions.set(new Float64Array(memory.buffer, valuesAt, n * k), begin * k);
    });
  }

  /** Sends rows across in even pieces whose answers, `answerBytes` a row, fit the scratch. */
  #cross(
    source: RowSource,
    answerBytes: number,
    explain: (
      scratch: number,
      rows: number,
      strides: readonly [rowBytes: number, featureBytes: number],
      begin: number,
      count: number,
    ) => void,
  ): void {
    const { featureCount, memory, scratch: layout } = this.#plan;
    const most = Math.min(layout.rowCount, Math.floor(layout.outBytes / answerBytes));
    if (most < 1)
      throw new EngineError('invalid_argument', `${answerBytes} bytes of reasons a row are too many`);
    const crossings = Math.ceil(source.rowCount / most);
    if (crossings === 0) return;
    const rowsEach = Math.ceil(source.rowCount / crossings);
    this.#scratch.with((scratch) => {
      const rowsAt = scratch + layout.rows;
      for (let begin = 0; begin < source.rowCount; begin += rowsEach) {
        const count = Math.min(rowsEach, source.rowCount - begin);
        const input = new Float64Array(memory.buffer, rowsAt, count * featureCount);
        if (source.layout === 'rows') {
          input.set(source.values.subarray(begin * featureCount, (begin + count) * featureCount));
          explain(scratch, rowsAt, [featureCount * 8, 8], begin, count);
        } else {
          source.columns.forEach((column, i) => input.set(column.subarray(begin, begin + count), i * count));
          explain(scratch, rowsAt, [8, count * 8], begin, count);
        }
      }
    });
  }

  #trees({ start, end }: IterationRange): [number, number] {
    return [start * this.#plan.treesPerIteration, end * this.#plan.treesPerIteration];
  }

  /** Expected value of each output over some trees, summed in their order from where sums start. */
  #expected(first: number, end: number): Float64Array {
    const { treesPerIteration, expectedValues, baseScores, others } = this.#plan;
    const bias = Float64Array.from(baseScores);
    const apart = new Set(others);
    for (let tree = first; tree < end; tree++) {
      if (apart.has(tree)) continue;
      const output = tree % treesPerIteration;
      bias[output] = bias[output]! + expectedValues[tree]!;
    }
    return bias;
  }
}
