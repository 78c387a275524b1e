import { describe, expect, it } from 'vitest';
import { FEATURES, featureIndex } from './features.ts';
import { reasonText } from './reason-text.ts';

function row(values: Readonly<Record<string, number>>): Float64Array {
  const out = new Float64Array(FEATURES.length).fill(Number.NaN);
  for (const [name, value] of Object.entries(values)) out[featureIndex(name)] = value;
  return out;
}

describe('reasons in plain words', () => {
  it('tell lateness with the patient’s own numbers', () => {
    const patient = row({ total_dispensations: 11, late_days_mean_5: 11.8 });
    expect(reasonText('late_pickups_of_5', 3, 0.4, patient)).toBe(
      'Late for 3 of the last 5 pickups, 12 days on average',
    );
  });

  it('do not speak of five pickups where there were only three', () => {
    const patient = row({ total_dispensations: 4, late_days_mean_5: 1 });
    expect(reasonText('late_pickups_of_5', 1, 0.4, patient)).toBe(
      'Late for 1 of the last 3 pickups, 1 day on average',
    );
  });

  it('do without the other values where they are not known', () => {
    expect(reasonText('late_pickups_of_5', 3, 0.4)).toBe('Late for 3 of the last 5 pickups');
    expect(reasonText('late_pickups_of_5', 3, 0.4, row({ total_dispensations: 9 }))).toBe(
      'Late for 3 of the last 5 pickups',
    );
  });

  it('word raising and lowering apart', () => {
    expect(reasonText('late_pickups_of_5', 1, -0.2)).toBe('Late for only 1 of the last 5 pickups');
    expect(reasonText('visit_regularity', 0.9, 0.1)).toBe('Visits are irregularly spaced');
    expect(reasonText('visit_regularity', 0.1, -0.1)).toBe('Visits are evenly spaced');
  });

  it.each([
    ['months_on_art', 2.4, 'On ART for 2 months'],
    ['months_on_art', 0.2, 'On ART for less than a month'],
    ['months_on_art', 61, 'On ART for 5 years'],
    ['days_to_due', -12, '12 days past due'],
    ['days_to_due', 0, 'Due today'],
    ['days_to_due', 1, 'Due in 1 day'],
    ['viral_load', 12_345, 'Last viral load 12,345 copies/mL'],
    ['viral_load', 0, 'Last viral load: not detected'],
    ['who_stage', 3, 'WHO stage III'],
    ['prior_iit_episodes', 2, 'Interrupted treatment twice in three years'],
    ['mmd_ratio', 0.75, '75 % of pickups in the last year were multi-month'],
    ['viral_load', Number.NaN, 'No viral load on record'],
  ])('%s = %d reads “%s”', (feature, value, text) => {
    expect(reasonText(feature, value, 0.1)).toBe(text);
  });

  it('name a feature that the list does not have by its value', () => {
    expect(reasonText('somebody_elses', 1.23456, 0.1)).toBe('somebody_elses = 1.23');
    expect(reasonText('somebody_elses', Number.NaN, 0.1)).toBe('somebody_elses is missing');
  });

  it('leave no placeholder behind, for any feature, value and direction', () => {
    for (const feature of FEATURES)
      for (const value of [feature.min, feature.max, 1, 0, Number.NaN])
        for (const contribution of [1, -1])
          for (const patient of [undefined, row({ total_dispensations: 6, late_days_mean_5: 3 })]) {
            const text = reasonText(feature, value, contribution, patient);
            expect(text).toMatch(/^[A-Z0-9-]/);
            expect(text).not.toMatch(/[{}]|NaN|undefined/);
          }
  });
});
