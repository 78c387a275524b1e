import type { Pool } from 'pg';
import type { Registry } from 'prom-client';
import type { Clock } from '#shared/clock/clock.ts';
import type { Config } from '#shared/config/config.ts';
import type { Db } from '#shared/db/database.ts';
import type { FeatureStore } from '#api/online/feature-store/feature-store.ts';
import { createMemoryFeatureStore } from '#api/online/feature-store/memory-feature-store.ts';
import { createRedisFeatureStore } from '#api/online/feature-store/redis-feature-store.ts';
import type { Logger } from '#shared/log/logger.ts';
import type { ModelStore } from '#shared/models/store.ts';
import { createOnlineMetrics, type OnlineMetrics } from './online-metrics.ts';
import { createOnlineModels, type OnlineModels } from './online-model.ts';
import { createOnlineScorer, type OnlineScorer } from './online-scorer.ts';
import { createPatientFeatureSource, type PatientFeatureSource } from './patient-features.ts';

/** Everything of online prediction. */
export type Online = {
  models: OnlineModels;
  scorer: OnlineScorer;
  features: PatientFeatureSource;
  metrics: OnlineMetrics;
  /** Ends the open groups and closes the feature store. */
  stop: () => Promise<void>;
};

export type OnlineOptions = {
  config: Config;
  db: Db;
  /** Of two connections, for the audit of predictions alone. */
  auditPool: Pool;
  models: ModelStore;
  clock: Clock;
  log: Logger;
  registry: Registry;
};

export function createOnline(options: OnlineOptions): Online {
  const { config, db, auditPool, clock, log, registry } = options;
  const metrics = createOnlineMetrics(registry);
  const store = openFeatureStore(config, clock, log);
  const scorer = createOnlineScorer({
    pool: auditPool,
    maxWaitingRows: config.MAX_WAITING_PREDICTIONS,
    onInference: (seconds) => metrics.inference.observe(seconds),
  });
  return {
    models: createOnlineModels({
      models: options.models,
      clock,
      modelsInMemory: config.MODELS_IN_MEMORY,
      facilityEffect: config.FACILITY_EFFECT === 'on',
    }),
    scorer,
    features: createPatientFeatureSource({
      store,
      db,
      models: options.models,
      clock,
      log,
      ttlSeconds: config.FEATURE_STORE_TTL_SECONDS,
      hits: metrics.hits,
      misses: metrics.misses,
    }),
    metrics,
    stop: async () => {
      await scorer.stop();
      await store.close();
    },
  };
}

function openFeatureStore(config: Config, clock: Clock, log: Logger): FeatureStore {
  const { FEATURE_STORE_TTL_SECONDS: ttlSeconds, FEATURE_STORE_PATIENTS: maxPatients } = config;
  const url = config.FEATURE_STORE_URL;
  if (url === undefined) return createMemoryFeatureStore({ clock, ttlSeconds, maxPatients });
  return createRedisFeatureStore({
    url,
    ttlSeconds,
    onError: (error) => log.warn({ err: error }, 'the feature store is not reachable'),
  });
}
