import type { ModelManifest } from './manifest.ts';

/** What a model knows of facilities' past, as the value of one of its features. */
export type FacilityRatios = {
  /** Column of the feature in the model. */
  readonly column: number;
  /** False: the feature is missing for everybody, whatever a row says. */
  readonly isOn: boolean;
  /** NaN for a facility that the model does not know. */
  readonly of: (facilityId: string) => number;
};

/**
 * The facility effect of a model. Where it is switched off the feature is missing for everybody, which the model was trained
 * to bear: then nobody's risk depends on where they are treated. Undefined for a model without one.
 */
export function facilityRatios(
  manifest: Pick<ModelManifest, 'features' | 'facility_effect'>,
  isOn: boolean,
): FacilityRatios | undefined {
  const effect = manifest.facility_effect;
  const column = manifest.features.findIndex(({ name }) => name === effect?.feature);
  if (effect === undefined || column < 0) return undefined;
  const ratios = new Map(isOn ? Object.entries(effect.ratios) : []);
  return { column, isOn, of: (facilityId) => ratios.get(facilityId) ?? NaN };
}
