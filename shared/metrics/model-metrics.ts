import { sql } from 'kysely';
import { Gauge, type Registry } from 'prom-client';
import type { Clock } from '#shared/clock/clock.ts';
import type { Db } from '#shared/db/database.ts';
import { readModelDrift } from '#shared/drift/drift-store.ts';
import { readObservedPerformance } from '#shared/drift/outcome-store.ts';
import type { DriftThresholds } from '#shared/drift/stability-index.ts';
import type { Logger } from '#shared/log/logger.ts';
import type { ModelManifest } from '#shared/models/manifest.ts';

type Known = {
  detected: boolean;
  /** By feature, and `score`: the higher of the latest job's and the window's, over all tenants. */
  scores: Map<string, number>;
};

export type ModelMetricsOptions = {
  db: Db;
  clock: Clock;
  log: Logger;
  thresholds: DriftThresholds;
  windowDays: number;
  /** How long an answer of PostgreSQL serves scrapes. */
  cacheMs?: number;
  /** How often the observed AUC is measured, in the background: no scrape waits for it. */
  aucMs?: number;
};

/**
 * `iit_model_drift_detected`, `iit_model_data_drift_score{feature}` and `iit_model_auc_score` of the active models, from
 * the tables: every process tells the same, whichever measured. While PostgreSQL is away the last known numbers stay.
 */
export function addModelMetrics(registry: Registry, options: ModelMetricsOptions): void {
  const { clock, log, cacheMs = 5_000, aucMs = 300_000 } = options;
  let known: Known = { detected: false, scores: new Map() };
  /** The lowest of all tenants'; NaN without outcomes of both kinds. */
  let auc = NaN;
  let measuredAtMs = Number.NEGATIVE_INFINITY;
  let measuring: Promise<void> | undefined;
  let readAtMs = Number.NEGATIVE_INFINITY;
  let reading: Promise<void> | undefined;

  const read = async () => {
    try {
      known = await readKnown(options);
      readAtMs = clock.nowMs();
    } catch (error) {
      log.warn({ err: error }, 'the drift of the models could not be read');
    }
  };
  const fresh = async () => {
    if (clock.nowMs() - readAtMs < cacheMs) return;
    await (reading ??= read().finally(() => (reading = undefined)));
  };
  const measure = () => {
    if (measuring !== undefined || clock.nowMs() - measuredAtMs < aucMs) return;
    measuring = readAuc(options)
      .then((found) => {
        auc = found;
        measuredAtMs = clock.nowMs();
      })
      .catch((error: unknown) => log.warn({ err: error }, 'the observed AUC could not be measured'))
      .finally(() => (measuring = undefined));
  };
  registry.registerMetric(
    new Gauge({
      name: 'iit_model_drift_detected',
      help: 'Whether the latest job of an active model, or its sliding window, has drifted (1) or not (0).',
      registers: [],
      async collect() {
        await fresh();
        this.set(known.detected ? 1 : 0);
      },
    }),
  );
  registry.registerMetric(
    new Gauge({
      name: 'iit_model_data_drift_score',
      help: 'Population stability index against the training data, by feature, and of the score.',
      labelNames: ['feature'],
      registers: [],
      async collect() {
        await fresh();
        this.reset();
        for (const [feature, index] of known.scores) this.set({ feature }, index);
      },
    }),
  );
  registry.registerMetric(
    new Gauge({
      name: 'iit_model_auc_score',
      help: 'Area under the ROC curve of an active model on outcomes that became known; NaN before there are any.',
      registers: [],
      collect() {
        measure();
        this.set(auc);
      },
    }),
  );
}

async function readKnown({ db, thresholds, windowDays }: ModelMetricsOptions): Promise<Known> {
  const active = await readActive(db);
  const known: Known = { detected: false, scores: new Map() };
  for (const { tenant_id: tenantId, id, manifest } of active) {
    const drift = await readModelDrift(db, tenantId, { id, manifest }, thresholds, windowDays);
    known.detected ||= drift.detected;
    for (const shown of [drift.window, drift.jobs[0]]) {
      if (shown === undefined) continue;
      for (const [name, index] of [...Object.entries(shown.features), ['score', shown.score] as const]) {
        known.scores.set(name, Math.max(known.scores.get(name) ?? 0, index));
      }
    }
  }
  return known;
}

async function readAuc({ db }: ModelMetricsOptions): Promise<number> {
  let lowest = NaN;
  for (const { tenant_id: tenantId, id } of await readActive(db)) {
    const { auc } = await readObservedPerformance(db, tenantId, id);
    if (auc !== null && !(lowest <= auc)) lowest = auc;
  }
  return lowest;
}

async function readActive(db: Db) {
  const { rows } = await sql<{ tenant_id: number; id: number; manifest: ModelManifest }>`
    SELECT DISTINCT ON (a.tenant_id) a.tenant_id, m.id, m.manifest
    FROM model_activations a JOIN models m ON m.id = a.model_id
    ORDER BY a.tenant_id, a.id DESC`.execute(db);
  return rows;
}
