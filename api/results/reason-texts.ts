import { LRUCache } from 'lru-cache';
import { FEATURES } from '#shared/features/features.ts';
import type { ManifestFeature } from '#shared/models/manifest.ts';
import type { ResultReason } from './result-rows.ts';

/** Reasons of one model in words. */
export type ReasonTexts = {
  nameOf: (reason: ResultReason) => string;
  textOf: (reason: ResultReason) => string;
};

/** Values recur from row to row (most are small counts), so their sentences are kept. */
const KEPT = 20_000;

export function createReasonTexts(features: readonly Pick<ManifestFeature, 'name'>[]): ReasonTexts {
  const names = features.map((feature) => feature.name);
  const kept = new LRUCache<string, string>({ max: KEPT });
  const nameOf = (reason: ResultReason) => names[reason.feature] ?? `feature_${reason.feature}`;
  return {
    nameOf,
    textOf: (reason) => {
      const key = `${reason.feature}|${reason.value}|${reason.contribution > 0}`;
      let text = kept.get(key);
      if (text === undefined) {
        text = plainText(nameOf(reason), reason.value);
        kept.set(key, text);
      }
      return text;
    },
  };
}

const labels = new Map(FEATURES.map((feature) => [feature.name, feature.words.label]));

function plainText(name: string, value: number): string {
  const label = labels.get(name) ?? name;
  return Number.isNaN(value) ? `${label}: not known` : `${label}: ${value}`;
}
