import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import { FAULTS, ORDINARY } from '#models/drift/lists.ts';
import { PatientPool, poolModel } from '#models/drift/patient-pool.ts';
import { type Simulation, tryFault, tryOrdinary } from '#models/drift/simulate.ts';
import { Random } from '#models/synthetic/random.ts';
import { parseIsoDay } from '#patients/record/epoch-day.ts';
import { loadConfig } from '#shared/config/config.ts';
import { loadManifest } from '#shared/models/manifest.ts';
import { binningOf } from './binning.ts';
import { DriftReference } from './like-patients.ts';
import { driftThresholds } from './thresholds.ts';

// The same with a hundred runs of each, and with other months, is `npm run drift:report` (docs/drift.md).
const RUNS = 12;
const manifest = loadManifest(readFileSync('models/iit_lightgbm_model.manifest.json', 'utf8'));
let simulation: Simulation;
let pools: PatientPool[];

beforeAll(() => {
  const model = poolModel(readFileSync('models/iit_lightgbm_model.txt', 'utf8'), manifest);
  const numbers = new Random().seed(5);
  simulation = {
    manifest,
    reference: new DriftReference(binningOf(manifest), manifest.drift, manifest.drift.reference),
    thresholds: driftThresholds(loadConfig({ DATABASE_URL: 'postgres://nowhere/none' })),
    random: () => numbers.uniform(),
  };
  const asOf = parseIsoDay('2026-06-30');
  pools = [new PatientPool(model, { size: 16_000, seed: 3, asOf, serviceSize: 24_000 })];
}, 60_000);

describe('a list of the generator’s patients', () => {
  test.each(ORDINARY.map((mix) => [mix.name, mix] as const))('raises no alarm: %s', (_, mix) => {
    expect(tryOrdinary(simulation, mix, pools, RUNS, [200, 500])).toMatchObject({ alarmed: 0, subjects: {} });
  });

  // Nine in ten of the doubled are found; facilities differ by nearly as much (docs/drift.md).
  const LEAST: Record<string, number> = { 'unsuppressed doubled': 0.75 * RUNS };

  test.each(FAULTS.map((fault) => [fault.name, fault] as const))(
    'is found out in two jobs: %s',
    (name, fault) => {
      expect(tryFault(simulation, fault, pools, RUNS).alarmed).toBeGreaterThanOrEqual(LEAST[name] ?? RUNS);
    },
  );
});

test('what the source cannot know is not judged, and the score is', () => {
  const [pool] = pools;
  const all = pool!.list(Array.from({ length: 1_000 }, (_, row) => row));
  expect(manifest.drift.reference!.columns).toEqual(
    expect.arrayContaining(['score:records', 'score:stacked', 'score:snapshot']),
  );
  expect(all.risks()).toHaveLength(1_000);
});
