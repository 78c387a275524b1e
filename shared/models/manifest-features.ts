import type { ManifestFeature } from '#shared/models/manifest.ts';
import { FEATURES } from '#patients/features/features.ts';

/** The feature list as a model's manifest carries it. */
export function manifestFeatures(): ManifestFeature[] {
  return FEATURES.map((feature, index) => ({
    name: feature.name,
    index,
    kind: feature.kind,
    unit: feature.unit,
    min: feature.min,
    max: feature.max,
    required: feature.required,
    ...(feature.categories && { categories: [...feature.categories] }),
    missing: feature.missing,
    description: feature.description,
  }));
}
