import { sql } from 'kysely';
import { Gauge, type Registry } from 'prom-client';
import type { Clock } from '#shared/clock/clock.ts';
import type { Db } from '#shared/db/database.ts';
import { readModelDrift } from '#shared/drift/drift-store.ts';
import { readObservedPerformance } from '#shared/drift/outcome-store.ts';
import { readGroups } from '#shared/drift/rolling-performance.ts';
import type { DriftThresholds } from '#shared/drift/judge-counts.ts';
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
  let observed: Observed = { auc: NaN, ratio: NaN, alarms: 0 };
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
  const measureAuc = async () => {
    try {
      observed = await readObserved(options);
      measuredAtMs = clock.nowMs();
    } catch (error) {
      log.warn({ err: error }, 'the observed AUC could not be measured');
    }
  };
  const measure = () => {
    if (measuring !== undefined || clock.nowMs() - measuredAtMs < aucMs) return;
    measuring = measureAuc().finally(() => (measuring = undefined));
  };
  registry.registerMetric(
    new Gauge({
      name: 'iit_model_drift_detected',
      help: 'Whether a drift alarm of an active model stands that nobody has acknowledged (1) or not (0).',
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
      help: 'Population stability index against patients like those of the jobs, by feature, and of the score.',
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
        this.set(observed.auc);
      },
    }),
  );
  registry.registerMetric(
    new Gauge({
      name: 'iit_model_observed_expected_ratio',
      help: 'Interruptions over those expected, of the latest 90 days whose windows are over; NaN before there are any.',
      registers: [],
      collect() {
        measure();
        this.set(observed.ratio);
      },
    }),
  );
  registry.registerMetric(
    new Gauge({
      name: 'iit_model_calibration_alarms',
      help: 'Groups of patients (all, at risk, sex, age, time on ART, facility) whose risks are no longer right.',
      registers: [],
      collect() {
        measure();
        this.set(observed.alarms);
      },
    }),
  );
}

/** Of outcomes that became known, over all tenants: the lowest AUC, the ratio that is furthest off, the groups that are off. */
type Observed = { auc: number; ratio: number; alarms: number };

async function readKnown({ db, thresholds, windowDays }: ModelMetricsOptions): Promise<Known> {
  const active = await readActive(db);
  const known: Known = { detected: false, scores: new Map() };
  for (const { tenant_id: tenantId, id, manifest } of active) {
    const drift = await readModelDrift(db, tenantId, { id, manifest }, thresholds, windowDays);
    known.detected ||= drift.detected;
    for (const findings of [drift.window?.findings, drift.jobs[0]?.findings]) {
      for (const [name, { index }] of Object.entries(findings ?? {}))
        known.scores.set(name, Math.max(known.scores.get(name) ?? 0, index));
    }
  }
  return known;
}

async function readObserved({ db }: ModelMetricsOptions): Promise<Observed> {
  const observed: Observed = { auc: NaN, ratio: NaN, alarms: 0 };
  const distance = (ratio: number) => Math.abs(Math.log(Math.max(ratio, Number.MIN_VALUE)));
  for (const { tenant_id: tenantId, id } of await readActive(db)) {
    const { auc } = await readObservedPerformance(db, tenantId, id);
    if (auc !== null && !(observed.auc <= auc)) observed.auc = auc;
    for (const { dimension, observedExpected, alarm } of await readGroups(db, tenantId, id)) {
      if (alarm) observed.alarms++;
      if (dimension === 'all' && !(distance(observed.ratio) >= distance(observedExpected)))
        observed.ratio = observedExpected;
    }
  }
  return observed;
}

async function readActive(db: Db) {
  const { rows } = await sql<{ tenant_id: number; id: number; manifest: ModelManifest }>`
    SELECT DISTINCT ON (a.tenant_id) a.tenant_id, m.id, m.manifest
    FROM model_activations a JOIN models m ON m.id = a.model_id
    ORDER BY a.tenant_id, a.id DESC`.execute(db);
  return rows;
}
