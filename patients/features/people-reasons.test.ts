import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { Cohort, NO_SHIFT } from '#models/synthetic/cohort.ts';
import { loadModel } from '#engine/index.ts';
import { parseIsoDay } from '#patients/record/epoch-day.ts';
import { loadManifest } from '#shared/models/manifest.ts';
import { facilityRatios } from '#shared/models/facility-ratios.ts';
import { MESSAGES, translator } from '#web/translate.ts';
import { featureIndex } from './features.ts';
import { isAtRisk } from './outcome.ts';
import {
  type KnownValues,
  loweringReasons,
  nextStep,
  type PersonReason,
  raisingReasons,
  type ReasonEffects,
} from './people-reasons.ts';

const knownOf =
  (values: Readonly<Record<string, number>>): KnownValues =>
  (name) =>
    values[name] ?? Number.NaN;

/** Effects that grow with the value, or fall where the name is given with -1. */
const EFFECTS: ReasonEffects = {
  late_pickups_of_5: { edges: [0, 1, 2], effects: [-0.5, 0.1, 0.3, 0.6] },
  late_days_mean_5: { edges: [3], effects: [-0.1, 0.2] },
  prior_iit_episodes: { edges: [0], effects: [-0.1, 0.7] },
  viral_load: { edges: [999], effects: [-0.1, 0.4] },
  months_on_art: { edges: [6, 60], effects: [0.9, 0, -0.2] },
  age: { edges: [14, 24], effects: [0, 0.3, 0] },
  out_of_catchment: { edges: [0], effects: [0, 0.2] },
};

describe('reasons for people', () => {
  it('are at most one of each group, the weightiest first', () => {
    const everything = {
      late_pickups_of_5: 3,
      late_days_mean_5: 9,
      total_dispensations: 12,
      prior_iit_episodes: 2,
      viral_load: 5000,
      months_on_art: 30,
      age: 19,
      out_of_catchment: 1,
    };
    const reasons = raisingReasons(knownOf(everything), EFFECTS);
    expect(reasons.map(({ key }) => key)).toEqual([
      'reason.late_interrupted',
      'reason.unsuppressed',
      'reason.young',
    ]);
  });

  it('never speak of what is missing', () => {
    expect(raisingReasons(knownOf({}), EFFECTS)).toEqual([]);
    expect(loweringReasons(knownOf({}), EFFECTS)).toEqual([]);
  });

  it('never argue against a longer supply, nor repeat the due date, the last pickup or the age', () => {
    const supply = knownOf({
      last_days_supply: 180,
      avg_days_supply: 170,
      days_to_due: -3,
      days_since_last_refill: 93,
    });
    const all: ReasonEffects = {
      ...EFFECTS,
      last_days_supply: { edges: [], effects: [3] },
      avg_days_supply: { edges: [], effects: [3] },
      days_to_due: { edges: [], effects: [3] },
      days_since_last_refill: { edges: [], effects: [3] },
    };
    expect(raisingReasons(supply, all)).toEqual([]);
    const words = Object.entries(MESSAGES.en).filter(([key]) => /^(reason|keep|step)\./u.test(key));
    for (const [, text] of words) expect(text).not.toMatch(/month.* supply|days of medicine|because|cause/u);
  });

  it('speak of as many pickups as could be late', () => {
    const [reason] = raisingReasons(
      knownOf({ late_pickups_of_5: 2, late_days_mean_5: 6, total_dispensations: 4 }),
      EFFECTS,
    );
    expect(reason).toMatchObject({ key: 'reason.late_days', values: { late: 2, judged: 3, days: 6 } });
  });

  it('rest on what the run kept where the model brings no effects', () => {
    const known = knownOf({ viral_load: 5000, months_on_art: 2 });
    expect(raisingReasons(known, undefined, new Map([['viral_load', 0.4]])).map(({ key }) => key)).toEqual([
      'reason.unsuppressed',
    ]);
    expect(raisingReasons(known, undefined)).toEqual([]);
  });

  it.each([
    [[], -20, 'step.visit'],
    [[], -3, 'step.call_today'],
    [['reason.unsuppressed', 'reason.late'], 5, 'step.adherence'],
    [['reason.new'], 5, 'step.new'],
    [['reason.late_interrupted'], 5, 'step.remind'],
    [['reason.far'], 5, 'step.far'],
    [[], 5, 'step.due'],
    [[], undefined, 'step.due'],
  ] as const)('%j, due in %s days: one step, %s', (keys, days, step) => {
    const reasons = keys.map((key): PersonReason => ({ feature: '', key, values: {} }));
    expect(nextStep(reasons, days)).toBe(step);
  });

  it('are sentences in every language, with every value in its place', () => {
    const values = { late: 3, judged: 5, days: 4, times: 2, months: 3, years: 6, text: 'x' };
    for (const language of ['en', 'fr', 'ha'] as const) {
      const t = translator(language, 'UTC');
      for (const key of Object.keys(MESSAGES.en) as (keyof typeof MESSAGES.en)[]) {
        if (!/^(reason|keep|step)\./u.test(key)) continue;
        for (const value of [0, 1, 2, 7])
          expect(
            t(key, { ...values, times: Math.max(1, value), months: value, judged: value, years: value }),
          ).not.toMatch(/[{}]|undefined|NaN/u);
      }
    }
  });
});

