import type { Model } from './model.ts';
import type { LinearLeaves, Tree } from './tree.ts';

/** Models of fewer features are left as they are: nothing is saved. */
const LEAST_FEATURES = 64;

/**
 * Renumbers splits and linear terms by the features that some tree asks for, where those are less than half of all, so
 * that memory goes by them.
 */
export function compactFeatures(model: Model): Model {
  if (model.featureCount < LEAST_FEATURES) return model;
  const asked = new Set<number>();
  for (const tree of model.trees) {
    for (const feature of tree.splitFeature) asked.add(feature);
    for (const feature of tree.linear?.features ?? []) asked.add(feature);
  }
  if (asked.size * 2 > model.featureCount) return model;
  // A scorer needs a value a row, even where no tree asks for any.
  if (asked.size === 0) asked.add(0);
  const used = Int32Array.from(asked).sort();
  const places = new Map(Array.from(used, (feature, place) => [feature, place]));
  const placesOf = (features: Int32Array): Int32Array => features.map((feature) => places.get(feature)!);
  const trees = model.trees.map((tree): Tree => {
    const linear: LinearLeaves | undefined = tree.linear && {
      ...tree.linear,
      features: placesOf(tree.linear.features),
    };
    return { ...tree, splitFeature: placesOf(tree.splitFeature), linear };
  });
  return { ...model, trees, used, inputCount: used.length };
}
