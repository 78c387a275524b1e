import { expect, test } from 'vitest';
import { manifestFeatures } from '#shared/models/manifest-features.ts';
import { facilityRatios } from '#shared/models/facility-ratios.ts';
import type { OnlineModel } from './online-model.ts';
import { fillFacilityRatios } from './read-request.ts';
import { createRowReader } from './row-reader.ts';

const features = manifestFeatures()
  .filter(({ name }) => ['age', 'facility_past_ratio'].includes(name))
  .map((feature, index) => ({ ...feature, index }));
const facility_effect = {
  feature: 'facility_past_ratio',
  prior_events: 4,
  as_of: '2026-06-30',
  ratios: { F1: 1.4 },
};

function filled(isOn: boolean): number[] {
  const reader = createRowReader(features);
  const rows = reader.read(
    [
      { patient_id: 'a', age: 30, facility_id: 'F1' },
      { patient_id: 'b', age: 30, facility_id: 'F2' },
      { patient_id: 'c', age: 30 },
      { patient_id: 'd', age: 30, facility_id: 'F1', facility_past_ratio: 0.7 },
    ],
    { ignoreUnknown: false },
  );
  const model = { rows: reader, ratios: facilityRatios({ features, facility_effect }, isOn) };
  fillFacilityRatios(model as OnlineModel, rows);
  return [0, 1, 2, 3].map((row) => rows.values[row * 2 + 1]!);
}

test('a row gets what the model knows of its facility, unless it says so itself', () => {
  expect(filled(true)).toEqual([1.4, NaN, NaN, 0.7]);
});

test('no row has a facility’s past where the effect is switched off', () => {
  expect(filled(false)).toEqual([NaN, NaN, NaN, NaN]);
});
