import { defineFeatures } from '../definition.ts';

/** Filled in by the service from the model's own table of facilities; records never say it. */
export const FACILITY_FEATURE = 'facility_past_ratio';

/** How the facility did before. Kept apart from what is known of the patient, and left missing where it is switched off. */
export const FACILITY_FEATURES = defineFeatures([
  {
    name: FACILITY_FEATURE,
    kind: 'numeric',
    min: 0,
    max: 20,
    description:
      'Interruptions among the facility’s patients in past windows, over those expected of such patients anywhere, shrunk towards 1 where there were few.',
    records: 'none: looked up by facility in the table that the model brings',
    missing: 'The model does not know the facility, or the facility effect is switched off.',
    lineList: 'snapshot',
    words: {
      label: 'facility’s past interruptions',
      raises: ['More patients were interrupted at this facility than at others'],
      lowers: ['Fewer patients were interrupted at this facility than at others'],
      missing: 'Facility’s past not known',
    },
    compute: () => Number.NaN,
  },
]);
