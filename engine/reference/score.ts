import type { Tree } from '../model/tree.ts';
import { leafOf, leafOutput } from './leaf.ts';

/**
 * Adds one tree's output to the score of every row.
 * @param rows row-major, `rowCount × featureCount`
 * @param sums the score of row `r` lies at `r * stride + offset`
 * @param single whether the sum is rounded to single precision
 */
export function addTreeByReference(
  tree: Tree,
  rows: Float64Array,
  rowCount: number,
  featureCount: number,
  sums: Float64Array,
  stride: number,
  offset: number,
  single: boolean,
): void {
  for (let row = 0; row < rowCount; row++) {
    const start = row * featureCount;
    const at = row * stride + offset;
    const sum = sums[at]! + leafOutput(tree, leafOf(tree, rows, start), rows, start);
    sums[at] = single ? Math.fround(sum) : sum;
  }
}
