import type { Explainer } from '../explainer.ts';
import type { Model } from '../model/model.ts';
import { asRows } from '../rows.ts';
import { contributionsByReference } from './contributions.ts';

/** Explains any model without linear trees by the plain recursive algorithm: the yardstick for the fast one. */
export function createReferenceExplainer(model: Model): Explainer {
  return {
    name: 'reference',
    contributions(source, iterations, out) {
      contributionsByReference(model, asRows(source), source.rowCount, iterations, out);
    },
  };
}