describe('reasons on a cohort, by the shipped model', () => {
  const ROWS = 12_000;
  const told = { months: [0, 0], unsuppressed: [0, 0], late: [0, 0] };
  const repeated = new Map<string, number>();
  let high = 0;

  beforeAll(() => {
    const manifest = loadManifest(readFileSync('models/iit_lightgbm_model.manifest.json', 'utf8'));
    const engine = loadModel(readFileSync('models/iit_lightgbm_model.txt', 'utf8'));
    const ratios = facilityRatios(manifest, true)!;
    const places = manifest.features.map(({ name }) => featureIndex(name));
    const cohort = new Cohort({
      rows: ROWS,
      seed: 31,
      asOf: parseIsoDay('2026-06-30'),
      population: 'active',
      extraHistoryDays: 0,
      shift: NO_SHIFT,
    });
    for (let i = 0; i < ROWS; i++) {
      cohort.make(i);
      if (!isAtRisk(cohort.extractor.history)) continue;
      const row = Float64Array.from(places, (place) => cohort.features[place]!);
      row[ratios.column] = ratios.of(cohort.record.facilityId);
      if (engine.predict(row)[0]! < manifest.tiers.high) continue;
      high++;
      const known: KnownValues = (name) => cohort.features[featureIndex(name)]!;
      const reasons = raisingReasons(known, manifest.reason_effects);
      const keys = reasons.map(({ key }) => key);
      const list = keys.join();
      repeated.set(list, (repeated.get(list) ?? 0) + 1);
      const count = (cell: number[], isNeeded: boolean, isTold: boolean) => {
        if (!isNeeded) return;
        cell[0]!++;
        if (isTold) cell[1]!++;
      };
      count(told.months, known('months_on_art') < 6, keys.includes('reason.new'));
      count(told.unsuppressed, known('viral_load') >= 1000, keys.includes('reason.unsuppressed'));
      count(
        told.late,
        known('late_pickups_of_5') >= 3,
        keys.some((key) => key.startsWith('reason.late')),
      );
    }
  }, 120_000);

  const recall = ([needed, said]: number[]) => {
    expect(needed).toBeGreaterThan(30);
    return said! / needed!;
  };

  it('tell everybody of the first six months on ART (182 of 182)', () => {
    expect(recall(told.months)).toBe(1);
  });

  it('tell of an unsuppressed viral load (43 of 52 or more)', () => {
    expect(recall(told.unsuppressed)).toBeGreaterThanOrEqual(43 / 52);
  });

  it('tell of three late pickups of five (232 of 238 or more)', () => {
    expect(recall(told.late)).toBeGreaterThanOrEqual(232 / 238);
  });

  it('are not the same list for nearly everybody', () => {
    expect(Math.max(...repeated.values()) / high).toBeLessThan(0.5);
  });
});
