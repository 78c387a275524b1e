import { featureByName, featureIndex, FEATURES } from '#patients/features/features.ts';
import { type FeatureRow, reasonText } from '#patients/features/reason-text.ts';
import type { ManifestFeature } from '#shared/models/manifest.ts';
import type { ResultReason } from '#shared/predictions/read-prediction-rows.ts';

/** Reasons of one model in words. */
export type ReasonTexts = {
  nameOf: (reason: Pick<ResultReason, 'feature'>) => string;
  /**
   * The reason's sentence. Some features' words name other features too ("… 12 days on average"): `known`, what else is
   * known of the row, lets them; without it their shorter words are used.
   */
  textOf: (reason: ResultReason, known?: readonly Pick<ResultReason, 'feature' | 'value'>[]) => string;
};

/**
 * Values recur from row to row (most are small counts), so their sentences are kept, and all forgotten when there are this
 * many: an LRU's bookkeeping cost a sixth of a download whose values do not recur.
 */
const KEPT = 50_000;

/** Features whose words hold a placeholder other than their own value. */
const NAMES_OTHERS = new Set(
  FEATURES.filter(({ words }) =>
    [...words.raises, ...words.lowers].some((text) => /\{(?!value\b)/u.test(text)),
  ).map(({ name }) => name),
);

export function createReasonTexts(features: readonly Pick<ManifestFeature, 'name'>[]): ReasonTexts {
  const names = features.map((feature) => feature.name);
  /** By 2 × feature + (1 where it raises the risk), then by value. */
  const kept = new Map<number, Map<number, string>>();
  let keptCount = 0;
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
      const words = 2 * reason.feature + (reason.contribution > 0 ? 1 : 0);
      let text = kept.get(words)?.get(reason.value);
      if (text === undefined) {
        text = reasonText(name, reason.value, reason.contribution);
        if (++keptCount > KEPT) {
          kept.clear();
          keptCount = 1;
        }
        const values = kept.get(words) ?? new Map<number, string>();
        kept.set(words, values.set(reason.value, text));
      }
      return text;
    },
  };
}
