import type { ManifestFeature, ModelManifest } from '#shared/models/manifest.ts';

function feature(
  name: string,
  index: number,
  kind: ManifestFeature['kind'],
  min: number,
  max: number,
): ManifestFeature {
  return {
    name,
    index,
    kind,
    unit: '',
    min,
    max,
    required: index === 0,
    missing: '',
    description: '',
    ...(kind === 'categorical'
      ? {
          categories: [
            { code: 0, label: 'Female' },
            { code: 1, label: 'Male' },
          ],
        }
      : {}),
  };
}

/** A feature of each kind: what a reader of cohorts has to know of a model, and no model. */
export const smallManifest = {
  features: [
    feature('age', 0, 'integer', 0, 120),
    feature('lateness', 1, 'numeric', -1e300, 1e300),
    feature('sex', 2, 'categorical', 0, 1),
    feature('has_vl', 3, 'boolean', 0, 1),
  ],
} as unknown as ModelManifest;
