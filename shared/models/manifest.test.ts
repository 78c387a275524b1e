import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { loadModel } from '#engine/index.ts';
import { MODEL_FEATURES } from '#models/training/model-features.ts';
import { manifestFeatures } from '#shared/models/manifest-features.ts';
import {
  isValidatedOn,
  loadGoldenRows,
  loadManifest,
  ManifestError,
  tierOf,
  type ModelManifest,
} from './manifest.ts';
import { verifyModel } from './verify.ts';

const TEXT = readFileSync('models/iit_lightgbm_model.manifest.json', 'utf8');
const MODEL = readFileSync('models/iit_lightgbm_model.txt');
const GOLDEN = readFileSync('models/iit_lightgbm_model.golden.json');

type Loose = { [key: string]: Loose } & Loose[];

function changed(change: (manifest: Loose) => void): string {
  const manifest = JSON.parse(TEXT) as Loose;
  change(manifest);
  return JSON.stringify(manifest);
}

function issues(text: string): string[] {
  try {
    loadManifest(text);
  } catch (error) {
    if (error instanceof ManifestError) return error.issues.map((issue) => issue.path);
    throw error;
  }
  return [];
}

describe('the shipped manifest', () => {
  const manifest = loadManifest(TEXT);

  it('has features that the service extracts, as the service defines them', () => {
    const known = new Map(manifestFeatures().map((feature) => [feature.name, feature]));
    expect(manifest.features).toEqual(MODEL_FEATURES.map((name, index) => ({ ...known.get(name), index })));
  });

  it('asks for no column that it does not use, and for none that older tables lack', () => {
    const required = manifestFeatures().filter((feature) => feature.required);
    expect(
      manifest.features
        .filter((feature) => feature.required)
        .map(({ name }) => name)
        .toSorted(),
    ).toEqual(required.map(({ name }) => name).toSorted());
  });

  it('was tried on records, stacked snapshots and one snapshot, and stands for its expiry', () => {
    for (const kind of ['table', 'records', 'stacked', 'snapshot'] as const)
      expect(isValidatedOn(manifest, kind)).toBe(true);
    expect(manifest.governance!.expires > manifest.trained_at).toBe(true);
  });

  it('lets no longer supply raise the risk, and no lateness lower it', () => {
    const engine = loadModel(MODEL.toString());
    const { rows } = loadGoldenRows(GOLDEN.toString());
    for (const [name, direction] of [
      ['last_days_supply', -1],
      ['avg_days_supply', -1],
      ['late_pickups_of_5', 1],
      ['prior_iit_episodes', 1],
    ] as const) {
      const feature = manifest.features.find((one) => one.name === name)!;
      const steps = Array.from({ length: 8 }, (_, i) => (feature.max > 100 ? 30 * (i + 1) : i));
      for (const { values } of rows) {
        const inputs = steps.map((step) =>
          values.map((value, i) => (i === feature.index ? step : (value ?? NaN))),
        );
        const raw = engine.predict(Float64Array.from(inputs.flat()), { raw: true });
        for (let i = 1; i < steps.length; i++)
          expect(direction * (raw[i]! - raw[i - 1]!)).toBeGreaterThanOrEqual(-1e-12);
      }
    }
  });

  it('is of a synthetic model with an honest AUC on the later period', () => {
    expect(manifest.synthetic).toBe(true);
    const { test, train } = manifest.metrics;
    expect(test.at_risk.auc).toBeGreaterThan(0.7);
    expect(test.at_risk.auc).toBeLessThan(0.8);
    expect([...train.as_of, ...test.as_of].toSorted()).toEqual([...train.as_of, ...test.as_of]);
    expect(manifest.training.trees).toBeGreaterThanOrEqual(100);
    expect(manifest.training.trees).toBeLessThanOrEqual(200);
  });

  it('does not watch the calendar for drift', () => {
    expect(Object.keys(manifest.drift.features)).not.toContain('is_holiday_season');
    // Eighteen features and two checks.
    expect(Object.keys(manifest.drift.features)).toHaveLength(20);
  });
});

