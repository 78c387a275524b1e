import { createHash } from 'node:crypto';
import { loadModel } from '#engine/index.ts';
import { manifestFeatures } from '#shared/models/manifest-features.ts';
import type { ModelManifest } from '#shared/models/manifest.ts';
import { randomNumbers, sampleModel, type SampleModel, type SampleModelOptions } from './sample-model.ts';

export type KnownModel = SampleModel & { golden: Buffer };

export type KnownModelOptions = Omit<SampleModelOptions, 'features'> & {
  /** Names of the service's own features. */
  names?: readonly string[];
  drift?: ModelManifest['drift'];
};

const KNOWN_NAMES = [
  'age',
  'days_to_due',
  'late_days_mean_3',
  'last_days_supply',
  'viral_load',
  'viral_load_age_days',
] as const;

/** `sampleModel` over features that the service knows, with golden rows that hold: fit to be uploaded. */
export function knownModel(options: KnownModelOptions = {}): KnownModel {
  const { names = KNOWN_NAMES, drift, ...rest } = options;
  const sample = sampleModel({ ...rest, features: names.length });
  const text = Buffer.from(
    sample.text.toString().replace(/^feature_names=.*$/mu, `feature_names=${names.join(' ')}`),
  );
  const sha256 = createHash('sha256').update(text).digest('hex');
  const known = manifestFeatures();
  const random = randomNumbers(99);
  const rows = Array.from({ length: 100 }, () =>
    names.map(() => (random() < 0.1 ? null : Math.round(random() * 100))),
  );
  const model = loadModel(text.toString());
  const values = Float64Array.from(rows.flat(), (value) => value ?? NaN);
  const raw = model.predict(values, { raw: true });
  const risk = model.predict(values);
  const golden = Buffer.from(
    JSON.stringify({
      model_sha256: sha256,
      features: names,
      rows: rows.map((row, i) => ({ values: row, raw: raw[i], risk: risk[i] })),
    }),
  );
  const manifest: ModelManifest = {
    ...sample.manifest,
    sha256,
    features: names.map((name, index) => {
      const feature = known.find((one) => one.name === name);
      if (feature === undefined) throw new Error(`${name} is no feature`);
      return { ...feature, index, min: -1e9, max: 1e9 };
    }),
    golden: {
      file: 'golden.json',
      rows: rows.length,
      sha256: createHash('sha256').update(golden).digest('hex'),
    },
    ...(drift === undefined ? {} : { drift }),
  };
  return { text, manifest, golden };
}
