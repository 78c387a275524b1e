import { describe, expect, it } from 'vitest';
import { manifestFeatures } from './manifest-features.ts';
import { facilityRatios } from './facility-ratios.ts';

const features = manifestFeatures().filter(({ name }) => name === 'age' || name === 'facility_past_ratio');
const facility_effect = {
  feature: 'facility_past_ratio',
  prior_events: 4,
  as_of: '2026-06-30',
  ratios: { F1: 1.4, ['__proto__']: 2 },
};

describe('what a model knows of facilities', () => {
  it('is looked up by facility and missing for one that it does not know', () => {
    const ratios = facilityRatios({ features, facility_effect }, true)!;
    expect(ratios.column).toBe(1);
    expect(ratios.of('F1')).toBe(1.4);
    expect(ratios.of('F2')).toBeNaN();
    expect(ratios.of('constructor')).toBeNaN();
  });

  it('is missing for everybody where it is switched off', () => {
    expect(facilityRatios({ features, facility_effect }, false)!.of('F1')).toBeNaN();
  });

  it('is nothing for a model without a facility effect', () => {
    expect(facilityRatios({ features, facility_effect: undefined }, true)).toBeUndefined();
  });
});
