import { LRUCache } from 'lru-cache';
import { featureByName, featureIndex, FEATURES } from '#shared/features/features.ts';
import { type FeatureRow, reasonText } from '#shared/features/reason-text.ts';
import type { ManifestFeature } from '#shared/models/manifest.ts';
import type { ResultReason } from './result-rows.ts';

/** Reasons of one model in words. */
export type ReasonTexts = {
  nameOf: (reason: Pick<ResultReason, 'feature'>) => string;
  /**
   * The reason's sentence. Some features' words name other features too ("… 12 days on average"): `known`, what else is
   * known of the row, lets them; without it their shorter words are used.
   */
  textOf: (reason: ResultReason, known?: readonly Pick<ResultReason, 'feature' | 'value'>[]) => string;
};

/** Values recur from row to row (most are small counts), so their sentences are kept. */
const KEPT = 20_000;

/** Features whose words hold a placeholder other than their own value. */
const NAMES_OTHERS = new Set(
  FEATURES.filter(({ words }) =>
    [...words.raises, ...words.lowers].some((text) => /\{(?!value\b)/u.test(text)),
  ).map(({ name }) => name),
);

export function createReasonTexts(features: readonly Pick<ManifestFeature, 'name'>[]): ReasonTexts {
  const names = features.map((feature) => feature.name);
  const kept = new LRUCache<string, string>({ max: KEPT });
  const nameOf: ReasonTexts['nameOf'] = (reason) => names[reason.feature] ?? `feature_${reason.feature}`;

  const rowOf = (known: readonly Pick<ResultReason, 'feature' | 'value'>[]): FeatureRow => {
    const row = new Float64Array(FEATURES.length).fill(NaN);
    for (const other of known) {
      const name = nameOf(other);
      if (featureByName(name) !== undefined) row[featureIndex(name)] = other.value;
    }
    return row;
  };

  return {
    nameOf,
    textOf: (reason, known = []) => {
      const name = nameOf(reason);
      if (NAMES_OTHERS.has(name)) return reasonText(name, reason.value, reason.contribution, rowOf(known));
      const key = `${reason.feature}|${reason.value}|${reason.contribution > 0}`;
      let text = kept.get(key);
      if (text === undefined) {
        text = reasonText(name, reason.value, reason.contribution);
        kept.set(key, text);
      }
      return text;
    },
  };
}
