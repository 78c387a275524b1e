import { expect, test } from 'vitest';
import { manifestFeatures } from '#shared/models/manifest-features.ts';
import { createRowReader } from './row-reader.ts';

const features = manifestFeatures()
  .filter(({ name }) => ['age', 'gender', 'dsd_model', 'late_days_mean_3'].includes(name))
  .map((feature, index) => ({ ...feature, index, required: feature.name === 'age' }));
const reader = createRowReader(features);
const read = (row: object, ignoreUnknown = false) =>
  reader.read([{ patient_id: 'p', age: 30, ...row }], { ignoreUnknown });
const valueOf = (row: object, name: string) => read(row).values[reader.indexOf(name)!];

test.each([
  [{ dsd_model: 3 }, 'dsd_model', 3],
  [{ dsd_model: 'community art group' }, 'dsd_model', 3],
  [{ gender: 1 }, 'gender', 1],
  [{ late_days_mean_3: 1.25 }, 'late_days_mean_3', 1.25],
  [{ late_days_mean_3: null }, 'late_days_mean_3', NaN],
  [{}, 'late_days_mean_3', NaN],
])('%j is read as a job would read it', (row, name, value) => {
  expect(valueOf(row, name)).toBe(value);
});

test.each([
  [{ dsd_model: 9 }],
  [{ dsd_model: 'by drone' }],
  [{ age: 30.5 }],
  [{ age: -1 }],
  [{ age: Infinity }],
  [{ age: [30] }],
  [{ patient_id: '  ' }],
  [{ patient_id: 'a\u0000b' }],
  [{ patient_id: 'x'.repeat(65) }],
  [{ facility_id: true }],
  [{ due_date: '2026-02-30' }],
])('%j is refused', (row) => {
  expect(() => read(row)).toThrow(/Row 1/u);
});

test('a required feature may be null but not left out', () => {
  expect(read({ age: null }).values[reader.indexOf('age')!]).toBeNaN();
  expect(() => reader.read([{ patient_id: 'p' }], { ignoreUnknown: false })).toThrow(
    expect.objectContaining({ code: 'missing_columns', field: 'age' }),
  );
});

test('a feature that the model does without is passed over', () => {
  expect(read({ who_stage: 3 }).patientIds).toEqual(['p']);
});

test('unknown fields pass only where that was asked for', () => {
  expect(() => read({ shoe_size: 44 })).toThrow(
    expect.objectContaining({ code: 'unknown_columns', field: 'shoe_size' }),
  );
  expect(read({ shoe_size: 44 }, true).patientIds).toEqual(['p']);
});
