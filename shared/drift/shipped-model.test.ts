import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { Cohort, NO_SHIFT } from '#models/synthetic/cohort.ts';
import type { Shift } from '#models/synthetic/person.ts';
import { loadModel } from '#engine/index.ts';
import { parseIsoDay } from '#patients/record/epoch-day.ts';
import { featureIndex } from '#patients/features/features.ts';
import { loadManifest } from '#shared/models/manifest.ts';
import { binningOf, countHistograms, countingStride } from './binning.ts';
import { type Drift, measureDrift } from './stability-index.ts';

const MODEL = new URL('../../models/iit_lightgbm_model.txt', import.meta.url);
const manifest = loadManifest(readFileSync(new URL('iit_lightgbm_model.manifest.json', MODEL), 'utf8'));
const engine = loadModel(readFileSync(MODEL, 'utf8'));
const binning = binningOf(manifest);
const places = manifest.features.map(({ name }) => featureIndex(name));
const THRESHOLDS = { featurePsi: 0.2, scorePsi: 0.2, minimumRows: 500 };
/** Fewer rows make more noise: what is quiet at 10,000 is quiet at 100,000 (docs/drift.md has both). */
const ROWS = 10_000;

function driftOf(seed: number, shift: Shift): Drift {
  const cohort = new Cohort({
    rows: ROWS,
    seed,
    asOf: parseIsoDay('2026-06-30'),
    population: 'active',
    extraHistoryDays: 0,
    shift,
  });
  const columns = places.map(() => new Float64Array(ROWS));
  for (let row = 0; row < ROWS; row++) {
    cohort.make(row);
    for (const [feature, place] of places.entries()) columns[feature]![row] = cohort.features[place]!;
  }
  const counts = countHistograms(
    binning,
    columns,
    engine.predictColumns(columns),
    ROWS,
    countingStride(ROWS),
  );
  return measureDrift(binning, counts, THRESHOLDS);
}

describe('the drift of a cohort against the shipped model', () => {
  test.each([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])('is none for an ordinary cohort, seed %i', (seed) => {
    const drift = driftOf(seed, NO_SHIFT);
    expect(drift.drifted).toEqual([]);
    expect(Math.max(drift.score, ...Object.values(drift.features))).toBeLessThan(0.1);
  });

  test('shows ages ten years higher and lateness doubled', () => {
    const { drifted } = driftOf(1, { ages: 10, lateness: 2 });
    expect(drifted).toEqual(expect.arrayContaining(['age', 'late_days_mean_5', 'score']));
  });
});
