import { compileKernel } from '../fast/memory.ts';
import { EXPLAIN_WASM } from '../wasm/explain.ts';

/** Exports of engine/kernels/explain.ts; its docstrings say what they do. */
export type ExplainKernel = {
  contributions(
    header: number,
    workspace: number,
    rows: number,
    rowStride: number,
    featureStride: number,
    count: number,
    firstTree: number,
    endTree: number,
    bias: number,
    out: number,
  ): void;
  reasons(
    header: number,
    workspace: number,
    rows: number,
    rowStride: number,
    featureStride: number,
    count: number,
    firstTree: number,
    endTree: number,
    output: number,
    k: number,
    direction: number,
    outFeatures: number,
    outValues: number,
  ): void;
  spreadPatterns(patterns: number, size: number, bits: number, count: number): void;
  addPatterns(cells: number, patterns: number, values: number, count: number): void;
};

let compiled: WebAssembly.Module | undefined;

/** The kernel, compiled once a thread; plans carry it to other threads. */
export function explainKernel(): WebAssembly.Module {
  compiled ??= compileKernel(EXPLAIN_WASM());
  return compiled;
}