describe('a manifest', () => {
  it('is refused with all its faults at once', () => {
    const text = changed((m) => {
      Object.assign(m, { version: '', sha256: 'abc', not_a_diagnosis: 'A diagnosis.', surplus: 1 });
      Object.assign(m['features']![3]!, { index: 9, min: 5, max: 1 });
      Object.assign(m['drift']!['score']!, { edges: [0.2, 0.1], counts: [1, 2, 3] });
    });
    expect(issues(text)).toEqual(
      expect.arrayContaining(['$.version', '$.sha256', '$.not_a_diagnosis', '$.drift.score']),
    );
    expect(issues('{')).toEqual(['$']);
  });

  it('is refused for features out of place, cut-offs crossed, drift of no feature', () => {
    const text = changed((m) => {
      Object.assign(m['features']![3]!, { index: 9, min: 5, max: 1 });
      Object.assign(m['tiers']!, { medium: 0.9 });
      Object.assign(m['drift']!['features']!, { nonsense: { edges: [], counts: [1], missing: 0 } });
    });
    expect(issues(text)).toEqual([
      '$.features.3.index',
      '$.features.3.min',
      '$.tiers.medium',
      '$.drift.features.nonsense',
    ]);
  });
});

describe('tiers', () => {
  const tiers: ModelManifest['tiers'] = {
    medium: 0.1,
    high: 0.2,
    facility_overrides: { here: { medium: 0.01, high: 0.02 } },
  };

  it.each([
    [0.0999, 'low'],
    [0.1, 'medium'],
    [0.1999, 'medium'],
    [0.2, 'high'],
  ] as const)('a risk of %d is %s, cut-offs included', (risk, tier) => {
    expect(tierOf(tiers, risk)).toBe(tier);
    expect(tierOf(tiers, risk, 'elsewhere')).toBe(tier);
  });

  it('follow a facility’s own cut-offs where it has some', () => {
    expect(tierOf(tiers, 0.05, 'here')).toBe('high');
  });
});

describe('verification without Python', () => {
  it('finds the shipped model equal to LightGBM on its golden rows, bit for bit', () => {
    const { rows, problems } = verifyModel({ manifest: TEXT, model: MODEL, golden: GOLDEN });
    expect(problems).toEqual([]);
    expect(rows).toBeGreaterThanOrEqual(200);
    expect(
      JSON.parse(GOLDEN.toString()).rows.some((r: { values: unknown[] }) => r.values.includes(null)),
    ).toBe(true);
  });

  it('finds a model with one leaf changed', () => {
    const model = Buffer.from(MODEL.toString().replace(/leaf_value=(-?)0\.(\d)/, 'leaf_value=$10.9'));
    const manifest = changed((m) => {
      Object.assign(m, { sha256: sha(model) });
    });
    const { problems } = verifyModel({ manifest, model, golden: GOLDEN });
    expect(problems).toEqual(['the golden rows are of another model']);
    expect(verifyModel({ manifest: TEXT, model, golden: GOLDEN }).problems[0]).toMatch(
      /^the model file has sha256/,
    );
  });

  it('finds a golden row that tells another score', () => {
    const golden = Buffer.from(GOLDEN.toString().replace(/"raw":-(\d)/, '"raw":-9'));
    const manifest = changed((m) => {
      Object.assign(m['golden']!, { sha256: sha(golden) });
    });
    expect(verifyModel({ manifest, model: MODEL, golden }).problems[0]).toMatch(/golden row 0: raw score/);
  });

  it('finds a feature list in another order', () => {
    const manifest = changed((m) => {
      Object.assign(m['features']![0]!, { name: 'gender' });
      Object.assign(m['features']![1]!, { name: 'age' });
    });
    expect(verifyModel({ manifest, model: MODEL, golden: GOLDEN }).problems).toContain(
      'the model has other features than the manifest, or another order',
    );
  });
});

function sha(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

describe('a kind of input', () => {
  const entry = { format: 'snapshot', n: 100, auc: 0.6, observed_expected: 0.5, validated: false } as const;

  it('was validated where the manifest says that it held', () => {
    expect(isValidatedOn({ formats: [entry] }, 'snapshot')).toBe(false);
    expect(isValidatedOn({ formats: [{ ...entry, validated: true }] }, 'snapshot')).toBe(true);
    expect(isValidatedOn({ formats: [entry] }, 'stacked')).toBe(false);
  });

  it('that is a table counts as records, of which it has the features', () => {
    expect(isValidatedOn({ formats: [{ ...entry, format: 'records', validated: true }] }, 'table')).toBe(
      true,
    );
  });

  it('of a model that names none was not validated, but for tables and records', () => {
    const kinds = ['table', 'records', 'stacked', 'snapshot'] as const;
    expect(kinds.map((kind) => isValidatedOn({}, kind))).toEqual([true, true, false, false]);
  });
});
