import type { Model } from '../model/model.ts';
import { asRows } from '../rows.ts';
import type { Scorer } from '../scorer.ts';
import { leafOf } from './leaf.ts';
import { addTreeByReference } from './score.ts';

/** Scores any model by walking its trees, one row at a time: the yardstick for every other scorer. */
export function createReferenceScorer(model: Model): Scorer {
  const { inputCount: featureCount, treesPerIteration, baseScores, singleSums } = model;
  return {
    name: 'reference',
    score(source, iterations, out) {
      const rows = asRows(source);
      for (let at = 0; at < source.rowCount * treesPerIteration; at++) {
        out[at] = baseScores[at % treesPerIteration]!;
      }
      for (
        let tree = iterations.start * treesPerIteration;
        tree < iterations.end * treesPerIteration;
        tree++
      ) {
        const output = tree % treesPerIteration;
        addTreeByReference(
          model.trees[tree]!,
          rows,
          source.rowCount,
          featureCount,
          out,
          treesPerIteration,
          output,
          singleSums,
        );
      }
    },
    leaves(source, iterations, out) {
      const rows = asRows(source);
      const first = iterations.start * treesPerIteration;
      const width = (iterations.end - iterations.start) * treesPerIteration;
      for (let at = 0; at < width; at++) {
        const tree = model.trees[first + at]!;
        for (let row = 0; row < source.rowCount; row++) {
          out[row * width + at] = leafOf(tree, rows, row * featureCount);
        }
      }
    },
  };
}
