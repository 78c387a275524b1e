import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { loadManifest, NOT_A_DIAGNOSIS } from '#shared/models/manifest.ts';
import { featuresPage } from './features-page.ts';
import { modelCard } from './model-card.ts';

const manifest = loadManifest(readFileSync('models/iit_lightgbm_model.manifest.json', 'utf8'));

describe('generated pages', () => {
  it('docs/features.md is what the definitions give (npm run model:docs)', () => {
    expect(readFileSync('docs/features.md', 'utf8')).toBe(featuresPage());
  });

  it('docs/model-card.md is what the shipped manifest gives (npm run model:docs)', () => {
    expect(readFileSync('docs/model-card.md', 'utf8')).toBe(modelCard(manifest));
  });

  it('say that the model is synthetic and no diagnosis', () => {
    expect(modelCard(manifest)).toContain('SYNTHETIC');
    expect(modelCard(manifest)).toContain(NOT_A_DIAGNOSIS);
    expect(featuresPage()).toContain(NOT_A_DIAGNOSIS);
  });

  it('show nothing of a subgroup too small to show', () => {
    const small = {
      dimension: 'sex',
      group: 'female',
      n: null,
      positives: null,
      base_rate: null,
      mean_predicted: null,
      auc: null,
      high_share: null,
    };
    expect(modelCard({ ...manifest, subgroups: [small] })).toContain(
      '| sex | female | small | – | – | – | – | – |',
    );
  });
});
