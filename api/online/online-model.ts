import { LRUCache } from 'lru-cache';
import { attachModel, type LightGbmModel } from '#engine/index.ts';
import { createReasonTexts, type ReasonTexts } from '#api/results/reason-texts.ts';
import type { Clock } from '#shared/clock/clock.ts';
import { type FacilityRatios, facilityRatios } from '#shared/models/facility-ratios.ts';
import type { ModelRecord, ModelStore } from '#shared/models/store.ts';
import { tierPolicy, type TierPolicy } from '#shared/tiers/tier-policy.ts';
import { createRowReader, type RowReader } from './row-reader.ts';

/** A model attached to this process's main thread, with everything that a request needs of it. */
export type OnlineModel = ModelRecord & {
  engine: LightGbmModel;
  rows: RowReader;
  tierOf: TierPolicy;
  texts: ReasonTexts;
  /** Undefined for a model without a facility effect. */
  ratios: FacilityRatios | undefined;
  sha256Bytes: Buffer;
};

export type OnlineModels = {
  /** The tenant's active model, or the one of `version`. Throws `model_not_found`. */
  get: (tenantId: number, version: string | undefined) => Promise<OnlineModel>;
};

export type OnlineModelsOptions = {
  models: ModelStore;
  clock: Clock;
  modelsInMemory: number;
  /** False: nobody's risk is to depend on their facility. */
  facilityEffect?: boolean;
  /** For how long an answer may still use the model that was active before an activation. */
  activeForMs?: number;
};

/** A grant may be taken back. */
const VERSION_FOR_MS = 60_000;

type Known = { record: ModelRecord; untilMs: number };

/**
 * Attached models, the last `modelsInMemory` used; which one is active is asked once in `activeForMs`, not at every
 * request.
 */
export function createOnlineModels(options: OnlineModelsOptions): OnlineModels {
  const { models, clock, modelsInMemory, facilityEffect = true, activeForMs = 1_000 } = options;
  const records = new LRUCache<string, Known>({ max: 1_000 });
  const asked = new Map<string, Promise<ModelRecord>>();
  const attached = new LRUCache<string, Promise<OnlineModel>>({ max: modelsInMemory });

  const recordOf = async (tenantId: number, version: string | undefined): Promise<ModelRecord> => {
    const key = version === undefined ? `active:${tenantId}` : `version:${tenantId}:${version}`;
    const known = records.get(key);
    if (known !== undefined && clock.nowMs() < known.untilMs) return known.record;
    let asking = asked.get(key);
    if (asking === undefined) {
      const askedAtMs = clock.nowMs();
      asking = (version === undefined ? models.activeModel(tenantId) : models.modelOf(tenantId, version))
        .then((record) => {
          records.set(key, {
            record,
            untilMs: askedAtMs + (version === undefined ? activeForMs : VERSION_FOR_MS),
          });
          return record;
        })
        .finally(() => asked.delete(key));
      asked.set(key, asking);
    }
    return await asking;
  };

  return {
    get: async (tenantId, version) => {
      const record = await recordOf(tenantId, version);
      const key = `${record.sha256} ${record.thresholdSet}`;
      let model = attached.get(key);
      if (model === undefined) {
        model = attach(models, record, facilityEffect);
        attached.set(key, model);
        model.catch(() => attached.delete(key));
      }
      return await model;
    },
  };
}

async function attach(
  models: ModelStore,
  record: ModelRecord,
  facilityEffect: boolean,
): Promise<OnlineModel> {
  const { prepared } = await models.load(record.sha256);
  const engine = attachModel(prepared);
  return {
    ...record,
    engine,
    rows: createRowReader(record.manifest.features),
    tierOf: tierPolicy(record.manifest.tiers),
    texts: createReasonTexts(record.manifest.features),
    ratios: facilityRatios(record.manifest, facilityEffect),
    sha256Bytes: Buffer.from(record.sha256, 'hex'),
  };
}
