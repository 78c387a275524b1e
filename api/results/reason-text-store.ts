import { LRUCache } from 'lru-cache';
import type { ModelStore } from '#shared/models/store.ts';
import { createReasonTexts, type ReasonTexts } from './reason-texts.ts';

/** The reason texts of each model that was asked for; a version never changes its features. */
export type ReasonTextStore = { forModel: (version: string) => Promise<ReasonTexts> };

const KEPT_MODELS = 8;

export function createReasonTextStore(models: Pick<ModelStore, 'modelByVersion'>): ReasonTextStore {
  const kept = new LRUCache<string, ReasonTexts>({ max: KEPT_MODELS });
  return {
    forModel: async (version) => {
      const known = kept.get(version);
      if (known !== undefined) return known;
      const { manifest } = await models.modelByVersion(version);
      const texts = createReasonTexts(manifest.features);
      kept.set(version, texts);
      return texts;
    },
  };
}
