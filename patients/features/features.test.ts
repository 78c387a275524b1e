import { describe, expect, it } from 'vitest';
import { defineFeatures } from './definition.ts';
import { Extractor } from './extract.ts';
import { FEATURE_NAMES, FEATURES, featureIndex } from './features.ts';
import { manifestFeatures } from '#shared/models/manifest-features.ts';
import { addPickup, addToSeries, emptyRecord, type PatientRecord } from '../record/patient-record.ts';

const AS_OF = 20_500;

function features(record: PatientRecord, asOf = AS_OF): (name: string) => number {
  const out = new Float64Array(FEATURES.length);
  new Extractor().extract(record, asOf, out);
  return (name) => out[featureIndex(name)]!;
}

function withPickups(...pickups: readonly (readonly [daysAgo: number, supply: number])[]): PatientRecord {
  const record = emptyRecord();
  for (const [daysAgo, supply] of pickups) {
    addPickup(record.pickups, AS_OF - daysAgo, AS_OF - daysAgo, supply, 7, 1);
    addToSeries(record.visits, AS_OF - daysAgo, AS_OF - daysAgo, 0);
  }
  return record;
}

describe('the list of features', () => {
  it('has each name once, and a place for each', () => {
    expect(new Set(FEATURE_NAMES).size).toBe(FEATURES.length);
    expect(FEATURE_NAMES.map(featureIndex)).toEqual(FEATURES.map((_, i) => i));
    expect(() => featureIndex('nonsense')).toThrow('nonsense');
  });

  it('is the manifest’s list, in order', () => {
    expect(manifestFeatures().map((f) => [f.name, f.index])).toEqual(
      FEATURE_NAMES.map((name, i) => [name, i]),
    );
  });

  it('refuses definitions that contradict themselves', () => {
    const age = FEATURES[0]!;
    expect(() => defineFeatures([age, age])).toThrow('twice');
    expect(() => defineFeatures([{ ...age, min: 5, max: 1 }])).toThrow('range');
    expect(() => defineFeatures([{ ...age, kind: 'categorical' }])).toThrow('categor');
  });
});

describe('features of pickups', () => {
  it('count lateness against the end of the supply in hand, early as on time', () => {
    const value = features(withPickups([200, 30], [160, 30], [135, 30], [90, 30], [60, 90]));
    // 10 days late, 5 early, 10 late after the 5 days in hand, on time.
    expect(value('late_days_last')).toBe(0);
    expect(value('late_days_mean_3')).toBe(3.33);
    expect(value('late_days_mean_5')).toBe(5);
    expect(value('late_pickups_of_5')).toBe(2);
    expect(value('late_over_7_days')).toBe(2);
    expect(value('late_over_14_days')).toBe(0);
    expect(value('late_over_28_days')).toBe(0);
    expect(value('days_to_due')).toBe(30);
    expect(value('days_since_last_refill')).toBe(60);
    expect(value('avg_days_supply')).toBe(42);
    expect(value('mmd_ratio')).toBe(0.2);
    expect(value('refill_frequency_3m')).toBe(2);
    expect(value('refill_frequency_6m')).toBe(4);
  });

  it('take entries less than three days apart for one pickup, whatever their order', () => {
    const pickups = [
      [100, 30],
      [70, 90],
      [70, 90],
      [69, 30],
    ] as const;
    const once = features(withPickups(...pickups));
    expect(once('total_dispensations')).toBe(2);
    expect(once('last_days_supply')).toBe(90);
    expect(features(withPickups(...pickups.toReversed()))('last_days_supply')).toBe(90);
  });

  it('are missing, not 0, where nothing can be judged', () => {
    const value = features(withPickups([10, 30]));
    for (const name of ['late_days_last', 'late_days_mean_10', 'late_pickups_of_5', 'days_since_last_iit'])
      expect(value(name)).toBeNaN();
    expect(value('prior_iit_episodes')).toBe(0);
  });

  it('tell an overdue date as a negative number of days', () => {
    expect(features(withPickups([45, 30]))('days_to_due')).toBe(-15);
  });

  it('look back three years and no further', () => {
    const value = features(withPickups([1200, 30], [1094, 30], [10, 30]));
    expect(value('total_dispensations')).toBe(2);
  });

  it('are missing, not clean, where a patient came from another facility with a history that nobody sees', () => {
    const record = withPickups([60, 90], [30, 30]);
    record.pickupsCompleteFrom = AS_OF - 60;
    addToSeries(record.observations.artStart, AS_OF - 60, AS_OF - 60, AS_OF - 2000);
    const value = features(record);
    for (const name of [
      'prior_iit_episodes',
      'total_dispensations',
      'refill_frequency_6m',
      'total_visits',
      'visit_frequency_12m',
      'recent_vl_tests',
      'adherence_counseling_count',
      'late_days_mean_3',
      'avg_days_supply',
    ])
      expect([name, value(name)]).toEqual([name, Number.NaN]);
    expect(value('days_to_due')).toBe(60);
    expect(value('late_days_last')).toBe(0);
    record.observations.artStart.value[0] = AS_OF - 60;
    expect(features(record)('prior_iit_episodes')).toBe(0);
  });

  it('date an interruption by the return', () => {
    const value = features(withPickups([200, 30], [100, 30], [70, 30]));
    expect(value('prior_iit_episodes')).toBe(1);
    expect(value('days_since_last_iit')).toBe(100);
  });
});

describe('features of findings', () => {
  it('are the latest that was known on the as-of date', () => {
    const record = withPickups([10, 30]);
    const { viralLoad } = record.observations;
    addToSeries(viralLoad, AS_OF - 400, AS_OF - 380, 50);
    addToSeries(viralLoad, AS_OF - 20, AS_OF + 5, 90_000);
    const before = features(record);
    expect(before('viral_load')).toBe(50);
    expect(before('viral_load_suppressed')).toBe(1);
    expect(before('viral_load_age_days')).toBe(400);
    expect(before('recent_vl_tests')).toBe(0);
    const after = features(record, AS_OF + 5);
    expect(after('viral_load')).toBe(90_000);
    expect(after('viral_load_suppressed')).toBe(0);
  });

  it('call a viral load of 1,000 copies unsuppressed and 999 suppressed', () => {
    for (const [load, suppressed] of [
      [999, 1],
      [1000, 0],
    ] as const) {
      const record = withPickups([10, 30]);
      addToSeries(record.observations.viralLoad, AS_OF - 1, AS_OF - 1, load);
      expect(features(record)('viral_load_suppressed')).toBe(suppressed);
    }
  });

  it('grow stale: adherence after a year, pregnancy after 300 days', () => {
    const record = withPickups([10, 30]);
    addToSeries(record.observations.adherence, AS_OF - 365, AS_OF - 365, 2);
    addToSeries(record.observations.pregnancy, AS_OF - 300, AS_OF - 300, 1);
    expect(features(record)('adherence_level')).toBe(2);
    expect(features(record)('pregnancy_status')).toBe(1);
    expect(features(record, AS_OF + 1)('adherence_level')).toBeNaN();
    expect(features(record, AS_OF + 1)('pregnancy_status')).toBeNaN();
  });
});
