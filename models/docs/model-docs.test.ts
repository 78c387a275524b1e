import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { loadManifest, NOT_A_DIAGNOSIS } from '#shared/models/manifest.ts';
import { featuresPage } from './features-page.ts';
import { modelCard } from './model-card.ts';
import { cardPlots } from './plots.ts';
import { reportOf } from './write-docs.ts';

const manifest = loadManifest(readFileSync('models/iit_lightgbm_model.manifest.json', 'utf8'));
const report = await reportOf('models', manifest);

describe('generated pages', () => {
  it('docs/features.md is what the definitions give (npm run model:docs)', () => {
    expect(readFileSync('docs/features.md', 'utf8')).toBe(featuresPage());
  });

  it('docs/model-card.md and its plots are what the shipped manifest and report give (npm run model:docs)', () => {
    expect(readFileSync('docs/model-card.md', 'utf8')).toBe(modelCard(manifest, report));
    const plots = cardPlots(manifest, report);
    expect(plots.map(([name]) => name)).toEqual([
      'model-card-calibration.svg',
      'model-card-decision-curve.svg',
    ]);
    for (const [name, svg] of plots) {
      expect(readFileSync(`docs/images/${name}`, 'utf8')).toBe(svg);
      expect(svg).not.toMatch(/NaN|undefined/u);
    }
  });

  it('the card shows what the model has to beat, whom it serves, and until when it holds', () => {
    const card = modelCard(manifest, report);
    for (const words of [
      'points rule',
      'logistic model',
      'not yet overdue',
      'by patients',
      'by facilities',
      'Net benefit',
      'first 50',
      '| state |',
      'one snapshot',
      '90th percentile',
      'date of entry',
      'Expires on',
      'Approver',
      'reviewed by',
    ])
      expect(card).toContain(words);
  });

  it('a report of another model is not shown', async () => {
    expect(await reportOf('models', { ...manifest, sha256: 'f'.repeat(64) })).toBeUndefined();
    expect(modelCard(manifest)).not.toContain('points rule');
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
