import { defineFeatures, type FeatureDefinition } from './definition.ts';
import { CALENDAR_FEATURES } from './list/calendar.ts';
import { CLINICAL_FEATURES } from './list/clinical.ts';
import { FACILITY_FEATURES } from './list/facility.ts';
import { LATENESS_FEATURES } from './list/lateness.ts';
import { PERSON_FEATURES } from './list/person.ts';
import { SUPPLY_FEATURES } from './list/supply.ts';
import { VISIT_FEATURES } from './list/visits.ts';

/**
 * Every feature, in the order of the columns of a cohort, of a feature vector and of the model. The one place
 * from which extraction, validation, manifest, OpenAPI schema, generator and docs/features.md come.
 */
export const FEATURES: readonly FeatureDefinition[] = defineFeatures([
  ...PERSON_FEATURES,
  ...SUPPLY_FEATURES,
  ...LATENESS_FEATURES,
  ...VISIT_FEATURES,
  ...CLINICAL_FEATURES,
  ...CALENDAR_FEATURES,
  ...FACILITY_FEATURES,
]);

export const FEATURE_NAMES: readonly string[] = FEATURES.map((feature) => feature.name);

const INDEX = new Map(FEATURE_NAMES.map((name, i) => [name, i]));

/** Column of a feature in a vector. Throws for a name that is not in the list. */
export function featureIndex(name: string): number {
  const index = INDEX.get(name);
  if (index === undefined) throw new Error(`no feature is called ${name}`);
  return index;
}

export function featureByName(name: string): FeatureDefinition | undefined {
  const index = INDEX.get(name);
  return index === undefined ? undefined : FEATURES[index];
}
