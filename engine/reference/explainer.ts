import type { Explainer } from '../explainer.ts';
import type { Model } from '../model/model.ts';
import { asRows } from '../rows.ts';
import { addBaseScores, contributionsByReference } from './contributions.ts';

/** Explains any model without linear trees, one row and tree at a time: the yardstick for the fast one. */
export function createReferenceExplainer(model: Model): Explainer {
  return {
    name: 'reference',
    contributions(source, iterations, out) {
      out.fill(0, 0, source.rowCount * model.outputCount * (model.inputCount + 1));
      contributionsByReference(model, asRows(source), source.rowCount, iterations, out);
      addBaseScores(model, source.rowCount, out);
    },
  };
}
